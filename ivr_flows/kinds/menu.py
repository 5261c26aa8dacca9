"""`menu`: the caller chooses by key or by voice."""

from dataclasses import dataclass, replace

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.expressions.evaluate import is_true
from ivr_flows.kinds.declare import Kind, group, key
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.options import OPTIONS, Option, key_name_phrases, with_operator
from ivr_flows.kinds.values import PROMPT
from ivr_flows.phrases import spoken_form
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

COMMIT_KEY = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Let the caller choose by key or by voice."""

    name: str
    prompt: Prompt = key(PROMPT, "the question", word="menu")
    options: tuple[Option, ...] = key(OPTIONS, "what each key or phrase leads to")
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def finish(node: Menu, _fields: Fields, context: Context) -> Menu:
    spoken = key_name_phrases(node.options, node.manner, context)
    return replace(node, options=with_operator(spoken, node.manner, context))


def question(run: Run, node: Menu) -> Question:
    options = spoken_options(run, offered(run, node.options))
    said = (option.prompt for option in options if option.prompt.segments)
    return Question(
        prompt=sum(said, start=node.prompt),
        manner=node.manner,
        ways=node.ways,
        judge=lambda entry: judge(options, entry),
        judge_silence=lambda entry: judge_silence(options, entry),
        judge_speech=lambda text, _confidence: judge_speech(options, text),
        take=_choose,
        phrases=tuple(phrase for option in options for phrase in option.phrases),
    )


def enter(run: Run, node: Menu) -> Move:
    return asking.enter(run, question(run, node))


def resume(run: Run, node: Menu, event: Event) -> Move:
    return asking.resume(run, question(run, node), event)


def offered(run: Run, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """Return the options whose conditions hold."""
    if all(option.condition is None for option in options):
        return options
    scope = run.scope
    return tuple(option for option in options if option.condition is None or is_true(option.condition, scope))


def spoken_options(run: Run, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """Return the options with what callers say in the language that they hear."""
    if not run.state.language:
        return options
    return tuple(replace(option, phrases=run.phrases(option.phrases)) for option in options)


def _choose(run: Run, reply: Reply, by: str) -> Move:
    option: Option = reply.value
    run.note(Fact.OPTION_CHOSEN, ("option", option.label), ("by", by))
    return Go(option.next)


def judge(options: tuple[Option, ...], entry: str) -> Verdict:
    """Judge the keys so far: `1` is not chosen while `10` is still possible."""
    if any(_key(option).startswith(entry) and _key(option) != entry for option in options):
        return Open.MORE
    option = _by_key(options, entry)
    if option is not None:
        return Reply(option, late=COMMIT_KEY)
    if entry.endswith(COMMIT_KEY) and (option := _by_key(options, entry[:-1])) is not None:
        return Reply(option)
    return Open.MISMATCH


def judge_silence(options: tuple[Option, ...], entry: str) -> Verdict:
    """Judge when no further key came in time."""
    option = _by_key(options, entry)
    return Open.MISMATCH if option is None else Reply(option, late=COMMIT_KEY)


def judge_speech(options: tuple[Option, ...], text: str) -> Verdict:
    """Find the option whose phrase is the utterance, or else the longest phrase contained in it."""
    heard = f" {spoken_form(text)} "
    best: list[Option] = []
    best_length = 0
    for option in options:
        length = max((len(phrase) for phrase in option.phrases if f" {phrase} " in heard), default=0)
        if length > best_length:
            best, best_length = [option], length
        elif length and length == best_length:
            best.append(option)
    return Reply(best[0]) if len(best) == 1 else Open.MISMATCH


def wants(node: Menu, pressed: str) -> bool:
    return any(_key(option).startswith(pressed) for option in node.options)


def _by_key(options: tuple[Option, ...], entry: str) -> Option | None:
    return next((option for option in options if option.key is not None and option.key == entry), None)


def _key(option: Option) -> str:
    return option.key or ""


def hint(node: Menu) -> str:
    return "choices: " + ", ".join(f"{option.key or option.label} {option.next}" for option in node.options)


MENU = Kind(
    word="menu",
    node=Menu,
    doc="lets the caller choose by key or by voice.",
    example="""
main:
  menu: For sales, press one. For support, press two.
  options:
    1: {next: sales, or_say: [sales, buy something]}
    2: sales
  no_match:
    - That is not a choice.
    - Please press one or two.
sales: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
    hint=hint,
    phrases=lambda node: tuple(phrase for option in node.options for phrase in option.phrases),
    wants=wants,
)
