"""`survey`: questions with a score each; who hangs up in the middle has answered those before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.expressions.tree import Type
from ivr_flows.kinds.declare import Kind, Value, group, key
from ivr_flows.kinds.entries_of import named_entries
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import NAME_SCHEMA, PROMPT, TARGET
from ivr_flows.languages.key_names import primary
from ivr_flows.languages.spoken import LANGUAGES
from ivr_flows.phrases import spoken_form
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

_SCALE = re.compile(r"([0-9]{1,2})\s*-\s*([0-9]{1,2})")
QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Scale:
    """The least and the greatest score."""

    low: int
    high: int


def _read_scale(fields: Fields, word: str, _context: Context, _default: object) -> Scale:
    text = fields.text(word, "1-5")
    match = _SCALE.fullmatch(text)
    if match is None or int(match[1]) >= int(match[2]):
        fields.complain(word, "value-type", f'"{text[:40]}" is no scale', "write 1-5, or 0-10 for NPS")
        return Scale(1, 5)
    return Scale(int(match[1]), int(match[2]))


SCALE = Value("a scale like 1-5 or 0-10", _read_scale, {"type": "string", "pattern": r"^\d+\s*-\s*\d+$"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyQuestion:
    """One question of a survey; its score is put into the variable of its name."""

    ask: Prompt = key(PROMPT, "the question")
    scale: Scale = key(
        SCALE, "the scores; 1-5 for satisfaction, 0-10 for recommendation", default=Scale(1, 5)
    )


def _read_name(fields: Fields, word: str, _context: Context, _default: object) -> str:
    return fields.name(word)


_QUESTIONS = named_entries(
    "names, each with {ask, scale}", SurveyQuestion, "name a question and what is asked"
)
QUESTIONS = replace(_QUESTIONS, sets=lambda _word, questions: tuple(questions))


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyNode:
    """A question that is not answered is passed over; nobody is sent away for having no opinion."""

    name: str
    survey: str = key(Value("a name", _read_name, NAME_SCHEMA), "the name of the survey, for reports")
    questions: Mapping[str, SurveyQuestion] = key(QUESTIONS, "the questions, in their order")
    next: str = key(TARGET, "where the caller goes on")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def enter(run: Run, node: SurveyNode) -> Move:
    return _ask(run, node, 0)


def resume(run: Run, node: SurveyNode, event: Event) -> Move:
    return asking.resume(run, _question(run, node), event)


def _place(run: Run) -> int:
    return int(run.state.partial.get(QUESTION, "0"))


def _ask(run: Run, node: SurveyNode, place: int) -> Move:
    if place >= len(node.questions):
        return Go(node.next)
    run.state.partial[QUESTION] = str(place)
    return asking.enter(run, _question(run, node))


def _question(run: Run, node: SurveyNode) -> Question:
    place = min(_place(run), len(node.questions) - 1)
    name, asked = list(node.questions.items())[place]
    spoken = _spoken(run, asked.scale)
    return Question(
        prompt=asked.ask,
        manner=node.manner,
        ways=node.ways,
        give_up=lambda run, _reason: _ask(run, node, _place(run) + 1),
        judge=lambda entry: _judge(asked.scale, entry),
        judge_silence=lambda entry: _judge_silence(asked.scale, entry),
        take=lambda run, reply, _by: _score(run, node, name, reply),
        judge_speech=lambda text, _confidence: _judge_speech(spoken, text),
        phrases=tuple(spoken),
    )


def _spoken(run: Run, scale: Scale) -> dict[str, int]:
    language = LANGUAGES.get(primary(run.language))
    scores = range(scale.low, scale.high + 1)
    return {} if language is None else {spoken_form(language.cardinal(score)): score for score in scores}


def _judge(scale: Scale, entry: str) -> Verdict:
    if entry.endswith("#"):
        return _judge_silence(scale, entry[:-1])
    if not entry.isdigit():
        return Open.MISMATCH
    scores = map(str, range(scale.low, scale.high + 1))
    longer = any(score.startswith(entry) and score != entry for score in scores)
    return Open.MORE if longer else _judge_silence(scale, entry)


def _judge_silence(scale: Scale, entry: str) -> Verdict:
    is_score = entry.isdigit() and str(int(entry)) == entry and scale.low <= int(entry) <= scale.high
    return Reply(int(entry), late="#") if is_score else Open.MISMATCH


def _judge_speech(spoken: Mapping[str, int], text: str) -> Verdict:
    score = spoken.get(spoken_form(text))
    return Open.MISMATCH if score is None else Reply(score)


def _score(run: Run, node: SurveyNode, name: str, reply: Reply) -> Move:
    run.set_variable(name, str(reply.value))
    run.note(Fact.SCORED, ("survey", node.survey), ("question", name), ("score", reply.value))
    return _ask(run, node, _place(run) + 1)


SURVEY = Kind(
    word="survey",
    node=SurveyNode,
    doc="asks for scores, each of which is noted at once.",
    example="""
ask:
  survey: after_call
  questions:
    satisfied: {ask: "How satisfied are you, from one to five?", scale: 1-5}
    recommend: {ask: "Would you recommend us, from zero to ten?", scale: 0-10}
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    types=lambda node: dict.fromkeys(node.questions, Type.NUMBER),
    may_end=lambda _node: False,
)
