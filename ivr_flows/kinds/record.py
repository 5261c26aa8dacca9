"""`record`: a voicemail, or a statement, as an item of its own among the recordings."""

from dataclasses import dataclass

from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine.events import Event, PromptOver
from ivr_flows.engine.inputs import RecordingEnded
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.instructions import Record as RecordOrder
from ivr_flows.engine.moves import STAY, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase
from ivr_flows.kinds.declare import Kind, Value, key
from ivr_flows.kinds.values import NAME_SCHEMA, PROMPT, TARGET, TEXT, VARIABLE, duration
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

KEYS = frozenset("0123456789*#")


def _read_name(fields: Fields, word: str, _context: Context, _default: object) -> str:
    return fields.name(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordNode:
    """What was said until the caller hung up is kept, too."""

    name: str
    what: str = key(Value("a name", _read_name, NAME_SCHEMA), "what it is, like voicemail", word="record")
    prompt: Prompt = key(PROMPT, "heard before the beep")
    longest_s: float = key(duration(1.0, 3600.0), "the longest statement", word="max", default=120.0)
    silence_s: float = key(duration(1.0, 60.0), "so much silence ends it", word="silence", default=4.0)
    ends_with: str = key(TEXT, "keys that end it", default="#")
    item: str | None = key(VARIABLE, "gets the id of the recorded item", default=None)
    next: str = key(TARGET, "something was said")
    otherwise: str | None = key(TARGET, "nothing was said, or nothing kept; absent: next", default=None)


def finish(node: RecordNode, fields: Fields, _context: Context) -> RecordNode:
    if not set(node.ends_with) <= KEYS:
        fields.complain("ends_with", "value-type", "these are no keys", 'write "#", or several like "*#"')
    return node


def enter(run: Run, node: RecordNode) -> Move:
    run.forget_digits()
    return STAY if run.play(node.prompt, barge_in=False) else _record(run, node)


def resume(run: Run, node: RecordNode, event: Event) -> Move:
    if isinstance(event, PromptOver):
        return _record(run, node)
    if not isinstance(event, RecordingEnded) or run.state.phase is not Phase.RECORDING:
        return STAY
    run.note(Fact.RECORDED, ("item", event.item), ("duration_s", round(event.duration_s)))
    if node.item is not None:
        run.set_variable(node.item, event.item)
    return Go((None if event.item else node.otherwise) or node.next)


def _record(run: Run, node: RecordNode) -> Move:
    run.state.phase = Phase.RECORDING
    run.order(RecordOrder(node.what, node.longest_s, node.silence_s, node.ends_with))
    return STAY


RECORD = Kind(
    word="record",
    node=RecordNode,
    doc="records what the caller says as an item of its own: a voicemail, a statement.",
    example="""
message:
  record: voicemail
  prompt: Please leave a message after the tone, and press hash.
  max: 2m
  next: thanks
thanks: {hangup: normal, prompt: Thank you.}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    may_end=lambda _node: False,
    needs="record",
)
