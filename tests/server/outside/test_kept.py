"""Notices and profiles in the database: they outlive the server, expire, and can be erased."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.outside.notices import MAX_NOTICES, Notice, NoticeBoard, TooManyNoticesError
from server.outside.profiles import MAX_VALUE, MAX_VALUES, ProfileError, StoredProfiles
from server.store.store import open_store
from server.store.writer import StoreWriter

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@contextmanager
def stored(folder: Path) -> Iterator[tuple[NoticeBoard, StoredProfiles, StoreWriter]]:
    store = open_store(folder / "trunkline.db")
    writer = StoreWriter(folder / "trunkline.db", commit_interval_s=0.0)
    writer.start()
    profiles = StoredProfiles(store, writer, lambda: NOW)
    yield NoticeBoard(store, writer), profiles, writer
    profiles.close()
    writer.stop()
    store.dispose()


def notice(name: str = "downtime", text: str = "We are down.", minutes: float = 60) -> Notice:
    return Notice(name, text, NOW + timedelta(minutes=minutes), NOW, "alice")


def test_s17_a_notice_expires_by_itself(tmp_path: Path) -> None:
    with stored(tmp_path) as (board, _, _):
        board.put(notice())
        assert board.text("downtime", NOW + timedelta(minutes=59)) == "We are down."
        assert board.text("downtime", NOW + timedelta(minutes=60)) is None
        assert board.on(NOW + timedelta(minutes=60)) == ()


def test_a_notice_outlives_the_server_and_a_cleared_one_does_not_come_back(tmp_path: Path) -> None:
    with stored(tmp_path) as (board, _, _):
        board.put(notice())
        board.put(notice("strike", "No trains."))
        board.put(notice("strike", "Few trains."))
        assert board.clear("downtime", NOW)
        assert not board.clear("downtime", NOW)
    with stored(tmp_path) as (board, _, _):
        assert [(each.name, each.text) for each in board.on(NOW)] == [("strike", "Few trains.")]


def test_expired_notices_make_room_and_too_many_are_refused(tmp_path: Path) -> None:
    with stored(tmp_path) as (board, _, _):
        board.put(notice("old", minutes=-1))
        for number in range(MAX_NOTICES):
            board.put(notice(f"notice{number}"))
        with pytest.raises(TooManyNoticesError):
            board.put(notice("one-more"))
        board.put(notice("notice0", "changed"))
        assert board.text("notice0", NOW) == "changed"


def test_a_profile_outlives_the_server_and_is_bounded(tmp_path: Path) -> None:
    with stored(tmp_path) as (_, profiles, _):

        async def write() -> None:
            await profiles.write("+44", (("name", "Ada"), ("calls", "1")))
            await profiles.write("+44", (("calls", "x" * 5000),))
            await profiles.write("+45", tuple((f"v{n:03}", "1") for n in range(500)))

        asyncio.run(write())
    with stored(tmp_path) as (_, profiles, _):
        assert profiles.kept("+44") == (("calls", "x" * MAX_VALUE), ("name", "Ada"))
        assert len(profiles.kept("+45")) == MAX_VALUES


def test_a_profile_is_erased_on_demand_and_nobody_elses(tmp_path: Path) -> None:
    with stored(tmp_path) as (_, profiles, _):

        async def write() -> None:
            await profiles.write("+44", (("name", "Ada"),))
            await profiles.write("+45", (("name", "Bob"),))

        asyncio.run(write())
        assert profiles.erase("+44") == 1
        assert profiles.erase("+44") == 0
        assert profiles.kept("+45") == (("name", "Bob"),)


def test_a_profile_that_was_not_written_for_long_is_forgotten(tmp_path: Path) -> None:
    with stored(tmp_path) as (_, profiles, writer):
        asyncio.run(profiles.write("+44", (("name", "Ada"),)))
        store = open_store(tmp_path / "trunkline.db")
        later = StoredProfiles(store, writer, lambda: NOW + timedelta(days=31))

        async def forget() -> None:
            task = asyncio.create_task(later.forget(timedelta(days=30)))
            while await asyncio.to_thread(profiles.kept, "+44"):
                await asyncio.sleep(0.01)
            task.cancel()

        asyncio.run(forget())
        later.close()
        store.dispose()


def test_a_closed_database_is_an_error_and_no_hang(tmp_path: Path) -> None:
    with stored(tmp_path) as (_, profiles, writer):
        writer.stop()
        with pytest.raises(ProfileError):
            asyncio.run(profiles.write("+44", (("name", "Ada"),)))


def test_a_table_that_is_gone_fails_the_question(tmp_path: Path) -> None:
    with stored(tmp_path) as (_, profiles, writer):
        writer.write(("DROP TABLE profile", [{}]))

        async def ask() -> None:
            with pytest.raises(ProfileError):
                await profiles.read("+44")
            with pytest.raises(ProfileError):
                await profiles.write("+44", (("name", "Ada"),))

        asyncio.run(ask())
