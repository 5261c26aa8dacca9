"""How the recorder is, in one value that any part of the program may keep and show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from recordings.capture import Capture

# A disk thread is at its work within 100 ms; what waits longer waits for the disk.
_BEHIND_PROBLEM_S = 2.0


@dataclass(frozen=True, slots=True)
class RecorderHealth:
    """`behind_s` is the age of the oldest sound that no file has, `unsynced_s` of what a loss of power would
    cost.

    While `spool_share` is under 1 a failing disk has cost nothing. `frames_dropped` counts since the start;
    `unsigned` are those that have ended and whose manifest the disk has not taken yet.
    """

    live: int
    behind_s: float
    unsynced_s: float
    spool_share: float
    failing_since: datetime | None
    last_error: str
    frames_dropped: int
    unsaved_rows: int
    unsigned: int = 0
    evidence_problem: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """Empty while all is well."""
        found = []
        if self.failing_since is not None:
            found.append(
                f"recordings: the disk refuses since {self.failing_since:%H:%M:%S} UTC ({self.last_error}); "
                f"the memory spool is {self.spool_share:.0%} full"
            )
        elif self.behind_s > _BEHIND_PROBLEM_S:
            found.append(
                f"recordings: the disk is {self.behind_s:.0f} s behind; "
                f"the memory spool is {self.spool_share:.0%} full"
            )
        if self.spool_share >= 1.0:
            found.append("recordings: the memory spool is full, sound is being lost")
        if self.unsaved_rows and not found:
            found.append(f"recordings: the catalogue refuses {self.unsaved_rows} rows")
        if self.evidence_problem:
            found.append(f"recordings: evidence: {self.evidence_problem}; run `trunkline vault verify`")
        elif self.unsigned and not found:
            found.append(f"recordings: the disk refuses the manifests of {self.unsigned}")
        return tuple(found)


def failing_since(captures: Iterable[Capture], now_s: float, now: datetime) -> tuple[datetime | None, str]:
    """When the first of those that fail now began to, and what the newest of them says."""
    failing = [(c.failing_since_s, c.error) for c in captures if c.failing_since_s is not None]
    if not failing:
        return None, ""
    since_s = min(since_s for since_s, _ in failing)
    return datetime.fromtimestamp(now.timestamp() - (now_s - since_s), UTC), max(failing)[1]


def oldest_s(since: Iterable[float | None], now_s: float) -> float:
    """The age of the oldest; 0 when there is none."""
    return max((now_s - at_s for at_s in since if at_s is not None), default=0.0)
