"""How a queue behaves in the long run, by the formulas of Erlang (patient callers) and Palm (who hang up).

Calls come at random at `calls_s` a second, are handled for `handling_s` on average (exponential), by `agents`
who each take any call; with `patience_s` callers hang up after an exponential time of waiting.
"""

import math
from dataclasses import dataclass

_LONGEST_LINE = 2000
_NEGLIGIBLE = 1e-14


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Of all callers: the share who wait, the mean wait, the share answered in time, those who hang up."""

    waits: float
    mean_wait_s: float
    in_time: float
    abandons: float


@dataclass(frozen=True, slots=True)
class QueueModel:
    """M/M/n, or M/M/n+M where callers have a patience."""

    calls_s: float
    handling_s: float
    agents: int
    patience_s: float | None = None

    @property
    def load(self) -> float:
        """Of each agent, if nobody hung up."""
        return self.calls_s * self.handling_s / self.agents

    def figures(self, in_time_s: float) -> QueueFigures:
        """Raises ValueError where the line would grow for ever."""
        if self.patience_s is None and self.load >= 1:
            raise ValueError("more calls than the agents can handle, and nobody hangs up")
        shares = self._shares()
        line = sum(max(0, calls - self.agents) * share for calls, share in enumerate(shares))
        waits = sum(shares[self.agents :])
        abandons = 0.0 if self.patience_s is None else line / self.patience_s / self.calls_s
        served = self._served_in(in_time_s, len(shares) - self.agents)
        in_time = (1 - waits) + sum(
            share * served[calls - self.agents] for calls, share in enumerate(shares) if calls >= self.agents
        )
        return QueueFigures(waits, line / self.calls_s, in_time, abandons)

    def _shares(self) -> list[float]:
        """Of the time, with so many calls present."""
        weights = [1.0]
        while len(weights) <= self.agents + _LONGEST_LINE:
            calls = len(weights)
            weights.append(weights[-1] * self.calls_s / self._leaving(calls))
            if calls > self.agents and weights[-1] < _NEGLIGIBLE * max(weights):
                break
        whole = sum(weights)
        return [weight / whole for weight in weights]

    def _leaving(self, calls: int) -> float:
        impatient = max(0, calls - self.agents) / self.patience_s if self.patience_s else 0.0
        return min(calls, self.agents) / self.handling_s + impatient

    def _served_in(self, within_s: float, longest: int) -> list[float]:
        """The chance of a caller with so many ahead in the line to be answered within the time.

        The line before the caller shrinks by one at random times; all chances are followed together through
        so many steps of a clock that ticks at least as fast (uniformisation).
        """
        serving = self.agents / self.handling_s
        impatience = 1 / self.patience_s if self.patience_s else 0.0
        ticking = serving + longest * impatience
        now, answered = [0.0] * longest, [0.0] * longest
        chance, summed, step = math.exp(-ticking * within_s), 0.0, 0
        if chance == 0.0:
            raise ValueError(f"{within_s} s with {longest} callers in the line is beyond this calculation")
        while summed < 1 - 1e-10 and step < 20 * (ticking * within_s + 20):
            for ahead in range(longest):
                answered[ahead] += chance * now[ahead]
            summed += chance
            step += 1
            chance *= ticking * within_s / step
            now = [
                self._after_tick(now, ahead, serving / ticking, impatience / ticking)
                for ahead in range(longest)
            ]
        return answered

    def _after_tick(self, now: list[float], ahead: int, serves: float, leaves: float) -> float:
        """An answer counts once and for all: the chances are of having been answered by then."""
        shrinks = serves + ahead * leaves
        nearer = 1.0 if ahead == 0 else now[ahead - 1]
        return shrinks * nearer + (1 - shrinks - leaves) * now[ahead]
