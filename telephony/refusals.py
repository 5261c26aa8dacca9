"""What becomes of a refusal: whether it is answered, whether it leaves a line in the log; all are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from telephony.settings import AdmissionSettings

_LINES_LAST_S = 60.0
_LINES_PER_RULE = 20


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """One line for the log; `unlogged` refusals by the same rule went before it without one."""

    rule_id: str
    source: str
    unlogged: int


class Budget:
    """So much a second for one source, and so much in all."""

    def __init__(self, per_source: int, in_all: int) -> None:
        self.per_source = per_source
        self.in_all = in_all
        self._second_began = float("-inf")
        self._taken: Counter[str] = Counter()
        self._taken_in_all = 0

    def take(self, source: str, now: float) -> bool:
        """Whether there was still something left."""
        if now - self._second_began >= 1.0:
            self._second_began = now
            self._taken.clear()
            self._taken_in_all = 0
        if self._taken_in_all >= self.in_all or self._taken[source] >= self.per_source:
            return False
        self._taken[source] += 1
        self._taken_in_all += 1
        return True


class Refusals:
    """By rule id: `counts` of all there were, and `dropped`, those of them that got no answer.

    Answers are bounded each second, for one source and in all: a source may be spoofed, and nobody shall be
    flooded through us. Lines are bounded each minute: one for a source and rule, twenty for a rule.
    """

    def __init__(self, settings: AdmissionSettings) -> None:
        self.counts: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._answers = Budget(settings.refusals_per_source, settings.refusals_in_all)
        self._minute_began = float("-inf")
        self._logged: Counter[str] = Counter()
        self._logged_sources: set[tuple[str, str]] = set()
        self._unlogged: Counter[str] = Counter()

    def may_answer(self, rule_id: str, source: str, now: float, *, trusted: bool = False) -> bool:
        """Counts the refusal and takes its answer from the budget; a trunk, left without one, would only ask
        again and again."""
        self.counts[rule_id] += 1
        if trusted or self._answers.take(source, now):
            return True
        self.dropped[rule_id] += 1
        return False

    def reconfigure(self, settings: AdmissionSettings) -> None:
        self._answers = Budget(settings.refusals_per_source, settings.refusals_in_all)

    def line(self, rule_id: str, source: str, now: float) -> RefusalLine | None:
        """What to write about it, if anything."""
        if now - self._minute_began >= _LINES_LAST_S:
            self._minute_began = now
            self._logged.clear()
            self._logged_sources.clear()
        if self._logged[rule_id] >= _LINES_PER_RULE or (rule_id, source) in self._logged_sources:
            self._unlogged[rule_id] += 1
            return None
        self._logged[rule_id] += 1
        self._logged_sources.add((rule_id, source))
        return RefusalLine(rule_id, source, self._unlogged.pop(rule_id, 0))
