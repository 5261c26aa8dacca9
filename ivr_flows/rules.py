"""The rules that a flow as a whole must keep: what it names exists, and no caller gets lost or stuck."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ivr_flows.definition.exits import exits, is_inherited, uses_fallback
from ivr_flows.definition.flow import CALLER_VARIABLES, Flow
from ivr_flows.definition.heard import prompts_of
from ivr_flows.definition.nodes import (
    AgentTarget,
    Collect,
    Hangup,
    HoursBranch,
    Menu,
    Node,
    NumberTarget,
    Option,
    Queue,
    Say,
    Transfer,
    VariableBranch,
)
from ivr_flows.findings import Severity, did_you_mean
from ivr_flows.languages.key_names import primary
from ivr_flows.reading.flow import Reading
from ivr_flows.reading.report import Path, Report


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist outside of flows; None where the caller of the check does not know them."""

    queues: frozenset[str] | None = None
    skills: frozenset[str] | None = None
    agents: frozenset[str] | None = None
    dials_numbers: bool | None = None
    waits: frozenset[str] | None = None
    """The queues that have a longest wait of their own; a flow's queue node without one inherits it."""
    recognised: frozenset[str] | None = None
    """The languages in which callers are understood, like `en`."""


def apply_rules(report: Report, reading: Reading, known: Known) -> None:
    """Add what the readers of single keys could not see."""
    _targets(report, reading)
    for node in reading.flow.nodes.values():
        _variables(report, reading.flow, node)
        _names(report, reading.flow, node, known)
    _unused_calendars(report, reading.flow)
    if reading.declared == set(reading.flow.nodes):
        _ways(report, reading.flow, known)
    _language(report, reading.flow, known)


def _targets(report: Report, reading: Reading) -> None:
    flow = reading.flow
    own = {"start": flow.start, "operator": flow.operator, "fallback": flow.fallback, "failed": flow.failed}
    for key, target in own.items():
        _target(report, (key,), target, reading.declared)
    _target(report, ("limits", "then"), flow.limits.then, reading.declared)
    for node in flow.nodes.values():
        inherited = {option.label for option in _options(node) if is_inherited(option)}
        for way in exits(node):
            if way.path[-1] not in inherited or way.target != flow.operator:
                _target(report, ("nodes", node.name, *way.path), way.target, reading.declared)


def _options(node: Node) -> tuple[Option, ...]:
    return node.options if isinstance(node, Menu) else ()


def _target(report: Report, path: Path, target: str | None, declared: frozenset[str]) -> None:
    if target and target not in declared:
        message = f'there is no node "{target}"'
        report.add(path, "target-unknown", message, did_you_mean(target, declared))


def _variables(report: Report, flow: Flow, node: Node) -> None:
    secrets = flow.secrets
    known = {*flow.variables, *CALLER_VARIABLES, *_collected(flow)}
    for path, name in _used_variables(report, node):
        if name in secrets:
            message = f'"{name}" is secret and must be neither spoken nor branched on'
            report.add(path, "secret-shown", message, "leave it out")
        elif name and name not in known:
            mend = did_you_mean(name, known) or "declare it under variables:"
            report.add(path, "variable-unknown", f'nothing sets the variable "{name}"', mend)


def _collected(flow: Flow) -> Iterator[str]:
    return (node.variable for node in flow.nodes.values() if isinstance(node, Collect))


def _used_variables(report: Report, node: Node) -> Iterator[tuple[Path, str]]:
    for heard in prompts_of(node):
        path = ("nodes", node.name, *heard.path)
        # a reprompt that the node did not write itself stands under the defaults
        at = path if path in report.places else ("defaults", *heard.path)
        yield from ((at, name) for name in heard.prompt.variables)
    if isinstance(node, VariableBranch):
        yield ("nodes", node.name, "branch", "variable"), node.variable


def _names(report: Report, flow: Flow, node: Node, known: Known) -> None:
    path = ("nodes", node.name)
    match node:
        case HoursBranch():
            _name(report, (*path, "branch", "hours"), "calendar", node.calendar, set(flow.calendars))
        case Queue():
            _name(report, (*path, "queue"), "queue", node.queue, known.queues)
            _overflows(report, node, known)
            for wanted in node.skills:
                _name(report, (*path, "skills", wanted.skill), "skill", wanted.skill, known.skills)
        case Transfer(target=AgentTarget(agent)):
            _name(report, (*path, "transfer", "agent"), "agent", agent, known.agents)
        case Transfer(target=NumberTarget(number)) if known.dials_numbers is False:
            message = f"transfers to number {number}, but flows.number_gateway names no carrier to dial it"
            mend = "set flows.number_gateway in the settings, or transfer to an agent"
            report.add((*path, "transfer", "number"), "number-undiallable", message, mend)
        case _:
            pass


def _name(report: Report, path: Path, what: str, name: str, known: Iterable[str] | None) -> None:
    if known is None or not name:
        return
    names = set(known)
    if name not in names:
        mend = did_you_mean(name, names) or f"there is no {what} at all"
        report.add(path, f"{what}-unknown", f'there is no {what} "{name}"', mend)


def _unused_calendars(report: Report, flow: Flow) -> None:
    used = {node.calendar for node in flow.nodes.values() if isinstance(node, HoursBranch)}
    for name in flow.calendars:
        if name not in used:
            message, mend = "no branch uses this calendar", "delete it, or branch on it"
            report.add(("hours", name), "calendar-unused", message, mend, severity=Severity.WARNING)


def _ways(report: Report, flow: Flow, known: Known) -> None:
    ways = {name: _leads_to(flow, node, known) for name, node in flow.nodes.items()}
    reached = _closure(ways, [name for name in (flow.start, flow.failed, flow.limits.then) if name])
    for name in flow.nodes:
        if name not in reached:
            mend = "lead to it, or delete it"
            _warn(report, name, "node-unreachable", "no way from the start leads here", mend)
    back: dict[str, list[str]] = {name: [] for name in flow.nodes}
    for name, targets in ways.items():
        for target in targets:
            back.setdefault(target, []).append(name)
    leaving = _closure(back, [name for name, node in flow.nodes.items() if _may_end(flow, node, known)])
    for name in flow.nodes:
        if name in reached and name not in leaving:
            mend = "lead on to a hangup, a queue or a transfer"
            _warn(
                report, name, "no-way-out", "from here on the call ends only when the caller hangs up", mend
            )
    _endless_branches(report, flow, ways)


def _warn(report: Report, name: str, rule: str, message: str, mend: str) -> None:
    report.add(("nodes", name), rule, message, mend, severity=Severity.WARNING)


def _leads_to(flow: Flow, node: Node, known: Known) -> list[str]:
    targets = [way.target for way in exits(node)]
    fallback = flow.fallback or flow.operator
    if fallback and _uses_fallback(node, known):
        targets.append(fallback)
    return targets


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
    if isinstance(node, Hangup):
        return True
    if isinstance(node, Say | Queue | Transfer) and node.next is None:
        return True
    no_fallback = flow.fallback is None and flow.operator is None
    return no_fallback and _uses_fallback(node, known)


def _uses_fallback(node: Node, known: Known) -> bool:
    """A queue may have a longest wait although the flow names none."""
    if isinstance(node, Queue) and node.overflow is None and node.queue in (known.waits or ()):
        return True
    return uses_fallback(node)


def _overflows(report: Report, node: Queue, known: Known) -> None:
    """Find an overflow that cannot happen; where the queues are not known, it may."""
    if node.overflow is None or node.max_wait_s is not None or known.waits is None:
        return
    if node.queue not in known.waits:
        message = "neither this node nor the queue has a longest wait, so this is never taken"
        path = ("nodes", node.name, "overflow")
        report.add(path, "overflow-never", message, "add max_wait:", severity=Severity.WARNING)


def _language(report: Report, flow: Flow, known: Known) -> None:
    """Find words that callers may say in a language that nobody listens in."""
    if known.recognised is None or primary(flow.language) in known.recognised:
        return
    for node in flow.nodes.values():
        if any(option.phrases for option in _options(node)):
            spoken = ", ".join(sorted(known.recognised)) or "no language"
            message = f"the recogniser understands {spoken}, not {flow.language}: what callers say is guessed"
            mend = "leave the words out, or configure a recogniser of that language"
            _warn(report, node.name, "language-not-recognised", message, mend)


def _endless_branches(report: Report, flow: Flow, ways: Mapping[str, Iterable[str]]) -> None:
    """Find branches that may lead back to themselves through branches alone, which never wait."""
    branches = {name for name, node in flow.nodes.items() if isinstance(node, HoursBranch | VariableBranch)}
    among = {name: [target for target in ways[name] if target in branches] for name in branches}
    for name in flow.nodes:
        if name in branches and name in _closure(among, among[name]):
            message = "this branch may come back to itself without ever waiting"
            report.add(("nodes", name), "loop-without-wait", message, "say or ask something on the way")
