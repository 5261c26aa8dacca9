"""How far behind signalling is: the delay that even the luckiest message of the last moment had (pure).

One late message says that the machine was busy for an instant, and what has piled up is soon worked off.
When every message is late there is more work than time: a queue stands, and it does not shrink by itself.
(The same thought as CoDel, RFC 8289.)
"""

from __future__ import annotations

import math

_PERIOD_S = 0.25


class StandingDelay:
    """Told the delay of messages as they are taken up; forgets within half a second."""

    __slots__ = ("_before", "_began", "_least")

    def __init__(self) -> None:
        self._began = -math.inf
        self._least = math.inf
        self._before = 0.0

    def saw(self, delay_s: float, now: float) -> None:
        self._turn(now)
        self._least = min(self._least, delay_s)

    def delay_s(self, now: float) -> float:
        """The least delay of a whole period, and of the one that runs; 0 where nothing came."""
        self._turn(now)
        return min(self._before, self._least) if self._least != math.inf else self._before

    def _turn(self, now: float) -> None:
        passed_s = now - self._began
        if passed_s < _PERIOD_S:
            return
        recent = passed_s < 2 * _PERIOD_S and self._least != math.inf
        self._before = self._least if recent else 0.0
        self._began, self._least = now, math.inf
