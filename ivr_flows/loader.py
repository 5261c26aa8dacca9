"""From a flow file to a flow that is fit to be run, or to everything that is wrong with it."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from ivr_flows.definition.flow import Flow
from ivr_flows.findings import Finding, FlowError, Severity, has_errors
from ivr_flows.kinds.declare import KeyPath, names_used
from ivr_flows.known import NOTHING_KNOWN, Known
from ivr_flows.reading.commented import refuse_commented_keys
from ivr_flows.reading.flow import Reading, read_flow
from ivr_flows.reading.report import Report, Upgrade
from ivr_flows.reading.tree import MAX_FILE_BYTES, Place, TreeError, parse_tree
from ivr_flows.rules import apply_rules


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of reading a file; `flow` is there exactly when no finding is an error."""

    flow: Flow | None
    findings: tuple[Finding, ...]
    upgrades: tuple[Upgrade, ...] = ()
    """Words of older files, for `flow fmt --upgrade`."""


def parse_flow(
    data: bytes,
    file: str,
    *,
    path: Path | None = None,
    known: Known = NOTHING_KNOWN,
    above: tuple[str, ...] = (),
) -> Loaded:
    """Read a flow from bytes, whatever they are; with a path, what it names is looked for beside it.

    `above` are the flows that lead here: none of them may be led to again.
    """
    report = Report(file)
    try:
        tree = parse_tree(data)
    except TreeError as error:
        report.add((), error.rule, error.message, error.mend, place=error.place)
        return Loaded(None, report.sorted())
    reading = read_flow(report, tree, path, known)
    refuse_commented_keys(report, data)
    flows = read_flows_led_to(report, reading, known, (*above, reading.flow.name))
    apply_rules(report, reading, known)
    findings = report.sorted()
    if has_errors(findings):
        return Loaded(None, findings, tuple(report.upgrades))
    digest = hashlib.sha256(data)
    for flow in flows.values():
        digest.update(flow.digest.encode())
    whole = replace(reading.flow, digest=digest.hexdigest()[:16], flows=flows)
    return Loaded(whole, findings, tuple(report.upgrades))


def read_flows_led_to(
    report: Report, reading: Reading, known: Known, above: tuple[str, ...]
) -> dict[str, Flow]:
    """Read the flows that callers are transferred to, and those that these lead to."""
    found: dict[str, Flow] = {}
    for node in reading.flow.nodes.values():
        for named in names_used(node):
            if named.what == "flow":
                path = (*reading.paths[node.name], *named.path)
                found |= _flow_led_to(report, path, reading, named.name, known, above)
    return found


def _flow_led_to(
    report: Report, at: KeyPath, reading: Reading, name: str, known: Known, above: tuple[str, ...]
) -> dict[str, Flow]:
    if name in above:
        report.add(at, "flow-circle", f'flow "{name}" leads here already', "lead on inside of one flow")
        return {}
    if reading.flow.path is None:
        report.add(at, "flow-unknown", f'there is no flow "{name}" beside a text without a file')
        return {}
    file = reading.flow.path.parent / f"{name}.yaml"
    loaded = read_file(file, known, above)
    if loaded.flow is None:
        first = next(finding for finding in loaded.findings if finding.severity is Severity.ERROR)
        report.add(at, "flow-unusable", f'flow "{name}" cannot be used: {first}', f"check {file.name}")
        return {}
    if loaded.flow.name != name:
        report.add(
            at, "flow-unknown", f'{file.name} holds flow "{loaded.flow.name}"', "name it like its file"
        )
        return {}
    return {name: loaded.flow, **loaded.flow.flows}


def read_file(path: Path, known: Known = NOTHING_KNOWN, above: tuple[str, ...] = ()) -> Loaded:
    """Read a flow file; that it cannot be read is a finding like any other."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no such path"
        report = Report(str(path))
        message = f"the file cannot be read: {reason.lower()}"
        report.add((), "file-unreadable", message, "check the path", place=Place(1, 1))
        return Loaded(None, report.sorted())
    return parse_flow(data, str(path), path=path, known=known, above=above)


def load_flow(path: Path, known: Known = NOTHING_KNOWN) -> Flow:
    """Return a flow that is fit to be run; raises FlowError with all findings when there is an error."""
    loaded = read_file(path, known)
    if loaded.flow is None:
        raise FlowError(loaded.findings)
    return loaded.flow
