"""A store with its writer and a journal, as tests of `server/` stand on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from contacts.facts.contact import ContactClosed, ContactStarted
from contacts.facts.flow import NoInput
from contacts.ids import ContactId
from contacts.outcomes import ContactOutcome
from server.journal.identity import RunIdentity
from server.journal.journal import Journal
from server.store.store import open_store
from server.store.writer import StoreWriter

HERE = RunIdentity("instance", "boot", "settings")


@contextmanager
def opened(path: Path, *, commit_interval_s: float = 0.01) -> Iterator[tuple[Engine, StoreWriter]]:
    engine = open_store(path, busy_timeout_s=0.1)
    writer = StoreWriter(path, commit_interval_s=commit_interval_s, busy_timeout_s=0.1)
    writer.start()
    yield engine, writer
    writer.stop()
    engine.dispose()


@asynccontextmanager
async def journalling(
    engine: Engine, writer: StoreWriter, *, capacity: int = 100, identity: RunIdentity = HERE
) -> AsyncIterator[Journal]:
    clock = asyncio.get_running_loop().time
    journal = Journal(writer, engine, identity, clock=clock, capacity=capacity)
    await journal.start()
    yield journal


@contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Another program holds the write lock: the disk, to the writer, refuses."""
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO journal_run(instance, boot, settings) VALUES ('', '', '')")
        yield
        connection.rollback()


def started(contact: str, caller: str = "") -> ContactStarted:
    return ContactStarted(contact=ContactId(contact), caller=caller)


def closed(contact: str, outcome: ContactOutcome = ContactOutcome.SERVED) -> ContactClosed:
    return ContactClosed(contact=ContactId(contact), outcome=outcome)


def counted(contact: str, number: int) -> NoInput:
    """A fact whose only purpose is its number."""
    return NoInput(contact=ContactId(contact), flow="f", count=number)
