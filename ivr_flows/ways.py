"""The ways through a flow: no node that nobody reaches, no caller who gets stuck."""

from collections.abc import Iterable, Mapping

from ivr_flows.definition.flow import Flow
from ivr_flows.definition.node import Node
from ivr_flows.findings import Severity
from ivr_flows.kinds.catalogue import KIND_OF
from ivr_flows.kinds.declare import exits
from ivr_flows.kinds.queue import Queue
from ivr_flows.known import Known
from ivr_flows.reading.flow import Reading
from ivr_flows.reading.report import Report


def edges(flow: Flow, known: Known) -> dict[str, list[str]]:
    """Return for every node the nodes that may come after it, in the order in which they are written."""
    return {name: _leads_to(flow, node, known) for name, node in flow.nodes.items()}


def check_ways(report: Report, reading: Reading, known: Known) -> None:
    flow = reading.flow
    ways = edges(flow, known)
    reached = _closure(
        ways, [name for name in (flow.start, flow.failed, flow.hung_up, flow.limits.then) if name]
    )
    for name in flow.nodes:
        if name not in reached:
            mend = "lead to it, or delete it"
            _warn(report, reading, name, "node-unreachable", "no way from the start leads here", mend)
    back: dict[str, list[str]] = {name: [] for name in flow.nodes}
    for name, targets in ways.items():
        for target in targets:
            back.setdefault(target, []).append(name)
    leaving = _closure(back, [name for name, node in flow.nodes.items() if _may_end(flow, node, known)])
    for name in flow.nodes:
        if name in reached and name not in leaving:
            mend = "lead on to a hangup, a queue or a transfer"
            message = "from here on the call ends only when the caller hangs up"
            _warn(report, reading, name, "no-way-out", message, mend)
    _endless(report, reading, ways)


def _warn(report: Report, reading: Reading, name: str, rule: str, message: str, mend: str) -> None:
    report.add(reading.paths[name], rule, message, mend, severity=Severity.WARNING)


def _leads_to(flow: Flow, node: Node, known: Known) -> list[str]:
    targets = [way.target for way in exits(node)]
    otherwise = flow.otherwise or flow.operator
    if otherwise and _uses_otherwise(node, known):
        targets.append(otherwise)
    return list(dict.fromkeys(targets))


def _closure(ways: Mapping[str, Iterable[str]], start: Iterable[str]) -> set[str]:
    reached: set[str] = set()
    open_names = list(start)
    while open_names:
        name = open_names.pop()
        if name not in reached:
            reached.add(name)
            open_names.extend(ways.get(name, ()))
    return reached


def _may_end(flow: Flow, node: Node, known: Known) -> bool:
    if KIND_OF[type(node)].may_end(node):
        return True
    nowhere_else = flow.otherwise is None and flow.operator is None
    return nowhere_else and _uses_otherwise(node, known)


def _uses_otherwise(node: Node, known: Known) -> bool:
    """A queue may have a longest wait although the flow names none."""
    if isinstance(node, Queue) and node.overflow is None and node.queue in (known.waits or ()):
        return True
    return KIND_OF[type(node)].uses_otherwise(node)


def _endless(report: Report, reading: Reading, ways: Mapping[str, Iterable[str]]) -> None:
    """Find nodes that may lead back to themselves through nodes alone that never wait."""
    nodes = reading.flow.nodes
    at_once = {name for name, node in nodes.items() if not KIND_OF[type(node)].waits}
    among = {name: [target for target in ways[name] if target in at_once] for name in at_once}
    for name in nodes:
        if name in at_once and name in _closure(among, among[name]):
            word = KIND_OF[type(nodes[name])].word
            message = f"this {word} may come back to itself without ever waiting"
            report.add(reading.paths[name], "loop-without-wait", message, "say or ask something on the way")
