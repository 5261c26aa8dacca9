"""One writer commits what many give it, and outlives whatever they give it."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from recordings.errors import CatalogueError
from server.store.store import StoreError
from server.store.writer import CatalogueRows, StoreWriter
from tests.patience import PATIENCE_S
from tests.server.ground import held, opened

INSERT = "INSERT INTO journal_run (instance, boot, settings) VALUES (:instance, '', '')"


class Rows:
    """A work that writes one row, or fails as it is told to."""

    def __init__(self, instance: str, failure: Exception | None = None) -> None:
        self.instance = instance
        self.failure = failure
        self.error: StoreError | None = None
        self.done = threading.Event()

    def write(self, connection: sqlite3.Connection) -> None:
        connection.execute(INSERT, {"instance": self.instance})
        if self.failure is not None:
            raise self.failure

    def committed(self) -> None:
        self.done.set()

    def refused(self, error: StoreError) -> None:
        self.error = error
        self.done.set()


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[tuple[Engine, StoreWriter]]:
    with opened(tmp_path / "trunkline.db", commit_interval_s=0.2) as ground:
        yield ground


def kept(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT instance FROM journal_run ORDER BY run").scalars())


def test_what_gathers_while_a_commit_is_due_shares_one_transaction(
    ground: tuple[Engine, StoreWriter],
) -> None:
    engine, writer = ground
    begun, go_on, found = threading.Event(), threading.Event(), list[str]()

    class Slow(Rows):
        def write(self, connection: sqlite3.Connection) -> None:
            begun.set()
            go_on.wait(PATIENCE_S)
            super().write(connection)

    class FirstOfMany(Rows):
        def committed(self) -> None:  # on the writer's thread: until it returns nothing else is committed
            found.extend(kept(engine))
            super().committed()

    writer.submit(Slow("first"))
    assert begun.wait(PATIENCE_S)
    together = [FirstOfMany("0"), *(Rows(str(number)) for number in range(1, 20))]
    for work in together:
        writer.submit(work)
    go_on.set()
    assert all(work.done.wait(PATIENCE_S) for work in together)
    assert found == ["first", *(str(number) for number in range(20))]


@pytest.mark.parametrize(
    "failure",
    [ValueError("bug"), KeyError("x"), sqlite3.IntegrityError("duplicate"), MemoryError()],
    ids=lambda failure: type(failure).__name__,
)
def test_finding_33_a_work_that_fails_costs_only_itself(
    ground: tuple[Engine, StoreWriter], failure: Exception
) -> None:
    engine, writer = ground
    writer.write((INSERT, [{"instance": "first"}]))
    before, broken, after = Rows("before"), Rows("broken", failure), Rows("after")
    for work in (before, broken, after):
        writer.submit(work)
    assert all(work.done.wait(PATIENCE_S) for work in (before, broken, after))
    assert (before.error, after.error) == (None, None)
    assert broken.error is not None
    writer.write((INSERT, [{"instance": "last"}]))
    assert kept(engine) == ["first", "before", "after", "last"]
    assert writer.health().alive


def test_finding_33_a_result_that_cannot_be_told_does_not_end_the_writer(
    ground: tuple[Engine, StoreWriter],
) -> None:
    engine, writer = ground

    class Deaf(Rows):
        def committed(self) -> None:
            raise RuntimeError("nobody listens")

    writer.submit(Deaf("deaf"))
    writer.write((INSERT, [{"instance": "next"}]))
    assert kept(engine) == ["deaf", "next"]
    assert writer.health().alive


def test_a_disk_that_refuses_is_told_to_all_and_forgotten_when_it_takes_again(
    ground: tuple[Engine, StoreWriter],
) -> None:
    engine, writer = ground
    with held(engine):
        with pytest.raises(StoreError, match="locked"):
            writer.write((INSERT, [{"instance": "refused"}]))
        health = writer.health()
        assert health.failing_since_s is not None
        assert "locked" in health.last_error
    writer.write((INSERT, [{"instance": "taken"}]))
    assert kept(engine) == ["taken"]
    assert writer.health().failing_since_s is None


def test_all_statements_of_a_call_are_kept_or_none(ground: tuple[Engine, StoreWriter]) -> None:
    engine, writer = ground
    with pytest.raises(StoreError):
        writer.write((INSERT, [{"instance": "first"}]), ("INSERT INTO nowhere VALUES (:x)", [{"x": 1}]))
    assert kept(engine) == []


def test_recordings_hear_of_a_refusal_in_their_own_words(ground: tuple[Engine, StoreWriter]) -> None:
    rows = CatalogueRows(ground[1])
    with pytest.raises(CatalogueError, match="catalogue"):
        rows.write(("INSERT INTO nowhere VALUES (:x)", [{"x": 1}]))


def test_after_stop_nothing_is_taken(ground: tuple[Engine, StoreWriter]) -> None:
    _, writer = ground
    writer.stop()
    assert not writer.submit(Rows("late"))
    with pytest.raises(StoreError, match="closed"):
        writer.write((INSERT, [{"instance": "late"}]))


def test_a_file_that_cannot_be_opened_is_an_error_of_the_start(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        StoreWriter(tmp_path / "no" / "such" / "folder.db").start()


def test_what_a_work_has_left_is_written_before_the_end(tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db", commit_interval_s=60) as (engine, writer):
        writer.write((INSERT, [{"instance": "first"}]))

        class InParts(Rows):
            parts = 3

            def committed(self) -> None:
                self.parts -= 1
                if self.parts:
                    assert writer.submit(self)
                else:
                    super().committed()

        work = InParts("part")
        writer.submit(work)
        writer.stop()
        assert work.done.is_set()
        assert kept(engine) == ["first", "part", "part", "part"]


def test_a_work_that_a_failing_disk_refuses_for_ever_does_not_keep_the_program_from_ending(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "trunkline.db", commit_interval_s=60) as (engine, writer):
        writer.write((INSERT, [{"instance": "first"}]))

        class Again(Rows):
            taken_again = True

            def refused(self, error: StoreError) -> None:
                self.taken_again = writer.submit(self)

        work = Again("again")
        with held(engine):
            writer.submit(work)
            writer.stop()
        assert not work.taken_again
