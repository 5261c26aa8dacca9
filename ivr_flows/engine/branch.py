"""`branch`: the way on depends on the time or on a variable; never waits."""

from ivr_flows.definition.nodes import HoursBranch, VariableBranch
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run


def enter(run: Run, node: HoursBranch | VariableBranch) -> Move:
    return _by_hours(run, node) if isinstance(node, HoursBranch) else _by_variable(run, node)


def _by_hours(run: Run, node: HoursBranch) -> Move:
    is_open = run.flow.calendars[node.calendar].is_open(run.wall_clock)
    run.note(Fact.BRANCHED, ("case", "open" if is_open else "closed"))
    return Go(node.open if is_open else node.closed)


def _by_variable(run: Run, node: VariableBranch) -> Move:
    value = run.state.variables.get(node.variable, "")
    target = node.cases.get(value)
    run.note(Fact.BRANCHED, ("case", "otherwise" if target is None else value))
    return Go(node.otherwise if target is None else target)
