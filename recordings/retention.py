"""How long recordings are kept: a rule for some queues and outcomes, and one for all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, FromClause, and_, case, literal, true

from recordings.instants import to_utc_text

_T = TypeVar("_T")


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

    def days_of(self, contacts: FromClause | None) -> ColumnElement[int]:
        """How many days a recording is kept, in SQL; without `contacts` no rule fits."""
        return self._by_rule(contacts, literal)

    def erased_before(self, contacts: FromClause | None, now: datetime) -> ColumnElement[str]:
        """Recordings that began before this moment are due; nothing is before the empty one."""
        return self._by_rule(
            contacts, lambda days: literal(to_utc_text(now - timedelta(days=days)) if days else "")
        )

    def _by_rule(
        self, contacts: FromClause | None, told: Callable[[int], ColumnElement[_T]]
    ) -> ColumnElement[_T]:
        if contacts is None or not self.rules:
            return told(self.days)
        fitting = [(_fits(rule, contacts), told(rule.days)) for rule in self.rules]
        return case(*fitting, else_=told(self.days))


def _fits(rule: RetentionRule, contacts: FromClause) -> ColumnElement[bool]:
    wanted = {"queue": rule.queue, "outcome": rule.outcome}
    return and_(true(), *(contacts.c[name] == value for name, value in wanted.items() if value is not None))
