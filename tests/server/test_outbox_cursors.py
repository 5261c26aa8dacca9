"""Where the bus goes on after a restart: nothing twice, nothing missed, and nothing of before it was on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contacts.facts.system import OutboxRead
from server.journal.journal import Journal
from server.journal.reading import last_sequence, newest_outbox_read
from tests.server.ground import counted, journalling, opened, started

BUS, HOOK = "bus", "webhook crm"


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[Journal, Engine]]:
    with opened(tmp_path / "trunkline.db") as (engine, writer):
        async with journalling(engine, writer, capacity=1000) as journal:
            yield journal, engine


async def test_an_empty_journal_has_no_newest_event_and_no_reader(kept: tuple[Journal, Engine]) -> None:
    _, engine = kept
    assert last_sequence(engine) == 0
    assert newest_outbox_read(engine, BUS, 0) is None


async def test_each_reader_has_a_place_of_its_own_and_the_newest_counts(kept: tuple[Journal, Engine]) -> None:
    journal, engine = kept
    journal.append(started("c1"))
    for reader, sequence in ((BUS, 1), (HOOK, 1), (BUS, 3), (HOOK, 2)):
        journal.append(counted("c1", sequence))
        journal.append(OutboxRead(reader=reader, sequence=sequence))
    await journal.durable()
    assert newest_outbox_read(engine, BUS, 0) == 3
    assert newest_outbox_read(engine, HOOK, 0) == 2
    assert newest_outbox_read(engine, "nobody", 0) is None


async def test_a_place_is_not_looked_for_further_back_than_told(kept: tuple[Journal, Engine]) -> None:
    journal, engine = kept
    journal.append(OutboxRead(reader=BUS, sequence=1))
    for number in range(50):
        journal.append(counted("c1", number))
    await journal.durable()
    newest = last_sequence(engine)
    assert newest == 51
    assert newest_outbox_read(engine, BUS, 0) == 1
    assert newest_outbox_read(engine, BUS, newest - 10) is None
