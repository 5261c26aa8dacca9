"""The findings of one file while it is read, and where each key of it stands."""

from dataclasses import dataclass, field

from ivr_flows.findings import Finding, Severity
from ivr_flows.reading.tree import Place

Path = tuple[str, ...]
"""Keys from the top of the file downwards; items of lists count from 1."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A word of an older file, where it stands, and the word that means the same today."""

    place: Place
    old: str
    new: str


@dataclass(slots=True)
class Report:
    """Grows while a file is read; paths into `nodes` are told as node and key."""

    file: str
    findings: list[Finding] = field(default_factory=list)
    places: dict[Path, Place] = field(default_factory=dict)
    upgrades: list[Upgrade] = field(default_factory=list)

    def mark(self, path: Path, place: Place) -> None:
        self.places.setdefault(path, place)

    def place(self, path: Path) -> Place:
        """Return where a path stands, or the nearest key above it that was written."""
        for length in range(len(path), 0, -1):
            if (found := self.places.get(path[:length])) is not None:
                return found
        return self.places.get((), Place(1, 1))

    def add(
        self,
        path: Path,
        rule: str,
        message: str,
        mend: str = "",
        *,
        place: Place | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        at = place or self.place(path)
        in_node = len(path) > 1 and path[0] == "nodes"
        node = path[1] if in_node else ""
        key = ".".join(path[2:] if in_node else path)
        self.findings.append(
            Finding(
                self.file,
                at.line,
                at.column,
                rule,
                _one_line(message),
                _one_line(mend),
                _one_line(node),
                _one_line(key),
                severity,
            )
        )

    def sorted(self) -> tuple[Finding, ...]:
        return tuple(sorted(set(self.findings)))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
