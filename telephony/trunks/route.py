"""Which of a trunk's targets to try, in which order (pure): one that failed rests, and comes last."""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.sip.hop import Hop

_FIRST_REST_S = 30.0
_LONGEST_REST_S = 600.0


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """How often a target failed in a row, and until when it rests."""

    failures: int
    until: float


@dataclass(slots=True)
class Route:
    """Targets in order of preference. Each failure in a row doubles the rest, from half a minute to ten."""

    targets: tuple[Hop, ...]
    _resting: dict[Hop, TargetHealth] = field(default_factory=dict)

    def hops(self, now: float) -> tuple[Hop, ...]:
        """All of them: those that rest come last, the one that wakes first before the others."""
        resting = {hop: health.until for hop, health in self._resting.items() if health.until > now}
        return tuple(sorted(self.targets, key=lambda hop: resting.get(hop, 0.0)))

    def failed(self, hop: Hop, now: float) -> None:
        """It did not answer, or said that it cannot."""
        before = self._resting.get(hop)
        lately = before is not None and now < before.until + _LONGEST_REST_S
        failures = 1 + (before.failures if before is not None and lately else 0)
        rest_s = min(_LONGEST_REST_S, _FIRST_REST_S * 2 ** min(failures - 1, 10))
        self._resting[hop] = TargetHealth(failures, now + rest_s)

    def worked(self, hop: Hop) -> None:
        self._resting.pop(hop, None)

    def rests(self, hop: Hop, now: float) -> bool:
        return hop in self._resting and self._resting[hop].until > now

    def healthy(self, now: float) -> int:
        """How many targets do not rest."""
        return sum(1 for hop in self.targets if hop not in self._resting or self._resting[hop].until <= now)
