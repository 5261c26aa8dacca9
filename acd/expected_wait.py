"""How long a caller has to expect to wait, and how well that was foretold.

The line before a caller moves when an agent is done with a call or when somebody ahead hangs up. So the wait
is a sum of as many such times as there are callers ahead, and one more; each is known from how long calls
took and how soon callers hung up lately, and from who is on duty now. Unlike a mean of past waits it follows
a change of staffing at once.
"""

import math
from dataclasses import dataclass

_REMEMBERED = 300
"""Calls that count: with every further one the older ones weigh less."""
_ERRORS_REMEMBERED = 50
_FIRST_AFTER = 3
_WORK_OVER_S = 3600.0
_SUMMED_ONE_BY_ONE = 64
_Z_80 = 1.2816


@dataclass(frozen=True, slots=True)
class ExpectedWait:
    """Of a caller who stays; four of five such waits end between `low_s` and `high_s`."""

    mean_s: float
    low_s: float
    high_s: float


AT_ONCE = ExpectedWait(0.0, 0.0, 0.0)


@dataclass(slots=True)
class QueueHistory:
    """What a queue saw lately, as far as the expected wait follows from it."""

    handled: int = 0
    handling_s: float = 0.0
    """A call, from ringing the agent to the end of the wrap-up."""
    gave_up: float = 0.0
    waited_s: float = 0.0
    foretold: int = 0
    error_s: float = 0.0
    """By how much the wait differed from what was expected on joining."""
    past_waits_s: float = 0.0
    """The usual estimate, three quarters old and one quarter new, for comparison..."""
    past_waits_error_s: float = 0.0
    """...and its error."""

    work_s: float = 0.0
    """Of agents for this queue; what is longer ago counts less, as of `work_at`."""
    work_at: float = 0.0

    def call_handled(self, lasted_s: float, now: float) -> None:
        self.work_s, self.work_at = self.work_until(now) + lasted_s, now
        self.handled += 1
        self.handling_s += (lasted_s - self.handling_s) / min(self.handled, _REMEMBERED)

    def wait_over(self, waited_s: float, *, gave_up: bool) -> None:
        keeps = 1 - 1 / (4 * _REMEMBERED)
        self.gave_up = self.gave_up * keeps + gave_up
        self.waited_s = self.waited_s * keeps + waited_s

    def foretold_wait(self, expected: ExpectedWait | None, waited_s: float) -> None:
        """Somebody was answered. Waits that nobody had to expect are no test of a prophet."""
        if expected is not None and expected.mean_s > 0:
            self.foretold += 1
            weight = 1 / min(self.foretold, _ERRORS_REMEMBERED)
            self.error_s += (abs(waited_s - expected.mean_s) - self.error_s) * weight
            usual_error_s = abs(waited_s - self.past_waits_s)
            self.past_waits_error_s += (usual_error_s - self.past_waits_error_s) * weight
        self.past_waits_s += (waited_s - self.past_waits_s) / 4

    def work_until(self, now: float) -> float:
        return self.work_s * math.exp(-(now - self.work_at) / _WORK_OVER_S)

    @property
    def impatience(self) -> float:
        """Callers who hang up in a second of waiting, each."""
        return self.gave_up / self.waited_s if self.waited_s > 0 else 0.0

    def expected(self, ahead: int, agents: float) -> ExpectedWait | None:
        """With so many ahead in the line and so many agents on duty, all busy; None: too little is known."""
        if self.handled < _FIRST_AFTER or agents <= 0 or self.handling_s <= 0:
            return None
        known_from = min(self.handled, _REMEMBERED)
        return expected_wait(ahead, agents / self.handling_s, self.impatience, known_from)


def expected_wait(
    ahead: int, serving: float, impatience: float, known_from: float = math.inf
) -> ExpectedWait:
    """`serving` calls end in a second; each caller ahead hangs up at the rate `impatience`. What is known
    from few calls makes the range wider."""
    mean = squares = 0.0
    for still in range(min(ahead + 1, _SUMMED_ONE_BY_ONE)):
        step = 1 / (serving + still * impatience)
        mean += step
        squares += step * step
    rest = ahead + 1 - _SUMMED_ONE_BY_ONE
    if rest > 0:
        more_mean, more_squares = _summed(serving + _SUMMED_ONE_BY_ONE * impatience, impatience, rest)
        mean, squares = mean + more_mean, squares + more_squares
    shape = 1 / (squares / (mean * mean) + 1 / known_from)
    return ExpectedWait(mean, mean * _quantile(shape, -_Z_80), mean * _quantile(shape, _Z_80))


def _summed(first: float, grows: float, count: int) -> tuple[float, float]:
    """The sum of 1/x and of 1/x**2 over so many values, as integrals."""
    if grows < first * 1e-9:
        return count / first, count / first**2
    low, high = first - grows / 2, first + (count - 0.5) * grows
    return math.log(high / low) / grows, (1 / low - 1 / high) / grows


def _quantile(shape: float, z: float) -> float:
    """Of a gamma distribution with mean 1, by Wilson and Hilferty's cube."""
    root = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    return max(0.0, root) ** 3
