"""The journal's table and what is read from it; every function blocks on the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, Column, Engine, Index, Integer, MetaData, String, Table, func, select

from recordings.instants import from_utc_text

JsonScalar = str | int | float | bool | None

METADATA = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s"})

JOURNAL = Table(
    "journal",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("contact_id", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("fields", JSON, nullable=False),
    Index(None, "contact_id"),
    Index(None, "kind", "contact_id"),
    # A sequence number is never used twice, even after the newest row has been erased.
    sqlite_autoincrement=True,
)

OPENING_KINDS = ("contact.ringing", "contact.started")
CLOSING_KIND = "contact.closed"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One fact as the journal keeps it."""

    sequence: int
    contact_id: str
    at: datetime
    kind: str
    fields: Mapping[str, JsonScalar]


@dataclass(frozen=True, slots=True)
class ContactSummary:
    """A contact's extent in the journal; `outcome` is None while it is open."""

    contact_id: str
    first_at: datetime
    last_at: datetime
    events: int
    outcome: str | None


def events_of(engine: Engine, contact_id: str) -> list[JournalEvent]:
    """A contact's facts in order."""
    query = select(JOURNAL).where(JOURNAL.c.contact_id == contact_id).order_by(JOURNAL.c.sequence)
    with engine.connect() as connection:
        return [
            JournalEvent(row.sequence, row.contact_id, from_utc_text(row.at), row.kind, row.fields)
            for row in connection.execute(query)
        ]


def newest_contacts(engine: Engine, limit: int) -> list[ContactSummary]:
    """Those that began last, newest first."""
    query = (
        select(JOURNAL.c.contact_id)
        .where(JOURNAL.c.kind.in_(OPENING_KINDS))
        .group_by(JOURNAL.c.contact_id)
        .order_by(func.min(JOURNAL.c.sequence).desc())
        .limit(limit)
    )
    with engine.connect() as connection:
        contact_ids = connection.execute(query).scalars().all()
    return [_summary(contact_id, events_of(engine, contact_id)) for contact_id in contact_ids]


def unclosed_contacts(engine: Engine) -> list[str]:
    """Contacts that began and were never closed, oldest first."""
    return contacts_lacking(engine, OPENING_KINDS, (CLOSING_KIND,))


def contacts_lacking(engine: Engine, having: tuple[str, ...], lacking: tuple[str, ...]) -> list[str]:
    """Contacts with a fact of one of these kinds and none of those, oldest first."""
    other = JOURNAL.alias("other")
    answered = select(other.c.sequence).where(
        other.c.kind.in_(lacking), other.c.contact_id == JOURNAL.c.contact_id
    )
    query = (
        select(JOURNAL.c.contact_id)
        .where(JOURNAL.c.kind.in_(having), ~answered.exists())
        .group_by(JOURNAL.c.contact_id)
        .order_by(func.min(JOURNAL.c.sequence))
    )
    with engine.connect() as connection:
        return list(connection.execute(query).scalars())


def _summary(contact_id: str, events: list[JournalEvent]) -> ContactSummary:
    closing = next((event for event in events if event.kind == CLOSING_KIND), None)
    outcome = None if closing is None else str(closing.fields.get("outcome", ""))
    return ContactSummary(contact_id, events[0].at, events[-1].at, len(events), outcome)
