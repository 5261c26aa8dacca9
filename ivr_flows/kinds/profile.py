"""`profile`: what is kept about a caller from one call to the next, by the number."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ivr_flows.engine.events import Event, TimedOut
from ivr_flows.engine.inputs import RequestDone, RequestOutcome
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.requests import ProfileRead, ProfileWrite
from ivr_flows.engine.run import Run
from ivr_flows.expressions.evaluate import as_text, evaluate
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.declare import Kind, key
from ivr_flows.kinds.expression_values import SENT
from ivr_flows.kinds.values import NAMES, TARGET, choice
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

READ, WRITE = "read", "write"
TIMEOUT_S = 1.0
SET_NAMES = replace(NAMES, sets=lambda _word, names: names)
# What a hidden number is written as (RFC 3323, and what carriers make of it): many people, and no profile.
WITHHELD = frozenset({"anonymous", "private", "restricted", "unavailable", "unknown", "withheld"})
NOTHING_KEPT: Mapping[str, Expression] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileNode:
    """Without a caller's number there is no profile: nothing is read, and nothing kept."""

    name: str
    does: str = key(choice((READ, WRITE)), "read or write", word="profile")
    names: tuple[str, ...] = key(SET_NAMES, "with read: the variables that are read", default=())
    values: Mapping[str, Expression] = key(SENT, "with write: what is kept", default=NOTHING_KEPT)
    next: str = key(TARGET, "where the caller goes on")
    otherwise: str | None = key(TARGET, "there is no profile of the caller; absent: next", default=None)


def finish(node: ProfileNode, fields: Fields, _context: Context) -> ProfileNode:
    wanted, other = ("names", "values") if node.does == READ else ("values", "names")
    if not getattr(node, wanted):
        fields.complain(wanted, "key-missing", f"{node.does} what?", f"add {wanted}:")
    if getattr(node, other):
        fields.complain(other, "key-unknown", f'"{other}" means nothing with {node.does}', "delete it")
    return node


def enter(run: Run, node: ProfileNode) -> Move:
    caller = run.state.variables.get("caller_number", "")
    if not caller or caller.lower() in WITHHELD:
        return run.leave(node.otherwise or node.next)
    if node.does == READ:
        run.request(ProfileRead(caller, node.names), TIMEOUT_S)
        return STAY
    scope = run.scope
    values = tuple((name, as_text(evaluate(value, scope))) for name, value in node.values.items())
    run.request(ProfileWrite(caller, values), TIMEOUT_S)
    return STAY


def resume(run: Run, node: ProfileNode, event: Event) -> Move:
    if isinstance(event, TimedOut):
        return run.leave(node.otherwise or node.next)
    if not isinstance(event, RequestDone):
        return STAY
    if event.outcome is not RequestOutcome.DONE:
        return run.leave(node.otherwise or node.next)
    told = dict(event.values)
    for name in node.names:
        if name in told:
            run.set_variable(name, told[name])
    return run.leave(node.next)


PROFILE = Kind(
    word="profile",
    node=ProfileNode,
    doc="reads and keeps what is known about a caller, by the number.",
    example="""
known:
  profile: read
  names: [caller_name]
  next: hello
hello: {say: "Hello, {caller_name}.", next: bye}
bye: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    finish=finish,
    may_end=lambda _node: False,
    needs="profile",
)
