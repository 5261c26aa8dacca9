"""`set`: variables get values; never waits."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.expressions.evaluate import as_text, evaluate
from ivr_flows.expressions.tree import Expression
from ivr_flows.kinds.declare import Kind, key
from ivr_flows.kinds.expression_values import ASSIGNMENTS
from ivr_flows.kinds.values import TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Give variables values, all computed before any is set."""

    name: str
    values: Mapping[str, Expression] = key(ASSIGNMENTS, "variables and their new values", word="set")
    next: str = key(TARGET, "where the caller goes on")


def finish(node: Set, fields: Fields, _context: Context) -> Set:
    if not node.values:
        fields.complain("set", "value-empty", "no variable gets a value", "write {name: value}")
    return node


def enter(run: Run, node: Set) -> Move:
    scope = run.scope
    found = {name: as_text(evaluate(expression, scope)) for name, expression in node.values.items()}
    for name, value in found.items():
        run.set_variable(name, value)
    return run.leave(node.next)


SET = Kind(
    word="set",
    node=Set,
    doc="gives variables values.",
    example="""
count:
  set: {greeting: '"Hello " + caller_name', known: length(caller_name) > 0}
  next: greet
greet: {say: "{greeting}", next: bye}
bye: {hangup: normal}
""",
    enter=enter,
    finish=finish,
    may_end=lambda _node: False,
    waits=False,
)
