"""From a flow file to a flow that is fit to be run, or to everything that is wrong with it."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from ivr_flows.definition.flow import Flow
from ivr_flows.findings import Finding, FlowError, has_errors
from ivr_flows.known import NOTHING_KNOWN, Known
from ivr_flows.reading.commented import refuse_commented_keys
from ivr_flows.reading.flow import read_flow
from ivr_flows.reading.report import Report
from ivr_flows.reading.tree import MAX_FILE_BYTES, Place, TreeError, parse_tree
from ivr_flows.rules import apply_rules


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of reading a file; `flow` is there exactly when no finding is an error."""

    flow: Flow | None
    findings: tuple[Finding, ...]


def parse_flow(data: bytes, file: str, *, path: Path | None = None, known: Known = NOTHING_KNOWN) -> Loaded:
    """Read a flow from bytes, whatever they are; with a path, prompt files are looked for beside it."""
    report = Report(file)
    try:
        tree = parse_tree(data)
    except TreeError as error:
        report.add((), error.rule, error.message, error.mend, place=error.place)
        return Loaded(None, report.sorted())
    reading = read_flow(report, tree, path, known)
    refuse_commented_keys(report, data)
    apply_rules(report, reading, known)
    findings = report.sorted()
    flow = replace(reading.flow, digest=hashlib.sha256(data).hexdigest()[:16])
    return Loaded(None if has_errors(findings) else flow, findings)


def read_file(path: Path, known: Known = NOTHING_KNOWN) -> Loaded:
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
    return parse_flow(data, str(path), path=path, known=known)


def load_flow(path: Path, known: Known = NOTHING_KNOWN) -> Flow:
    """Return a flow that is fit to be run; raises FlowError with all findings when there is an error."""
    loaded = read_file(path, known)
    if loaded.flow is None:
        raise FlowError(loaded.findings)
    return loaded.flow
