"""Callers who gave up and were never served since: whom somebody may want to call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from contacts.ids import ContactId
from contacts.outcomes import ContactOutcome
from recordings.instants import from_utc_text, to_utc_text
from server.journal.tables import CONTACT

LOST = (
    ContactOutcome.ABANDONED,
    ContactOutcome.SHORT_ABANDONED,
    ContactOutcome.OVERFLOWED,
    ContactOutcome.NOT_SERVED,
    ContactOutcome.INTERRUPTED,
)


@dataclass(frozen=True, slots=True)
class LostCaller:
    """The newest contact of a number that nobody talked with; `problem` says why it may not be called."""

    contact: ContactId
    number: str
    queue: str
    at: datetime
    waited_s: float
    outcome: str
    problem: str = ""


def lost_callers(engine: Engine, since: datetime, limit: int) -> list[LostCaller]:
    """Newest first, each number once; blocks."""
    later = CONTACT.alias("later")
    newer = select(later.c.contact_id).where(
        later.c.caller == CONTACT.c.caller, later.c.started_at > CONTACT.c.started_at
    )
    query = (
        select(CONTACT)
        .where(CONTACT.c.started_at >= to_utc_text(since), CONTACT.c.caller != "", CONTACT.c.queue != "")
        .where(CONTACT.c.outcome.in_([outcome.value for outcome in LOST]), CONTACT.c.agents == "")
        .where(~newer.exists())
        .order_by(CONTACT.c.started_at.desc())
        .limit(limit)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        LostCaller(
            ContactId(row["contact_id"]),
            row["caller"],
            row["queue"],
            from_utc_text(row["started_at"]),
            row["waited_s"],
            row["outcome"],
        )
        for row in rows
    ]
