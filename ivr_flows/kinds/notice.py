"""`notice`: what callers are told for a while, like a downtime; switched outside of the flow."""

from dataclasses import dataclass

from ivr_flows.definition.prompts import Prompt, Template, TextTemplate
from ivr_flows.engine.events import Event, PromptOver, TimedOut
from ivr_flows.engine.inputs import DigitPressed, RequestDone, RequestOutcome
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.requests import NoticeRead
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, Value, key
from ivr_flows.kinds.values import FLAG, NAME_SCHEMA, TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

TIMEOUT_S = 0.5


def _read_name(fields: Fields, word: str, _context: Context, _default: object) -> str:
    return fields.name(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeNode:
    """While the notice is on it is heard; otherwise the caller goes on at once."""

    name: str
    notice: str = key(Value("the name of a notice", _read_name, NAME_SCHEMA), "the notice")
    barge_in: bool = key(FLAG, "a key cuts it short", default=True)
    next: str = key(TARGET, "where the caller goes on")
    told: str | None = key(TARGET, "after the notice was heard; absent: next", default=None)


def enter(run: Run, node: NoticeNode) -> Move:
    run.request(NoticeRead(node.notice), TIMEOUT_S)
    return STAY


def resume(run: Run, node: NoticeNode, event: Event) -> Move:
    match event:
        case RequestDone(outcome=RequestOutcome.DONE, values=values):
            text = dict(values).get("text", "")
            prompt = Prompt((TextTemplate(Template((text,))),)) if text else Prompt()
            return STAY if run.play(prompt, barge_in=node.barge_in) else run.leave(node.next)
        case RequestDone() | TimedOut():
            return run.leave(node.next)
        case PromptOver():
            return run.leave(node.told or node.next)
        case DigitPressed(digit) if node.barge_in:
            run.type_ahead(digit)
            run.interrupt("digit")
            return run.leave(node.told or node.next)
        case _:
            return STAY


NOTICE = Kind(
    word="notice",
    node=NoticeNode,
    doc="tells callers a notice while it is switched on; it expires by itself.",
    example="""
news:
  notice: downtime
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
    needs="notice",
)
