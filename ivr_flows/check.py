"""`trunkline flow check`: the findings of flow files."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ivr_flows.findings import Finding, has_errors
from ivr_flows.known import NOTHING_KNOWN, Known
from ivr_flows.loader import read_file

EXIT_GOOD = 0
EXIT_BAD_INPUT = 2


def check_files(paths: Sequence[Path], known: Known = NOTHING_KNOWN) -> list[Finding]:
    """Return all findings of all files, in the order of the files and of their lines."""
    return [finding for path in paths for finding in read_file(path, known).findings]


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 2 when a file is not fit to be used; warnings alone are no reason to fail."""
    return EXIT_BAD_INPUT if has_errors(findings) else EXIT_GOOD
