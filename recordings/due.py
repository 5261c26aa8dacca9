"""Which recordings are kept no longer, asked of the database; the rules are in `retention`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, FromClause, and_, case, literal, true

from recordings.instants import to_utc_text
from recordings.retention import Retention, RetentionRule

_T = TypeVar("_T")


def days_kept(retention: Retention, contacts: FromClause | None) -> ColumnElement[int]:
    """How many days a recording is kept; without `contacts` no rule fits."""
    return _by_rule(retention, contacts, literal)


def erased_before(retention: Retention, contacts: FromClause | None, now: datetime) -> ColumnElement[str]:
    """Recordings that began before this moment are due; nothing is before the empty one."""
    return _by_rule(
        retention, contacts, lambda days: literal(to_utc_text(now - timedelta(days=days)) if days else "")
    )


def _by_rule(
    retention: Retention, contacts: FromClause | None, told: Callable[[int], ColumnElement[_T]]
) -> ColumnElement[_T]:
    if contacts is None or not retention.rules:
        return told(retention.days)
    fitting = [(_fits(rule, contacts), told(rule.days)) for rule in retention.rules]
    return case(*fitting, else_=told(retention.days))


def _fits(rule: RetentionRule, contacts: FromClause) -> ColumnElement[bool]:
    wanted = {"queue": rule.queue, "outcome": rule.outcome}
    return and_(true(), *(contacts.c[name] == value for name, value in wanted.items() if value is not None))
