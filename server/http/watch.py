"""Looks at the running parts and says how they are, in their own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.http.status import Health, PartHealth


class OnTheLine(Protocol):
    """The contacts that there are."""

    draining: bool

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Watch:
    """`began` is monotonic; `parts` are asked anew each time, on the loop's own thread."""

    version: str
    began: float
    sip: tuple[str, ...]
    line: OnTheLine
    parts: Sequence[Callable[[], PartHealth]]
    monotonic: Callable[[], float]

    def health(self) -> Health:
        parts = tuple(part() for part in self.parts)
        problems = [f"{part.name}: {part.problem}" for part in parts if part.problem]
        if self.line.draining:
            problems.insert(0, "finishing calls: takes no new ones")
        return Health(
            healthy=not problems,
            problems=tuple(problems),
            version=self.version,
            uptime_s=round(self.monotonic() - self.began, 1),
            sip=self.sip,
            calls=len(self.line),
            draining=self.line.draining,
            parts=parts,
        )
