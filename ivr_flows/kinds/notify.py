"""`notify`: tells a webhook of the server, and does not wait for what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.engine.events import Event, TimedOut
from ivr_flows.engine.inputs import RequestDone
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.requests import Notification
from ivr_flows.engine.run import Run
from ivr_flows.expressions.evaluate import as_text, evaluate
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.declare import Kind, Value, key
from ivr_flows.kinds.expression_values import SENT
from ivr_flows.kinds.values import NAME_SCHEMA, TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

TIMEOUT_S = 0.5
NOTHING_TOLD: Mapping[str, Expression] = {}


def _read_name(fields: Fields, word: str, _context: Context, _default: object) -> str:
    return fields.name(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyNode:
    """The hook is called once for each time the node is entered; the caller goes on in any case."""

    name: str
    hook: str = key(Value("the name of a webhook", _read_name, NAME_SCHEMA), "the webhook", word="notify")
    values: Mapping[str, Expression] = key(SENT, "what it is told", default=NOTHING_TOLD)
    next: str = key(TARGET, "where the caller goes on")


def enter(run: Run, node: NotifyNode) -> Move:
    scope = run.scope
    values = tuple((name, as_text(evaluate(value, scope))) for name, value in node.values.items())
    run.request(Notification(node.hook, values), TIMEOUT_S)
    return STAY


def resume(run: Run, node: NotifyNode, event: Event) -> Move:
    return run.leave(node.next) if isinstance(event, RequestDone | TimedOut) else STAY


NOTIFY = Kind(
    word="notify",
    node=NotifyNode,
    doc="tells a webhook of the server, for instance to send a link by SMS.",
    example="""
send_link:
  notify: sms_link
  values: {to: caller_number}
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
    needs="notify",
)
