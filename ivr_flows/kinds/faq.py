"""`faq`: questions that callers ask, with their answers; the operator is always one key away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event, PromptOver
from ivr_flows.engine.inputs import DigitPressed
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import STAY, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Reply
from ivr_flows.kinds.declare import Kind, Value, group, key
from ivr_flows.kinds.entries_of import named_entries
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.menu import judge, judge_silence, judge_speech
from ivr_flows.kinds.options import OPERATOR_KEY, OPERATOR_LABEL, Option, read_phrases
from ivr_flows.kinds.values import PROMPT, TARGET, TEXT
from ivr_flows.languages.key_names import key_names, operator_words
from ivr_flows.phrases import spoken_form
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

ANSWER = "answer"
MAX_QUESTIONS_ON_KEYS = 9


def _read_day(fields: Fields, word: str, _context: Context, _default: object) -> date | None:
    text = fields.optional_text(word)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        fields.complain(word, "value-type", f'"{text}" is no date', "write it like 2027-01-01")
        return None


DAY = Value("a date", _read_day, {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"})


def _read_ways_to_ask(fields: Fields, word: str, _context: Context, _default: object) -> tuple[str, ...]:
    tree = fields.take(word)
    return () if tree is None else read_phrases(fields.report, tree, fields.sub(word))


PHRASES = Value(
    "phrases",
    _read_ways_to_ask,
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaqEntry:
    """An answer, the ways to ask for it besides its name, and who keeps it until when."""

    answer: Prompt = key(PROMPT, "the answer")
    or_say: tuple[str, ...] = key(PHRASES, "other ways to ask", default=())
    owner: str = key(TEXT, "who keeps it right", default="")
    expires: date | None = key(DAY, "from this day on it is not told any more", default=None)


QUESTIONS = named_entries(
    "questions, each with {answer, or_say, owner, expires}", FaqEntry, "name a question and its answer"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faq:
    """The questions have the keys 1 to 9 in their order; 0 is the flow's operator."""

    name: str
    prompt: Prompt = key(PROMPT, "what can be asked", word="faq")
    questions: Mapping[str, FaqEntry] = key(QUESTIONS, "questions and their answers")
    next: str | None = key(TARGET, "after an answer; absent: asked again", default=None)
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def finish(node: Faq, fields: Fields, context: Context) -> Faq:
    if context.operator is None:
        mend = "name an operator: at the top of the flow"
        fields.report.add(fields.path, "operator-missing", "a faq needs a way to the operator", mend)
    return node


def enter(run: Run, node: Faq) -> Move:
    run.state.step = ""
    return asking.enter(run, _question(run, node))


def resume(run: Run, node: Faq, event: Event) -> Move:
    if run.state.step != ANSWER:
        return asking.resume(run, _question(run, node), event)
    if isinstance(event, DigitPressed):
        run.interrupt("digit")
        run.type_ahead(event.digit)
        return _onward(run, node)
    return _onward(run, node) if isinstance(event, PromptOver) else STAY


def _onward(run: Run, node: Faq) -> Move:
    return Go(node.next) if node.next is not None else enter(run, node)


def _question(run: Run, node: Faq) -> Question:
    options = _options(run, node)
    return Question(
        prompt=node.prompt,
        manner=node.manner,
        ways=node.ways,
        judge=lambda entry: judge(options, entry),
        judge_silence=lambda entry: judge_silence(options, entry),
        judge_speech=lambda text, _confidence: judge_speech(options, text),
        take=lambda run, reply, by: _choose(run, node, reply, by),
        phrases=run.phrases(phrase for option in options for phrase in option.phrases),
    )


def _options(run: Run, node: Faq) -> tuple[Option, ...]:
    """Return what can be asked today; keys belong to the places in the file, expired or not."""
    today, language = run.scope.now.date(), run.language
    options = []
    for place, (name, entry) in enumerate(node.questions.items(), 1):
        if entry.expires is None or today < entry.expires:
            pressed = str(place) if place <= MAX_QUESTIONS_ON_KEYS else None
            names = () if pressed is None else key_names(pressed, language)
            options.append(Option(pressed, (spoken_form(name), *entry.or_say, *names), name, name))
    words = (*operator_words(language), *key_names(OPERATOR_KEY, language))
    operator = Option(OPERATOR_KEY, words, run.flow.operator or "", OPERATOR_LABEL)
    return (*options, operator)


def _choose(run: Run, node: Faq, reply: Reply, by: str) -> Move:
    option: Option = reply.value
    run.note(Fact.OPTION_CHOSEN, ("option", option.label), ("by", by))
    if option.is_inherited:
        return run.leave(run.flow.operator)
    run.state.step = ANSWER
    playing = run.play(node.questions[option.label].answer, barge_in=node.manner.barge_in)
    return STAY if playing else _onward(run, node)


FAQ = Kind(
    word="faq",
    node=Faq,
    doc="answers questions by key or by voice; an answer that has expired is hidden.",
    example="""
ask:
  faq: You can ask for opening hours, press one, or for our address, press two.
  questions:
    opening hours: {answer: We are open from nine to five., or_say: [when are you open]}
    address: {answer: "Twelve, High Street.", owner: Ann, expires: 2027-01-01}
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    may_end=lambda _node: False,
    uses_otherwise=lambda _node: True,
    phrases=lambda node: tuple(
        phrase for name, entry in node.questions.items() for phrase in (spoken_form(name), *entry.or_say)
    ),
)
