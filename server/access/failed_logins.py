"""What wrong tokens cost: nothing at first, then time; and how often they are told. Pure.

Each source has its own count, so that one program with an old token slows nobody else. Right tokens are never
slowed: this keeps strangers from burning our processor and our log, not from guessing 256 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

FREE_FAILURES = 3
FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 4.0
FORGOTTEN_AFTER_S = 300.0
TELL_EVERY_S = 60.0
MAX_SOURCES = 1000


@dataclass(frozen=True, slots=True)
class Penalty:
    """What follows from a failure. `tell` is how many there were since the last was told; 0: say nothing."""

    delay_s: float
    tell: int


@dataclass(slots=True)
class _Source:
    failures: int = 0
    untold: int = 0
    failed_at: float = 0.0
    told_at: float | None = None


class FailedLogins:
    """Bounded: of too many sources the one that failed longest ago is forgotten."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}
        self.total = 0

    def failed(self, source: str, now: float) -> Penalty:
        known = self._sources.pop(source, None)
        if known is None or now - known.failed_at > FORGOTTEN_AFTER_S:
            known = _Source()
        # Put in again at the end: the first of the dict is always the one that failed longest ago.
        self._sources[source] = known
        if len(self._sources) > MAX_SOURCES:
            del self._sources[next(iter(self._sources))]
        self.total += 1
        known.failures += 1
        known.untold += 1
        known.failed_at = now
        return Penalty(_delay_s(known.failures), _told(known, now))


def _delay_s(failures: int) -> float:
    """Doubles with each failure beyond the free ones."""
    beyond = failures - FREE_FAILURES
    return 0.0 if beyond <= 0 else float(min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(beyond - 1, 10)))


def _told(source: _Source, now: float) -> int:
    if source.told_at is not None and now - source.told_at < TELL_EVERY_S:
        return 0
    count, source.untold, source.told_at = source.untold, 0, now
    return count
