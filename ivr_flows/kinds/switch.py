"""`switch`: the first condition that holds decides; never waits."""

from dataclasses import dataclass

from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.expressions.evaluate import is_true
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.declare import Kind, key
from ivr_flows.kinds.expression_values import CHOICES
from ivr_flows.kinds.values import TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Go where the first condition that holds points."""

    name: str
    choices: tuple[tuple[Expression, str, str], ...] = key(CHOICES, "conditions, in order", word="switch")
    otherwise: str = key(TARGET, "no condition holds")


def finish(node: Switch, fields: Fields, _context: Context) -> Switch:
    if not node.choices:
        fields.complain("switch", "value-empty", "there is no condition", "write {condition: node}")
    return node


def enter(run: Run, node: Switch) -> Move:
    scope = run.scope
    for number, (condition, target, _text) in enumerate(node.choices, 1):
        if is_true(condition, scope):
            # the number, not the text: it may compare with what is secret
            run.note(Fact.BRANCHED, ("case", str(number)))
            return run.leave(target)
    run.note(Fact.BRANCHED, ("case", "otherwise"))
    return run.leave(node.otherwise)


SWITCH = Kind(
    word="switch",
    node=Switch,
    doc="decides by the first condition that holds.",
    example="""
which:
  switch:
    starts(caller_number, "+44"): home
    length(caller_number) == 0: unknown
  otherwise: abroad
home: {hangup: normal}
unknown: {hangup: rejected}
abroad: {hangup: busy}
""",
    enter=enter,
    finish=finish,
    may_end=lambda _node: False,
    waits=False,
)
