"""A question with yes or no as its answer, whoever asks it."""

from collections.abc import Callable, Mapping

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine.asking import Question
from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.languages.key_names import key_names, primary
from ivr_flows.phrases import spoken_form

YES_KEY, NO_KEY = "1", "2"
YES_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": ("yes", "yes please", "right", "correct"),
    "de": ("ja", "richtig"),
    "ja": ("はい", "そうです"),
}
NO_WORDS: Mapping[str, tuple[str, ...]] = {
    "en": ("no", "wrong"),
    "de": ("nein", "falsch"),
    "ja": ("いいえ", "ちがいます"),
}


def yes_or_no(
    run: Run, prompt: Prompt, manner: Manner, ways: WaysOut, then: Callable[[Run, bool], Move]
) -> Question:
    """Return a question that 1 or "yes" answers with yes, and 2 or "no" with no."""
    language = run.language
    yes = (*YES_WORDS.get(primary(language), ()), *key_names(YES_KEY, language))
    no = (*NO_WORDS.get(primary(language), ()), *key_names(NO_KEY, language))

    def judge(entry: str) -> Verdict:
        return Reply(entry == YES_KEY, late="#") if entry in (YES_KEY, NO_KEY) else Open.MISMATCH

    def judge_speech(text: str, _confidence: float) -> Verdict:
        said = spoken_form(text)
        return Reply(said in yes) if said in yes or said in no else Open.MISMATCH

    return Question(
        prompt=prompt,
        manner=manner,
        ways=ways,
        judge=judge,
        judge_silence=judge,
        take=lambda run, reply, _by: then(run, reply.value),
        judge_speech=judge_speech,
        phrases=(*yes, *no),
    )
