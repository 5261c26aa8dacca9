"""When an event that was not taken is sent again, and when it is let go (pure)."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
OUTAGE_FREE = frozenset({408, 425, 429})
"""Statuses of the 4xx that say "later" and not "never"."""
MAX_REFUSALS = 5


@dataclass(slots=True)
class Retries:
    """Of one event. An outage is waited out, up to `give_up_after_s`: nothing is lost to it.

    A receiver that refuses the event itself (4xx) is asked a few times, then the next one follows:
    one event that it does not understand must not hold up all others.
    """

    give_up_after_s: float
    began: float
    failures: int = 0
    refusals: int = 0

    def failed(self, status: int | None, now: float) -> float | None:
        """Seconds until the next attempt; None: let it go. `status` is None where no answer came."""
        self.failures += 1
        if status is not None and 400 <= status < 500 and status not in OUTAGE_FREE:
            self.refusals += 1
        if self.refusals >= MAX_REFUSALS or now - self.began >= self.give_up_after_s:
            return None
        return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self.failures - 1, 16)))
