"""Numbers and names are kept as long as the settings say, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contacts.facts.contact import PersonalErased
from contacts.ids import ContactId
from contacts.privacy import ERASED
from server.journal import erasure
from server.journal.journal import Journal
from server.journal.reading import contact_of, entries_of
from server.journal.retention import LOOKS_EVERY_S, PersonalRetention
from server.store.writer import StoreWriter
from tests.patience import PATIENCE_S
from tests.server.ground import closed, held, journalling, opened, started

NUMBER = "0301234567"
KEEP = timedelta(days=30)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[tuple[Engine, StoreWriter]]:
    with opened(tmp_path / "trunkline.db") as ground:
        yield ground


class Rounds:
    """Time in the test's hand: each long sleep is the end of a round."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.over = asyncio.Queue[None]()
        self._next = asyncio.Event()

    def utc(self) -> datetime:
        return self.now

    async def sleep(self, pause_s: float) -> None:
        if pause_s >= LOOKS_EVERY_S:
            self.over.put_nowait(None)
            await self._next.wait()
            self._next.clear()

    async def one(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.over.get()

    def next(self) -> None:
        self._next.set()


async def live(journal: Journal, *names: str) -> None:
    for name in names:
        journal.append(started(name, NUMBER))
        journal.append(closed(name))
    await journal.durable()


def caller(engine: Engine, name: str) -> str:
    found = contact_of(engine, name)
    assert found is not None
    return found.caller


async def test_s_personal_values_are_erased_when_their_time_is_over(
    ground: tuple[Engine, StoreWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "AT_ONCE", 2)
    rounds = Rounds(datetime.now(UTC))
    async with journalling(*ground) as journal:
        await live(journal, "c1", "c2", "c3")
        retention = PersonalRetention(KEEP, journal, ground[0], utc=rounds.utc, sleep=rounds.sleep)
        task = asyncio.create_task(retention.run())
        await rounds.one()
        assert caller(ground[0], "c1") == NUMBER, "it is too young"
        rounds.now += KEEP + timedelta(minutes=1)
        rounds.next()
        await rounds.one()
        task.cancel()
        await journal.durable()
        assert [caller(ground[0], name) for name in ("c1", "c2", "c3")] == [ERASED] * 3
        last = entries_of(ground[0], "c2")[-1].fact
        assert last == PersonalErased(contact=ContactId("c2"))


async def test_a_contact_in_progress_keeps_its_numbers_however_old_it_is(
    ground: tuple[Engine, StoreWriter],
) -> None:
    rounds = Rounds(datetime.now(UTC) + 2 * KEEP)
    async with journalling(*ground) as journal:
        journal.append(started("open", NUMBER))
        await journal.durable()
        retention = PersonalRetention(KEEP, journal, ground[0], utc=rounds.utc, sleep=rounds.sleep)
        task = asyncio.create_task(retention.run())
        await rounds.one()
        task.cancel()
    assert caller(ground[0], "open") == NUMBER


async def test_a_disk_that_refuses_is_tried_again_in_the_next_round(
    ground: tuple[Engine, StoreWriter],
) -> None:
    rounds = Rounds(datetime.now(UTC) + 2 * KEEP)
    async with journalling(*ground) as journal:
        await live(journal, "c1")
        retention = PersonalRetention(KEEP, journal, ground[0], utc=rounds.utc, sleep=rounds.sleep)
        with held(ground[0]):
            task = asyncio.create_task(retention.run())
            await rounds.one()
            assert caller(ground[0], "c1") == NUMBER
        rounds.next()
        await rounds.one()
        task.cancel()
    assert caller(ground[0], "c1") == ERASED
