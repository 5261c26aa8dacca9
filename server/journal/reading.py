"""What is read from the journal; every function blocks on the database: none is for the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, func, select, tuple_

from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.system import AccessRefused, AccessUsed, DispatchSnapshot, DispatchTold, OutboxRead
from contacts.folds.summary import ContactSummary
from contacts.ids import ContactId
from recordings.instants import from_utc_text, to_utc_text
from server.journal.rows import entry_from, summary_from
from server.journal.tables import CONTACT, JOURNAL, RUN

_LOOKED_THROUGH = 1_000_000  # events back from the newest, for where a reader of the outbox was
_ENTRIES = select(
    JOURNAL.c.sequence,
    JOURNAL.c.at,
    JOURNAL.c.clock_s,
    JOURNAL.c.contact_id,
    JOURNAL.c.kind,
    JOURNAL.c.fact,
    RUN.c.instance,
    RUN.c.boot,
    RUN.c.settings,
).join(RUN, RUN.c.run == JOURNAL.c.run)


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Some contacts, newest first; `next_cursor` is where the older ones begin, None at the end."""

    contacts: tuple[ContactSummary, ...]
    next_cursor: str | None


class CursorError(ValueError):
    """Not a cursor that a page ended with."""


def entries_of(engine: Engine, contact_id: str) -> list[JournalEntry]:
    """A contact's facts in order."""
    query = _ENTRIES.where(JOURNAL.c.contact_id == contact_id).order_by(JOURNAL.c.sequence)
    with engine.connect() as connection:
        return [entry_from(dict(row)) for row in connection.execute(query).mappings()]


def entries_after(engine: Engine, sequence: int, limit: int) -> list[JournalEntry]:
    """What follows that sequence number, of all contacts and of none, in order."""
    query = _ENTRIES.where(JOURNAL.c.sequence > sequence).order_by(JOURNAL.c.sequence).limit(limit)
    with engine.connect() as connection:
        return [entry_from(dict(row)) for row in connection.execute(query).mappings()]


def dispatch_told(engine: Engine, first: int, last: int, limit: int) -> list[JournalEntry]:
    """What dispatch was told between these numbers, from the snapshot before the first on, in order."""
    # By the index on contacts: these facts belong to none.
    of_none = JOURNAL.c.contact_id.is_(None)
    snapshot = select(func.max(JOURNAL.c.sequence)).where(
        of_none, JOURNAL.c.sequence <= first, JOURNAL.c.kind == DispatchSnapshot.kind()
    )
    query = (
        _ENTRIES.where(of_none, JOURNAL.c.sequence >= func.coalesce(snapshot.scalar_subquery(), first))
        .where(JOURNAL.c.sequence <= last)
        .where(JOURNAL.c.kind.in_((DispatchSnapshot.kind(), DispatchTold.kind())))
        .order_by(JOURNAL.c.sequence)
        .limit(limit)
    )
    with engine.connect() as connection:
        return [entry_from(dict(row)) for row in connection.execute(query).mappings()]


def accesses_between(
    engine: Engine, first: int, end: int, subject: str | None, limit: int
) -> list[JournalEntry]:
    """Who used the API, or was refused, from `first` until before `end`; newest first."""
    kinds = (AccessUsed.kind(),) if subject is not None else (AccessUsed.kind(), AccessRefused.kind())
    query = (
        _ENTRIES.where(JOURNAL.c.contact_id.is_(None), JOURNAL.c.sequence >= first)
        .where(JOURNAL.c.sequence < end, JOURNAL.c.kind.in_(kinds))
        .order_by(JOURNAL.c.sequence.desc())
        .limit(limit)
    )
    if subject is not None:
        query = query.where(func.json_extract(JOURNAL.c.fact, "$.subject") == subject)
    with engine.connect() as connection:
        return [entry_from(dict(row)) for row in connection.execute(query).mappings()]


def newest_outbox_read(engine: Engine, reader: str, after: int) -> int | None:
    """Up to where that reader had everything, as told after that number; None where nothing was told."""
    query = (
        _ENTRIES.where(JOURNAL.c.contact_id.is_(None), JOURNAL.c.sequence > after)
        .where(JOURNAL.c.kind == OutboxRead.kind())
        .order_by(JOURNAL.c.sequence.desc())
    )
    with engine.connect() as connection:
        for row in connection.execute(query).mappings():
            fact = entry_from(dict(row)).fact
            if isinstance(fact, OutboxRead) and fact.reader == reader:
                return fact.sequence
    return None


def outbox_cursor(engine: Engine, reader: str) -> int:
    """Where that reader goes on; one that is new, or was gone for long, begins with what comes now."""
    newest = last_sequence(engine)
    found = newest_outbox_read(engine, reader, newest - _LOOKED_THROUGH)
    return newest if found is None else found


@dataclass(frozen=True, slots=True)
class ContactsWanted:
    """What a list is narrowed to; None where it does not matter."""

    since: datetime | None = None
    until: datetime | None = None
    caller: str | None = None
    """Part of the number: people know the last digits."""
    queue: str | None = None
    agent: str | None = None
    outcome: str | None = None

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        told = (
            (self.since, lambda at: CONTACT.c.started_at >= to_utc_text(at)),
            (self.until, lambda at: CONTACT.c.started_at < to_utc_text(at)),
            (self.caller, lambda part: CONTACT.c.caller.contains(part, autoescape=True)),
            (self.queue, lambda queue: CONTACT.c.queue == queue),
            # Agents stand one on a line.
            (
                self.agent,
                lambda agent: ("\n" + CONTACT.c.agents + "\n").contains(f"\n{agent}\n", autoescape=True),
            ),
            (self.outcome, lambda outcome: CONTACT.c.outcome == outcome),
        )
        return tuple(condition(value) for value, condition in told if value is not None)


ANY_CONTACT = ContactsWanted()


def newest_contacts(
    engine: Engine, limit: int, cursor: str | None = None, wanted: ContactsWanted = ANY_CONTACT
) -> ContactPage:
    """One page; raises CursorError."""
    query = select(CONTACT).where(*wanted.conditions())
    query = query.order_by(CONTACT.c.started_at.desc(), CONTACT.c.contact_id.desc())
    if cursor is not None:
        query = query.where(tuple_(CONTACT.c.started_at, CONTACT.c.contact_id) < tuple_(*_after(cursor)))
    with engine.connect() as connection:
        rows = connection.execute(query.limit(limit + 1)).mappings().all()
    contacts = tuple(summary_from(dict(row)) for row in rows[:limit])
    more = len(rows) > limit
    return ContactPage(contacts, _cursor(contacts[-1]) if more else None)


def contact_of(engine: Engine, contact_id: str) -> ContactSummary | None:
    with engine.connect() as connection:
        row = connection.execute(select(CONTACT).where(CONTACT.c.contact_id == contact_id)).mappings().first()
    return None if row is None else summary_from(dict(row))


def unclosed_contacts(engine: Engine) -> list[ContactSummary]:
    """Those in progress, oldest first."""
    query = select(CONTACT).where(CONTACT.c.outcome.is_(None)).order_by(CONTACT.c.started_at)
    with engine.connect() as connection:
        return [summary_from(dict(row)) for row in connection.execute(query).mappings()]


def last_told(engine: Engine, contact_id: str) -> datetime | None:
    """When the newest fact of the contact happened."""
    query = select(func.max(JOURNAL.c.at)).where(JOURNAL.c.contact_id == contact_id)
    with engine.connect() as connection:
        found = connection.execute(query).scalar_one()
    return None if found is None else from_utc_text(found)


def recordings_lacking(
    engine: Engine, having: tuple[type[Fact], ...], lacking: tuple[type[Fact], ...], since: datetime
) -> list[tuple[ContactId, str]]:
    """Recordings that one of those facts tells of and none of these, of contacts begun since; oldest first.
    A contact may have several: what is told of one says nothing of the others.
    """
    told, of_another = JOURNAL.alias(), JOURNAL.alias()
    recording = func.json_extract(told.c.fact, "$.recording")
    outcome = select(of_another.c.sequence).where(
        of_another.c.contact_id == told.c.contact_id,
        of_another.c.kind.in_([fact_type.kind() for fact_type in lacking]),
        func.json_extract(of_another.c.fact, "$.recording") == recording,
    )
    query = (
        select(told.c.contact_id, recording)
        .join(CONTACT, CONTACT.c.contact_id == told.c.contact_id)
        .where(
            CONTACT.c.started_at >= to_utc_text(since),
            told.c.kind.in_([fact_type.kind() for fact_type in having]),
            ~outcome.exists(),
        )
        .order_by(CONTACT.c.started_at, told.c.sequence)
    )
    with engine.connect() as connection:
        return [(ContactId(contact), str(found)) for contact, found in connection.execute(query)]


def last_sequence(engine: Engine) -> int:
    """0 while there is no fact."""
    with engine.connect() as connection:
        return int(connection.execute(select(func.coalesce(func.max(JOURNAL.c.sequence), 0))).scalar_one())


def _cursor(contact: ContactSummary) -> str:
    return f"{to_utc_text(contact.started_at)}/{contact.contact_id}"


def _after(cursor: str) -> tuple[str, str]:
    started_at, _, contact_id = cursor.partition("/")
    try:
        from_utc_text(started_at)
    except ValueError:
        raise CursorError("not a cursor of this list") from None
    return started_at, contact_id
