"""How long recordings are kept: a rule for some queues and outcomes, and one for all others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """For contacts of that queue and that outcome; None: of any. `days` 0: for ever."""

    queue: str | None
    outcome: str | None
    days: int


@dataclass(frozen=True, slots=True)
class Retention:
    """The first rule that fits counts; `days` is for what none fits, 0: for ever."""

    days: int
    rules: tuple[RetentionRule, ...] = ()

    @property
    def erases_nothing(self) -> bool:
        return not self.days and not any(rule.days for rule in self.rules)
