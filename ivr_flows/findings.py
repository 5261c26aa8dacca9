"""What is wrong with a flow file, said so that its author can mend it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps a flow from being used, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake; counted from line and column 1; `node` and `key` are empty where the file is meant."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    mend: str = ""
    node: str = ""
    key: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"node {self.node}: " if self.node else ""
        where += f"{self.key}: " if self.key else ""
        mend = f"; {self.mend}" if self.mend else ""
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.severity.value}: {where}{self.message}{mend} [{self.rule}]"


class FlowError(Exception):
    """A flow cannot be used; `findings` holds every mistake and every warning."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """Return the mend for a misspelt name: the nearest ones, or else all that there are when they are few."""
    names = sorted(right)
    near = difflib.get_close_matches(wrong[:100], names, n=2, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f'"{name}"' for name in near) + "?"
    if names and len(names) <= 12:
        return "one of: " + ", ".join(names)
    return ""
