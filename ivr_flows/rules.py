"""The rules that a flow as a whole must keep: what it names exists, and secrets stay secret."""

from collections.abc import Iterable, Iterator

from ivr_flows.definition.flow import CALLER_VARIABLES, Flow
from ivr_flows.definition.node import Node
from ivr_flows.definition.prompts import TextTemplate
from ivr_flows.expressions.tree import ExpressionError, Type, names_in
from ivr_flows.expressions.types import type_of
from ivr_flows.findings import Severity, did_you_mean
from ivr_flows.kinds.catalogue import KIND_OF
from ivr_flows.kinds.declare import (
    Named,
    Used,
    Written,
    exits,
    expressions_of,
    names_used,
    prompts_of,
    variables_set,
    variables_used,
)
from ivr_flows.kinds.queue import Queue
from ivr_flows.known import Known
from ivr_flows.languages.key_names import primary
from ivr_flows.reading.flow import Reading
from ivr_flows.reading.report import Path, Report
from ivr_flows.usability import check_usability
from ivr_flows.ways import check_ways


def apply_rules(report: Report, reading: Reading, known: Known) -> None:
    """Add what the readers of single keys could not see."""
    _targets(report, reading)
    _variables(report, reading)
    _expressions(report, reading)
    _names(report, reading, known)
    _language(report, reading, known)
    _translations(report, reading)
    check_usability(report, reading, known)
    if reading.declared == set(reading.flow.nodes):
        check_ways(report, reading, known)


def _targets(report: Report, reading: Reading) -> None:
    flow = reading.flow
    own = {
        "start": flow.start,
        "operator": flow.operator,
        "otherwise": flow.otherwise,
        "failed": flow.failed,
        "hung_up": flow.hung_up,
    }
    for key, target in own.items():
        _target(report, (key,), target, reading.declared)
    _target(report, ("limits", "then"), flow.limits.then, reading.declared)
    for node in flow.nodes.values():
        for way in exits(node):
            path = (*reading.paths[node.name], *way.path)
            if way.target != flow.operator or path in report.places:
                _target(report, path, way.target, reading.declared)


def _target(report: Report, path: Path, target: str | None, declared: frozenset[str]) -> None:
    if target and target not in declared:
        message = f'there is no node "{target}"'
        report.add(path, "target-unknown", message, did_you_mean(target, declared))


def _variables(report: Report, reading: Reading) -> None:
    flow = reading.flow
    set_somewhere = (name for node in flow.nodes.values() for name in variables_set(node))
    known = {*flow.variables, *CALLER_VARIABLES, *set_somewhere}
    for node in flow.nodes.values():
        in_expressions = tuple(
            Used(written.path, name.name, written.shown)
            for written in expressions_of(node)
            for name in names_in(written.expression)
            if name.name not in flow.calendars and name.name not in flow.lists
        )
        for used in (*variables_used(node), *in_expressions):
            _variable(report, flow, _where(report, reading, node, used), used, known)


def _variable(report: Report, flow: Flow, path: Path, used: Used, known: set[str]) -> None:
    name = used.variable
    if name in flow.secrets and used.shown:
        message = f'"{name}" is secret and must be neither spoken nor branched on'
        report.add(path, "secret-shown", message, "leave it out")
    elif name and name not in known:
        mend = did_you_mean(name, known) or "declare it under variables:"
        report.add(path, "variable-unknown", f'nothing sets the variable "{name}"', mend)


def _where(report: Report, reading: Reading, node: Node, used: Used) -> Path:
    """Return where a variable is written: a reprompt that a node inherits stands under the defaults."""
    path = (*reading.paths[node.name], *used.path)
    return path if path in report.places else ("defaults", *used.path)


def _expressions(report: Report, reading: Reading) -> None:
    """Find expressions whose types do not fit, and such as would show what is secret."""
    flow = reading.flow
    outer = {"calendar": frozenset(flow.calendars), "list": frozenset(flow.lists)}
    for node in flow.nodes.values():
        for written in expressions_of(node):
            path = (*reading.paths[node.name], *written.path)
            try:
                found = type_of(written.expression, flow.types, outer)
            except ExpressionError as error:
                report.add(path, "expression-type", error.message, error.mend)
                continue
            _fits(report, path, written, found, flow)


def _fits(report: Report, path: Path, written: Written, found: Type, flow: Flow) -> None:
    wanted = written.wanted or flow.types.get(written.sets)
    if wanted is Type.YES_NO and found is not Type.YES_NO:
        report.add(path, "expression-type", f"a condition is expected here, this is {found.value}")
    elif wanted is Type.NUMBER and found is not Type.NUMBER:
        message = f"the variable is a number, this is {found.value}"
        report.add(path, "expression-type", message, "use number(...)")
    secret = {name.name for name in names_in(written.expression)} & flow.secrets
    if written.sets and secret and found is not Type.YES_NO and written.sets not in flow.secrets:
        message = f'"{min(secret)}" is secret, and "{written.sets}" is not'
        mend = f"declare {written.sets}: {{secret: true}} under variables"
        report.add(path, "secret-shown", message, mend)


def _names(report: Report, reading: Reading, known: Known) -> None:
    flow = reading.flow
    there = {
        "queue": known.queues,
        "skill": known.skills,
        "agent": known.agents,
        "calendar": frozenset(flow.calendars),
        "list": frozenset(flow.lists),
        "language": frozenset({flow.language, *flow.catalogues}),
    }
    used: set[tuple[str, str]] = set()
    for node, named in _all_names(flow):
        used.add((named.what, named.name))
        path = (*reading.paths[node.name], *named.path)
        if named.what == "number":
            _undiallable(report, path, named.name, known)
        else:
            _name(report, path, named, there.get(named.what))
    written = (each.expression for node in flow.nodes.values() for each in expressions_of(node))
    mentioned = {name.name for expression in written for name in names_in(expression)}
    for name in flow.calendars:
        if ("calendar", name) not in used and name not in mentioned:
            message, mend = "no node uses this calendar", "delete it, or decide by it"
            report.add(("hours", name), "calendar-unused", message, mend, severity=Severity.WARNING)
    for node in flow.nodes.values():
        if isinstance(node, Queue):
            _overflows(report, reading.paths[node.name], node, known)


def _all_names(flow: Flow) -> Iterator[tuple[Node, Named]]:
    for node in flow.nodes.values():
        yield from ((node, named) for named in names_used(node))


def _name(report: Report, path: Path, named: Named, known: Iterable[str] | None) -> None:
    if known is None or not named.name:
        return
    names = set(known)
    if named.name not in names:
        mend = did_you_mean(named.name, names) or f"there is no {named.what} at all"
        report.add(path, f"{named.what}-unknown", f'there is no {named.what} "{named.name}"', mend)


def _undiallable(report: Report, path: Path, number: str, known: Known) -> None:
    if known.dials_numbers is False:
        message = f"transfers to number {number}, but flows.number_gateway names no carrier to dial it"
        mend = "set flows.number_gateway in the settings, or transfer to an agent"
        report.add(path, "number-undiallable", message, mend)


def _overflows(report: Report, path: Path, node: Queue, known: Known) -> None:
    """Find an overflow that cannot happen; where the queues are not known, it may."""
    if node.overflow is None or node.max_wait_s is not None or known.waits is None:
        return
    if node.queue not in known.waits:
        message = "neither this node nor the queue has a longest wait, so this is never taken"
        mend = "add max_wait:"
        report.add((*path, "overflow"), "overflow-never", message, mend, severity=Severity.WARNING)


def _translations(report: Report, reading: Reading) -> None:
    """Find texts that some language of the flow does not have."""
    flow = reading.flow
    for language, catalogue in flow.catalogues.items():
        for node in flow.nodes.values():
            for heard in prompts_of(node):
                texts = (part.template for part in heard.prompt.segments if isinstance(part, TextTemplate))
                for missing in (text.source for text in texts if text.source not in catalogue):
                    path = (*reading.paths[node.name], *heard.path)
                    message = f'"{missing[:60]}" is not translated to {language}'
                    mend = f"add it to the texts of {language}"
                    report.add(path, "translation-missing", message, mend, severity=Severity.WARNING)


def _language(report: Report, reading: Reading, known: Known) -> None:
    """Find words that callers may say in a language that nobody listens in."""
    flow = reading.flow
    if known.recognised is None or primary(flow.language) in known.recognised:
        return
    for node in flow.nodes.values():
        if KIND_OF[type(node)].phrases(node):
            spoken = ", ".join(sorted(known.recognised)) or "no language"
            message = f"the recogniser understands {spoken}, not {flow.language}: what callers say is guessed"
            mend = "leave the words out, or configure a recogniser of that language"
            path = reading.paths[node.name]
            report.add(path, "language-not-recognised", message, mend, severity=Severity.WARNING)
