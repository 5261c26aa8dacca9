"""`transfer`: connect the caller to somebody outside the queues."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.targets import AgentTarget, FlowTarget, NumberTarget, SipTarget, TransferTarget
from ivr_flows.engine import instructions
from ivr_flows.engine.events import Event, Returned
from ivr_flows.engine.inputs import TransferEnded, TransferOutcome
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import STAY, End, Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.state import Phase
from ivr_flows.expressions.evaluate import as_text, evaluate
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.declare import Kind, Named, Value, key
from ivr_flows.kinds.expression_values import SENT
from ivr_flows.kinds.values import TARGET, duration
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Scalar, Tree

Whom = TransferTarget | FlowTarget
NO_ARGUMENTS: Mapping[str, Expression] = {}
NO_RETURNS: Mapping[str, str] = {}
_NUMBER = re.compile(r"\+?[0-9][0-9 ()/.-]{0,30}")
_SIP = re.compile(r"sips?:[^\s<>\"]{1,200}")


def _read_target(fields: Fields, word: str, _context: Context, _default: object) -> Whom:
    tree = fields.expect(word)
    return SipTarget("") if tree is None else _target(fields.report, tree, fields.sub(word))


def _target(report: Report, tree: Tree, path: Path) -> Whom:
    if isinstance(tree, Scalar):
        return _plain_target(report, tree.text.strip(), path)
    fields = Fields(report, tree, path)
    agent, flow, sip, number = (fields.optional_text(key) for key in ("agent", "flow", "sip", "number"))
    given = [value for value in (agent, flow, sip, number) if value is not None]
    fields.finish()
    if len(given) != 1:
        report.add(path, "transfer-target", "one target is needed", "write agent:, flow:, sip: or number:")
    if agent is not None:
        return AgentTarget(agent)
    if flow is not None:
        return FlowTarget(flow)
    return _plain_target(report, given[0], path) if given else SipTarget("")


def _plain_target(report: Report, text: str, path: Path) -> TransferTarget:
    if _SIP.fullmatch(text):
        return SipTarget(text)
    if _NUMBER.fullmatch(text):
        return NumberTarget("".join(char for char in text if char in "+0123456789"))
    mend = "write sip:name@host, a number like +442079460000, or agent: NAME below transfer:"
    report.add(path, "transfer-target", f'"{text[:60]}" is neither a SIP address nor a number', mend)
    return SipTarget("")


def _names(word: str, target: Whom) -> tuple[Named, ...]:
    match target:
        case AgentTarget(agent):
            return (Named((word, "agent"), "agent", agent),)
        case NumberTarget(number):
            return (Named((word,), "number", number),)
        case FlowTarget(flow):
            return (Named((word, "flow"), "flow", flow),)
        case SipTarget():
            return ()


def _read_returns(fields: Fields, word: str, _context: Context, _default: object) -> Mapping[str, str]:
    tree = fields.take(word)
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub(word))
    return {own: written.name(own) for own in written.names}


RETURNS = Value(
    "a variable of the other flow for each of this one",
    _read_returns,
    {"type": "object", "additionalProperties": {"type": "string"}},
    sets=lambda _word, returns: tuple(returns),
)
WHOM = Value(
    "sip:name@host, a number, {agent: NAME} or {flow: NAME}",
    _read_target,
    {
        "anyOf": [
            {"type": "string"},
            {"type": "integer"},
            {
                "type": "object",
                "properties": {word: {"type": "string"} for word in ("agent", "flow", "sip", "number")},
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
            },
        ]
    },
    names=_names,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Connect the caller to somebody outside the queues.

    `next` is taken when the other party has left (absent: the call ends normally), `otherwise` when it never
    answered (absent: the flow's).
    """

    name: str
    target: Whom = key(WHOM, "whom the caller is connected with", word="transfer")
    ring_for_s: float = key(duration(1.0, 600.0), "how long it rings at most", word="ring_for", default=30.0)
    next: str | None = key(TARGET, "the other party has left, the caller has not", default=None)
    otherwise: str | None = key(TARGET, "busy, no answer, or unreachable", default=None, aliases=("failed",))
    arguments: Mapping[str, Expression] = key(
        SENT, "variables that another flow begins with", default=NO_ARGUMENTS
    )
    returns: Mapping[str, str] = key(RETURNS, "what is taken from it when it returns", default=NO_RETURNS)


def enter(run: Run, node: Transfer) -> Move:
    if isinstance(node.target, FlowTarget):
        scope = run.scope
        told = {name: as_text(evaluate(value, scope)) for name, value in node.arguments.items()}
        return run.begin(node.target.flow, told)
    run.forget_digits()
    run.state.phase = Phase.TRANSFER
    run.order(instructions.Transfer(node.target, node.ring_for_s))
    return STAY


def resume(run: Run, node: Transfer, event: Event) -> Move:
    if isinstance(event, Returned):
        left = dict(event.values)
        for own, theirs in node.returns.items():
            run.set_variable(own, left.get(theirs, ""))
        return Go(node.next) if node.next is not None else End(HangupCause.NORMAL)
    if not isinstance(event, TransferEnded) or run.state.phase is not Phase.TRANSFER:
        return STAY
    run.note(Fact.TRANSFER_ENDED, ("outcome", event.outcome.value))
    match event.outcome:
        case TransferOutcome.ANSWERED:
            return Go(node.next) if node.next is not None else End(HangupCause.NORMAL)
        case TransferOutcome.BUSY | TransferOutcome.NO_ANSWER | TransferOutcome.FAILED:
            return run.leave(node.otherwise, HangupCause.TRANSFER_FAILED)
        case _:
            assert_never(event.outcome)


TRANSFER = Kind(
    word="transfer",
    node=Transfer,
    doc="connects the caller to somebody outside the queues.",
    example="""
reception:
  transfer: sip:reception@example.com
  ring_for: 20s
  otherwise: busy
busy: {hangup: normal, prompt: Nobody answers.}
""",
    enter=enter,
    resume=resume,
    uses_otherwise=lambda node: node.otherwise is None,
)
