"""Erasing what is personal of a contact: in place, so that neither sequence nor outcome is lost.

Every fact keeps its number, its time and its public fields; numbers, names and what was keyed are gone, also
from the contact's row and from the rows of its recordings. Sound and transcripts are the recordings' own to
delete; what was understood live is a fact, and goes when its recording does.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from sqlalchemy import Engine, select

from contacts.facts.entry import UnreadableFactError, from_json, to_json
from contacts.facts.speech import TranscriptFinal, TranscriptPartial, WordsSpotted
from contacts.facts.system import FactUnrecognised
from contacts.ids import ContactId
from contacts.privacy import ERASED
from recordings.errors import CatalogueError
from recordings.instants import to_utc_text
from server.journal.tables import CONTACT
from server.store.store import StoreError
from server.store.writer import StoreWriter, Waited

AT_ONCE = 200
_SAID = (TranscriptPartial.kind(), TranscriptFinal.kind(), WordsSpotted.kind())


class StillInProgressError(Exception):
    """The contact is not over: what is erased now would be written again."""


class UnknownContactError(Exception):
    """There is no such contact."""


class Erasure(Waited):
    """A work of the store's writer, all contacts in one transaction; `facts` is how many changed."""

    def __init__(self, contacts: list[ContactId]) -> None:
        super().__init__()
        self._contacts = contacts
        self.facts = 0

    def write(self, connection: sqlite3.Connection) -> None:
        self.facts = sum(_erase(connection, contact) for contact in self._contacts)


def erase(writer: StoreWriter, contacts: list[ContactId]) -> int:
    """Blocks until it is durable; raises StoreError. How many facts had something personal."""
    work = Erasure(contacts)
    if not writer.submit(work):
        raise StoreError("the database is closed")
    work.wait()
    return work.facts


class _WordsErasure(Waited):
    """What was understood of one contact while it went on; numbers and names stay."""

    def __init__(self, contact: str) -> None:
        super().__init__()
        self._contact = ContactId(contact)

    def write(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute(
            "SELECT sequence, fact FROM journal WHERE contact_id = ? AND kind IN (?, ?, ?)",
            (self._contact, *_SAID),
        ).fetchall()
        changed = [(_erased(fact, self._contact), sequence) for sequence, fact in rows]
        connection.executemany("UPDATE journal SET fact = ? WHERE sequence = ?", changed)


def forget_words(writer: StoreWriter, contact: str) -> None:
    """Goes with the contact's recording. Blocks until it is durable; raises CatalogueError."""
    work = _WordsErasure(contact)
    if not writer.submit(work):
        raise CatalogueError("the database is closed")
    try:
        work.wait()
    except StoreError as error:
        raise CatalogueError(str(error)) from error


class JournalEraser:
    """For threads other than the loop's: one contact after a look whether it may be erased."""

    def __init__(self, store: Engine, writer: StoreWriter) -> None:
        self._store = store
        self._writer = writer

    def erase(self, contact: ContactId) -> int:
        """Also raises StoreError, and what `check_erasable` does."""
        check_erasable(self._store, contact)
        return erase(self._writer, [contact])


def check_erasable(engine: Engine, contact: ContactId) -> None:
    """Blocks; raises what stands against it."""
    with engine.connect() as connection:
        found = connection.execute(
            select(CONTACT.c.outcome).where(CONTACT.c.contact_id == contact)
        ).one_or_none()
    if found is None:
        raise UnknownContactError(contact)
    if found.outcome is None:
        raise StillInProgressError(contact)


def due(engine: Engine, before: datetime) -> list[ContactId]:
    """Contacts begun before then, over, and not erased yet: the oldest, so many as one transaction takes."""
    query = (
        select(CONTACT.c.contact_id)
        .where(
            CONTACT.c.erased == 0,
            CONTACT.c.started_at < to_utc_text(before),
            CONTACT.c.outcome.is_not(None),
        )
        .order_by(CONTACT.c.started_at)
        .limit(AT_ONCE)
    )
    with engine.connect() as connection:
        return [ContactId(found) for found in connection.execute(query).scalars()]


def _erase(connection: sqlite3.Connection, contact: ContactId) -> int:
    rows = connection.execute(
        "SELECT sequence, fact FROM journal WHERE contact_id = ?", (contact,)
    ).fetchall()
    changed = [(erased, sequence) for sequence, fact in rows if (erased := _erased(fact, contact)) != fact]
    connection.executemany("UPDATE journal SET fact = ? WHERE sequence = ?", changed)
    connection.execute(
        "UPDATE contact SET erased = 1, caller = CASE caller WHEN '' THEN '' ELSE ? END WHERE contact_id = ?",
        (ERASED, contact),
    )
    connection.execute(
        "UPDATE recording SET caller = CASE caller WHEN '' THEN '' ELSE ? END WHERE contact_id = ?",
        (ERASED, contact),
    )
    return len(changed)


def _erased(text: str, contact: ContactId) -> str:
    """What this program cannot read may hold anything: nothing of it is kept."""
    try:
        return to_json(from_json(text).erased()).decode()
    except UnreadableFactError:
        return to_json(FactUnrecognised(about="erased", contact=contact)).decode()
