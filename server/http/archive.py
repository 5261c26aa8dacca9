"""The journal's database as the API reads it; blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Engine, select

from contacts.facts.entry import JournalEntry
from contacts.folds.summary import ContactSummary
from contacts.folds.timeline import Timeline
from contacts.privacy import Privacy
from server.http.ports import ContactEvent, ContactLine, ContactLines, DispatchTrace, UnknownPageError
from server.journal.journal import Journal
from server.journal.reading import (
    ANY_CONTACT,
    ContactsWanted,
    CursorError,
    accesses_between,
    dispatch_told,
    entries_after,
    entries_of,
    last_sequence,
    newest_contacts,
)
from server.journal.tables import CONTACT

ACCESS_STRETCH = 500_000
"""How many entries of the journal one page of the access log looks through."""
MAX_TRACE = 20_000
"""How much is told to dispatch again for one question."""


class JournalArchive:
    """Used from threads other than the loop's."""

    def __init__(self, store: Engine) -> None:
        self._store = store

    def page(
        self, limit: int, after: str | None, most: Privacy, wanted: ContactsWanted = ANY_CONTACT
    ) -> ContactLines:
        try:
            found = newest_contacts(self._store, limit, after, wanted)
        except CursorError as error:
            raise UnknownPageError(str(error)) from None
        return ContactLines(tuple(_line(contact, most) for contact in found.contacts), found.next_cursor)

    def events(self, contact: str, most: Privacy) -> tuple[ContactEvent, ...]:
        timeline = Timeline()
        return tuple(_event(entry, timeline, most) for entry in entries_of(self._store, contact))

    def accesses(
        self, limit: int, before: int | None, subject: str | None
    ) -> tuple[list[JournalEntry], int | None]:
        end = before or last_sequence(self._store) + 1
        begin = max(1, end - ACCESS_STRETCH)
        found = accesses_between(self._store, begin, end, subject, limit)
        if len(found) == limit:
            return found, found[-1].sequence
        return found, begin if begin > 1 else None

    def dispatch_trace(self, contact: str) -> DispatchTrace | None:
        told = entries_of(self._store, contact)
        if not told:
            return None
        found = dispatch_told(self._store, told[0].sequence, told[-1].sequence, MAX_TRACE + 1)
        return DispatchTrace(tuple(found[:MAX_TRACE]), len(found) <= MAX_TRACE)


class JournalFollower:
    """`server.http.event_feed.FollowedJournal`: the running journal, and its database for what is older."""

    def __init__(self, journal: Journal, store: Engine) -> None:
        self._journal = journal
        self._store = store

    def subscribe(self, listener: Callable[[JournalEntry], None]) -> Callable[[], None]:
        return self._journal.subscribe(listener)

    def after(self, sequence: int, limit: int) -> list[JournalEntry]:
        return entries_after(self._store, sequence, limit)

    def newest(self) -> int:
        return last_sequence(self._store)


def _event(entry: JournalEntry, timeline: Timeline, most: Privacy) -> ContactEvent:
    """What may not be read is not in the sentence either."""
    fact = entry.fact.erased() if most is Privacy.PUBLIC else entry.fact
    return ContactEvent(
        entry.sequence, entry.at, fact.kind(), entry.fact.shown(most), timeline.sentence(fact)
    )


def _line(contact: ContactSummary, most: Privacy) -> ContactLine:
    return ContactLine(
        contact=contact.contact_id,
        started_at=contact.started_at,
        duration_s=contact.duration_s,
        caller="" if most is Privacy.PUBLIC else contact.caller,
        number=contact.number,
        queue=contact.queue,
        agents=contact.agents,
        outcome=None if contact.outcome is None else contact.outcome.value,
    )


def of_queue(contact: ColumnElement[str], queue: str) -> ColumnElement[bool]:
    """The condition that a contact waited in that queue last."""
    return contact.in_(select(CONTACT.c.contact_id).where(CONTACT.c.queue == queue))


def told_timeline(store: Engine, contact: str) -> list[dict[str, Any]]:
    """Every event of a contact, as a case tells them."""
    timeline = Timeline()
    return [
        {"at": entry.at.isoformat(), "kind": entry.fact.kind(), "text": timeline.sentence(entry.fact)}
        for entry in entries_of(store, contact)
    ]
