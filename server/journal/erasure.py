"""Erasing what is personal of a contact: who may be erased, and how it is asked for.

The fact `contact.erased` erases: the journal's rows do it in the transaction that writes the fact, so that
neither is ever there without the other. Sound and transcripts are the recordings' own to delete; what was
understood live is a fact, and goes when its recording does.
"""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime

from sqlalchemy import Engine, select

from contacts.facts.contact import PersonalErased
from contacts.ids import ContactId
from recordings.errors import CatalogueError
from recordings.instants import to_utc_text
from server.journal.erased_rows import erase_words, is_personal
from server.journal.journal import Journal
from server.journal.tables import CONTACT, JOURNAL
from server.store.store import StoreError
from server.store.writer import StoreWriter, Waited

AT_ONCE = 200


class StillInProgressError(Exception):
    """The contact is not over: what is erased now would be written again."""


class UnknownContactError(Exception):
    """There is no such contact."""


class _WordsErasure(Waited):
    """A work of the store's writer of its own: the journal tells of the recording that is erased."""

    def __init__(self, contact: str) -> None:
        super().__init__()
        self._contact = ContactId(contact)

    def write(self, connection: sqlite3.Connection) -> None:
        erase_words(connection, self._contact)


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
    """One contact after a look whether it may be erased."""

    def __init__(self, store: Engine, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    async def erase(self, contact: ContactId, by: str) -> int:
        """How many facts had something personal. Raises what `check_erasable` does, and JournalError: a
        journal that is failing only erases it later."""
        facts = await asyncio.to_thread(_personal_facts, self._store, contact)
        self._journal.append(PersonalErased(contact=contact, by=by))
        await self._journal.durable()
        return facts


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


def _personal_facts(engine: Engine, contact: ContactId) -> int:
    check_erasable(engine, contact)
    with engine.connect() as connection:
        facts = connection.execute(select(JOURNAL.c.fact).where(JOURNAL.c.contact_id == contact)).scalars()
        return sum(is_personal(fact, contact) for fact in facts)
