"""The journal keeps every fact in order, tells it when it is durable, and never makes a call wait."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contacts.facts.agent import PhoneRegistered
from contacts.facts.contact import (
    ContactStarted,
    ConversationStarted,
    LegEnded,
    ParticipantJoined,
    ParticipantRole,
)
from contacts.facts.entry import JournalEntry
from contacts.facts.flow import NoInput
from contacts.facts.queue import WrapUpFinished
from contacts.ids import AgentId, ContactId, LegId, ParticipantId
from contacts.outcomes import ContactOutcome, EndedBy
from server.journal.identity import RunIdentity
from server.journal.journal import Journal, JournalError, JournalFull
from server.journal.reading import (
    CursorError,
    contact_of,
    entries_after,
    entries_of,
    newest_contacts,
    unclosed_contacts,
)
from server.store.store import open_existing
from server.store.writer import StoreWriter
from tests.patience import PATIENCE_S
from tests.server.ground import HERE, closed, counted, held, journalling, opened, started

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[tuple[Engine, StoreWriter]]:
    with opened(tmp_path / "trunkline.db") as ground:
        yield ground


@pytest.fixture
def engine(ground: tuple[Engine, StoreWriter]) -> Engine:
    return ground[0]


@pytest.fixture
async def journal(ground: tuple[Engine, StoreWriter]) -> AsyncIterator[Journal]:
    async with journalling(*ground) as journal:
        yield journal


async def until_failing(journal: Journal) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while journal.health().well:
            await asyncio.sleep(0.01)


def numbers(entries: list[JournalEntry]) -> list[int]:
    return [entry.fact.count for entry in entries if isinstance(entry.fact, NoInput)]


async def test_facts_come_back_in_order_with_where_and_when(journal: Journal) -> None:
    before = datetime.now(UTC)
    first = started("c1", "+4420アリス")
    appended = [journal.append(fact) for fact in (first, started("c2"), closed("c1"))]
    await journal.durable()
    assert journal.entries("c1") == [appended[0], appended[2]]
    assert [entry.sequence for entry in appended] == [1, 2, 3]
    assert before <= appended[0].at <= appended[2].at <= datetime.now(UTC)
    assert appended[0].clock_s <= appended[2].clock_s <= asyncio.get_running_loop().time()
    assert {(entry.instance, entry.boot, entry.settings) for entry in appended} == {
        ("instance", "boot", "settings")
    }


async def test_facts_carry_the_settings_that_applied_when_they_happened(journal: Journal) -> None:
    journal.append(started("c1"))
    journal.apply("other")
    journal.append(closed("c1"))
    await journal.durable()
    assert [entry.settings for entry in journal.entries("c1")] == ["settings", "other"]


async def test_append_order_is_kept_across_batches(journal: Journal) -> None:
    for batch in range(8):
        for number in range(50):
            journal.append(counted("c", batch * 50 + number))
        await journal.durable()
    kept = journal.entries("c")
    assert numbers(kept) == list(range(400))
    assert [entry.sequence for entry in kept] == list(range(1, 401))


async def test_the_sequence_goes_on_after_a_restart_under_another_boot(
    ground: tuple[Engine, StoreWriter],
) -> None:
    for boot in ("one", "two"):
        async with journalling(*ground, identity=RunIdentity("here", boot, "s")) as journal:
            journal.append(counted("c", 0))
            await journal.durable()
    kept = entries_of(ground[0], "c")
    assert [(entry.sequence, entry.boot) for entry in kept] == [(1, "one"), (2, "two")]


async def test_facts_of_no_contact_are_kept_too(journal: Journal, engine: Engine) -> None:
    entry = journal.append(PhoneRegistered(agent=AgentId("alice"), device="d"))
    await journal.durable()
    assert entries_after(engine, 0, 10) == [entry]
    assert entries_after(engine, entry.sequence, 10) == []


async def test_half_a_character_out_of_a_sip_header_costs_no_fact(journal: Journal, engine: Engine) -> None:
    appended = journal.append(started("c1", caller="+44\udce4"))
    await journal.durable()
    assert appended.fact == started("c1", caller="+44?")
    assert journal.entries("c1") == [appended]
    row = contact_of(engine, "c1")
    assert row is not None
    assert row.caller == "+44?"


async def test_durable_without_facts_returns(journal: Journal) -> None:
    await journal.durable()
    journal.append(counted("c", 0))
    await journal.durable()
    await journal.durable()


async def test_append_does_not_wait_for_a_disk_that_hangs(journal: Journal, engine: Engine) -> None:
    with held(engine):
        for number in range(100):
            journal.append(counted("c", number))
        assert journal.health().behind == 100
    await journal.durable()
    assert numbers(journal.entries("c")) == list(range(100))


async def test_when_full_append_raises_and_what_was_taken_is_kept(journal: Journal, engine: Engine) -> None:
    with held(engine):
        for number in range(100):
            journal.append(counted("c", number))
        with pytest.raises(JournalFull):
            journal.append(counted("c", 100))
        assert journal.share == 1.0
        assert journal.health().behind == 100
    await journal.durable()
    journal.append(counted("c", 101))
    await journal.durable()
    kept = journal.entries("c")
    assert numbers(kept) == [*range(100), 101]
    assert [entry.sequence for entry in kept] == list(range(1, 102))


async def test_durable_tells_that_the_disk_refuses_and_the_facts_follow_later(
    journal: Journal, engine: Engine
) -> None:
    with held(engine):
        journal.append(counted("c", 0))
        with pytest.raises(JournalError, match="locked"):
            await journal.durable()
        health = journal.health()
        assert (health.behind, health.well, health.writer_alive) == (1, False, True)
        assert health.failing_since_s is not None
        assert "locked" in health.last_error
    async with asyncio.timeout(PATIENCE_S):
        while journal.health().behind:
            await asyncio.sleep(0.01)
    assert journal.health().well
    assert len(journal.entries("c")) == 1


async def test_a_row_that_the_database_refuses_costs_that_fact_only_and_is_counted(
    ground: tuple[Engine, StoreWriter],
) -> None:
    async with journalling(*ground) as journal:
        heard: list[int] = []
        journal.subscribe(lambda entry: heard.append(entry.sequence))
        journal.append(started("c"))
        await journal.durable()
        with ground[0].begin() as connection:
            # Somebody took the number of the third fact.
            connection.exec_driver_sql(
                "INSERT INTO journal (sequence, run, at, clock_s, kind, fact) VALUES (3, 1, '', 0, 'x', '{}')"
            )
        for number in range(1, 5):
            journal.append(counted("c", number))
        journal.append(closed("c"))
        await journal.durable()
        await asyncio.sleep(0)
        assert heard == [1, 2, 4, 5, 6]
        assert numbers(journal.entries("c")) == [1, 3, 4]
        assert unclosed_contacts(ground[0]) == []
        health = journal.health()
        assert (health.set_aside, health.behind, health.well) == (1, 0, True)


async def test_a_dead_writer_is_seen(ground: tuple[Engine, StoreWriter]) -> None:
    async with journalling(*ground) as journal:
        await asyncio.to_thread(ground[1].stop)
        assert not journal.health().writer_alive
        assert not journal.health().well


async def test_stop_does_not_wait_for_ever_for_a_disk_that_refuses(tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db") as (engine, writer):
        async with journalling(engine, writer) as journal:
            with held(engine):
                journal.append(counted("c", 0))
                await until_failing(journal)
                async with asyncio.timeout(PATIENCE_S):
                    await asyncio.to_thread(writer.stop)
            assert journal.health().behind == 1


async def test_stop_commits_what_waits(tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db", commit_interval_s=60) as (engine, writer):
        async with journalling(engine, writer) as journal:
            journal.append(counted("c", 0))
            await journal.durable()
            journal.append(counted("c", 1))
            await asyncio.to_thread(writer.stop)
            assert numbers(entries_of(engine, "c")) == [0, 1]


async def test_stop_commits_more_than_fits_into_one_batch(tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db", commit_interval_s=60) as (engine, writer):
        async with journalling(engine, writer, capacity=9_000) as journal:
            journal.append(counted("c", 0))
            await journal.durable()
            for number in range(1, 8_000):
                journal.append(counted("c", number))
            await asyncio.to_thread(writer.stop)
            assert numbers(entries_of(engine, "c")) == list(range(8_000))


async def test_listeners_hear_durable_facts_in_order_on_the_event_loop(journal: Journal) -> None:
    heard: list[JournalEntry] = []
    threads = set()

    def listen(entry: JournalEntry) -> None:
        threads.add(threading.current_thread())
        heard.append(entry)

    unsubscribe = journal.subscribe(listen)
    journal.append(counted("c", 1))
    journal.append(counted("c", 2))
    await journal.durable()
    assert heard == journal.entries("c")
    assert threads == {threading.current_thread()}
    unsubscribe()
    unsubscribe()
    journal.append(counted("c", 3))
    await journal.durable()
    assert len(heard) == 2


async def test_a_listener_that_raises_silences_nobody(journal: Journal) -> None:
    heard: list[int] = []

    def broken(entry: JournalEntry) -> None:
        raise RuntimeError(entry.fact.kind())

    journal.subscribe(broken)
    journal.subscribe(lambda entry: heard.append(entry.sequence))
    journal.append(counted("c", 1))
    journal.append(counted("c", 2))
    await journal.durable()
    assert heard == [1, 2]


async def test_contacts_have_a_row_that_follows_their_facts(journal: Journal, engine: Engine) -> None:
    contact, agent = ContactId("c1"), ParticipantId("p2")
    journal.append(started("c1", "0301"))
    journal.append(
        ParticipantJoined(contact=contact, participant=agent, role=ParticipantRole.AGENT, agent="alice")
    )
    await journal.durable()
    in_progress = contact_of(engine, "c1")
    assert in_progress is not None
    assert (in_progress.caller, in_progress.outcome) == ("0301", None)
    journal.append(ConversationStarted(contact=contact, participant=agent))
    await journal.durable()
    journal.append(closed("c1"))
    await journal.durable()
    done = contact_of(engine, "c1")
    assert done is not None
    assert (done.agents, done.outcome) == (("alice",), ContactOutcome.SERVED)


async def test_what_is_told_of_a_closed_contact_adds_to_its_row(journal: Journal, engine: Engine) -> None:
    contact = ContactId("c1")
    journal.append(started("c1"))
    journal.append(closed("c1"))
    await journal.durable()
    journal.append(WrapUpFinished(contact=contact, agent=AgentId("alice")))
    late = LegEnded(
        contact=contact, participant=ParticipantId("customer"), leg=LegId("l"), by=EndedBy.NETWORK
    )
    entry = journal.append(late)
    await journal.durable()
    row = contact_of(engine, "c1")
    assert row is not None
    assert (row.ended_at, row.outcome) == (entry.at, ContactOutcome.SERVED)


async def test_finding_15_contacts_are_read_in_pages_and_each_stands_on_one(
    ground: tuple[Engine, StoreWriter],
) -> None:
    async with journalling(*ground, capacity=1000) as journal:
        for number in range(25):
            journal.append(started(f"c{number:02}"))
        await journal.durable()
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = newest_contacts(ground[0], 10, cursor)
            seen += [contact.contact_id for contact in page.contacts]
            # What begins meanwhile moves nothing.
            journal.append(started(f"d{len(seen)}"))
            await journal.durable()
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == [f"c{number:02}" for number in reversed(range(25))]


def test_finding_15_neither_a_page_nor_the_open_contacts_need_the_journal(
    ground: tuple[Engine, StoreWriter],
) -> None:
    with ground[0].connect() as connection:
        plans = [
            str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all())
            for query in (
                "SELECT * FROM contact WHERE (started_at, contact_id) < ('2', 'c') "
                "ORDER BY started_at DESC, contact_id DESC LIMIT 50",
                "SELECT * FROM contact WHERE outcome IS NULL ORDER BY started_at",
            )
        ]
    assert "ix_contact_started_at_contact_id" in plans[0]
    assert "ix_contact_in_progress" in plans[1]
    assert all("TEMP B-TREE" not in plan for plan in plans)


@pytest.mark.parametrize("cursor", ["", "x", "2026-01-01", "'; DROP TABLE contact", "\udce4/"])
def test_a_cursor_that_is_none_is_refused(ground: tuple[Engine, StoreWriter], cursor: str) -> None:
    with pytest.raises(CursorError):
        newest_contacts(ground[0], 10, cursor)


async def test_contacts_a_dead_server_left_are_closed_once_as_interrupted(
    journal: Journal, engine: Engine
) -> None:
    for number in range(250):
        journal.append(started(f"c{number:03}"))
        if number % 50 == 49:
            await journal.durable()
    journal.append(closed("c007"))
    journal.append(PhoneRegistered(agent=AgentId("alice"), device="d"))
    await journal.durable()
    expected = [f"c{number:03}" for number in range(250) if number != 7]
    assert [contact.contact_id for contact in unclosed_contacts(engine)] == expected
    assert await journal.close_interrupted() == expected
    first, last = journal.entries("c000")
    assert isinstance(first.fact, ContactStarted)
    assert last.fact == closed("c000", ContactOutcome.INTERRUPTED)
    assert journal.entries("c007")[-1].fact == closed("c007")
    assert unclosed_contacts(engine) == []
    assert await journal.close_interrupted() == []


async def test_an_interrupted_contact_lasted_until_its_last_fact(
    ground: tuple[Engine, StoreWriter],
) -> None:
    async with journalling(*ground) as journal:
        begun = journal.append(started("c"))
        await asyncio.sleep(0.05)
        last = journal.append(counted("c", 1))
        await journal.durable()
        await asyncio.sleep(0.05)
        await journal.close_interrupted()
    row = contact_of(ground[0], "c")
    assert row is not None
    assert row.duration_s == pytest.approx((last.at - begun.at).total_seconds(), abs=0.002)


async def test_a_journal_that_cannot_be_read_says_so_at_the_start(
    ground: tuple[Engine, StoreWriter],
) -> None:
    with ground[0].begin() as connection:
        connection.exec_driver_sql("DROP TABLE journal")
    journal = Journal(ground[1], ground[0], HERE, clock=time.monotonic)
    with pytest.raises(JournalError, match="no such table"):
        await journal.start()


def test_what_durable_acknowledged_survives_kill_9_without_holes(tmp_path: Path) -> None:
    database = tmp_path / "trunkline.db"
    arguments = [sys.executable, "-m", "tests.server.journal_child", str(database)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        durable = (int(line.split()[1]) for line in child.stdout if line.startswith(b"durable "))
        acknowledged = next(number for number in durable if number >= 600)
        child.kill()
        acknowledged = max(acknowledged, *durable, 0)
    engine = open_existing(database)
    first, *kept = entries_of(engine, "contact-0")
    assert len(kept) >= acknowledged
    assert numbers(kept) == list(range(len(kept)))
    assert [entry.sequence for entry in (first, *kept)] == list(range(1, len(kept) + 2))
    assert [contact.contact_id for contact in unclosed_contacts(engine)] == ["contact-0"]
    engine.dispose()
