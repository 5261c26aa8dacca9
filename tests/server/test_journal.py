"""The journal keeps every fact in order, tells it when it is durable, and never makes a call wait."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from server.journal.journal import Journal, JournalError, JournalEvent, JournalFull
from server.store.store import open_store

ROOT = Path(__file__).parents[2]
NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(tmp_path / "trunkline.db", busy_timeout_s=0.1)
    yield engine
    engine.dispose()


@pytest.fixture
async def journal(engine: Engine) -> AsyncIterator[Journal]:
    journal = Journal(engine, capacity=100)
    await journal.start()
    yield journal
    await journal.stop()


@contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Another program holds the write lock: the disk, to the journal, refuses."""
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO journal(contact_id, at, kind, fields) VALUES ('', '', '', '{}')"
        )
        yield
        connection.rollback()


async def until_failing(journal: Journal) -> None:
    async with asyncio.timeout(10):
        while journal.failure is None:
            await asyncio.sleep(0.01)


async def test_facts_come_back_in_order_with_their_fields(journal: Journal) -> None:
    before = datetime.now(UTC)
    journal.append("c1", "contact.ringing", caller="+4420", number="100", trunk=None)
    journal.append("c2", "contact.ringing")
    journal.append("c1", "contact.bridged", wait_s=1.5, agent="アリス", first=True, kind=2, at="x")
    await journal.flush()
    first, second = journal.events("c1")
    assert (first.kind, first.fields) == (
        "contact.ringing",
        {"caller": "+4420", "number": "100", "trunk": None},
    )
    assert second.fields == {"wait_s": 1.5, "agent": "アリス", "first": True, "kind": 2, "at": "x"}
    assert (first.sequence, second.sequence) == (1, 3)
    assert before <= first.at <= second.at <= datetime.now(UTC)


async def test_append_order_is_kept_across_batches(journal: Journal) -> None:
    for batch in range(8):
        for number in range(50):
            journal.append("c", "fact", number=batch * 50 + number)
        await journal.flush()
    kept = journal.events("c")
    assert [event.fields["number"] for event in kept] == list(range(400))
    assert [event.sequence for event in kept] == list(range(1, 401))


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", NOW, object()])
async def test_a_field_that_is_no_json_scalar_is_refused_at_once(journal: Journal, value: object) -> None:
    with pytest.raises(TypeError, match="field what of fact"):
        journal.append("c", "fact", what=value)  # type: ignore[arg-type]
    assert journal.waiting == 0


async def test_flush_without_facts_returns(journal: Journal) -> None:
    await journal.flush()
    journal.append("c", "fact")
    await journal.flush()
    await journal.flush()


async def test_append_does_not_wait_for_a_disk_that_hangs(journal: Journal, engine: Engine) -> None:
    with held(engine):
        begun = time.monotonic()
        for _ in range(100):
            journal.append("c", "fact")
        assert time.monotonic() - begun < 0.1
    await journal.flush()
    assert len(journal.events("c")) == 100


async def test_when_full_append_raises_and_what_was_taken_is_kept(journal: Journal, engine: Engine) -> None:
    with held(engine):
        for number in range(100):
            journal.append("c", "fact", number=number)
        with pytest.raises(JournalFull):
            journal.append("c", "fact", number=100)
        assert journal.waiting == 100
    await journal.flush()
    journal.append("c", "fact", number=101)
    await journal.flush()
    assert [event.fields["number"] for event in journal.events("c")] == [*range(100), 101]


async def test_flush_tells_that_the_disk_refuses_and_the_facts_follow_later(
    journal: Journal, engine: Engine
) -> None:
    with held(engine):
        journal.append("c", "fact")
        with pytest.raises(JournalError, match="locked"):
            await journal.flush()
        assert journal.failure is not None
    await journal.flush()
    assert journal.failure is None
    assert len(journal.events("c")) == 1


async def test_stop_does_not_wait_for_ever_for_a_disk_that_refuses(engine: Engine) -> None:
    journal = Journal(engine)
    await journal.start()
    with held(engine):
        journal.append("c", "fact")
        await until_failing(journal)
        async with asyncio.timeout(5):
            await journal.stop()
    assert journal.waiting == 1


async def test_stop_commits_what_waits(engine: Engine) -> None:
    journal = Journal(engine, commit_interval_s=60)
    await journal.start()
    journal.append("c", "first")
    await journal.flush()
    journal.append("c", "second")
    await journal.stop()
    assert [event.kind for event in journal.events("c")] == ["first", "second"]


async def test_listeners_hear_durable_facts_in_order_on_the_event_loop(journal: Journal) -> None:
    heard: list[JournalEvent] = []
    threads = set()

    def listen(event: JournalEvent) -> None:
        threads.add(threading.current_thread())
        heard.append(event)

    unsubscribe = journal.subscribe(listen)
    journal.append("c", "first", a=1)
    journal.append("c", "second")
    await journal.flush()
    assert heard == journal.events("c")
    assert threads == {threading.current_thread()}
    unsubscribe()
    unsubscribe()
    journal.append("c", "third")
    await journal.flush()
    assert len(heard) == 2


async def test_a_listener_that_raises_silences_nobody(journal: Journal) -> None:
    heard: list[str] = []

    def broken(event: JournalEvent) -> None:
        raise RuntimeError(event.kind)

    journal.subscribe(broken)
    journal.subscribe(lambda event: heard.append(event.kind))
    journal.append("c", "first")
    journal.append("c", "second")
    await journal.flush()
    assert heard == ["first", "second"]


async def test_contacts_are_newest_first_with_their_extent_and_outcome(journal: Journal) -> None:
    journal.append("old", "contact.ringing")
    journal.append("new", "contact.started")
    journal.append("old", "contact.started")
    journal.append("old", "contact.closed", outcome="answered")
    journal.append("", "server.started")
    await journal.flush()
    new, old = journal.contacts()
    assert (new.contact_id, new.events, new.outcome) == ("new", 1, None)
    assert (old.contact_id, old.events, old.outcome) == ("old", 3, "answered")
    assert old.first_at < new.first_at < old.last_at
    assert [contact.contact_id for contact in journal.contacts(limit=1)] == ["new"]


async def test_contacts_a_dead_server_left_are_closed_once_as_interrupted(journal: Journal) -> None:
    for number in range(250):
        journal.append(f"c{number:03}", "contact.ringing" if number % 2 else "contact.started")
        journal.append(f"c{number:03}", "contact.started")
        if number % 50 == 49:
            await journal.flush()
    journal.append("c007", "contact.closed", outcome="answered")
    journal.append("", "agent.available")
    await journal.flush()
    expected = [f"c{number:03}" for number in range(250) if number != 7]
    assert journal.open_contacts() == expected
    assert await journal.close_interrupted(NOW) == expected
    last = journal.events("c000")[-1]
    assert (last.kind, last.fields, last.at) == ("contact.closed", {"outcome": "interrupted"}, NOW)
    assert journal.events("c007")[-1].fields == {"outcome": "answered"}
    assert journal.open_contacts() == []
    assert await journal.close_interrupted(NOW) == []


async def test_a_sequence_number_is_not_used_again_after_its_row_was_erased(engine: Engine) -> None:
    for _ in range(2):
        journal = Journal(engine)
        await journal.start()
        journal.append("c", "fact")
        await journal.stop()
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM journal WHERE sequence = 1")
    assert [event.sequence for event in journal.events("c")] == [2]


def test_what_flush_acknowledged_survives_kill_9_without_holes(tmp_path: Path) -> None:
    database = tmp_path / "trunkline.db"
    arguments = [sys.executable, "-m", "tests.server.journal_child", str(database)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        durable = (int(line.split()[1]) for line in child.stdout if line.startswith(b"durable "))
        acknowledged = next(number for number in durable if number >= 600)
        child.kill()
        acknowledged = max(acknowledged, *durable, 0)
    engine = open_store(database)
    journal = Journal(engine)
    started, *kept = journal.events("contact-0")
    assert len(kept) >= acknowledged
    assert [event.fields["number"] for event in kept] == list(range(len(kept)))
    assert [event.sequence for event in (started, *kept)] == list(range(1, len(kept) + 2))
    assert journal.open_contacts() == ["contact-0"]
    engine.dispose()
