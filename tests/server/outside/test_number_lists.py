"""Number lists: one number however it is written, what expires, and what is kept in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.outside.kept_lists import KeptLists
from server.outside.number_lists import (
    MAX_NUMBERS,
    ListedNumber,
    ListedNumbers,
    NoNumberError,
    NumberList,
    TooManyNumbersError,
)
from server.store.store import open_store
from server.store.writer import StoreWriter

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SOON = NOW + timedelta(minutes=60)
BERLIN = "+4930123456"
BLOCK, VIP, DO_NOT_CALL = NumberList.BLOCK, NumberList.VIP, NumberList.DO_NOT_CALL


def listed(
    on: NumberList, number: str = BERLIN, entry: str = "1", expires: datetime | None = None
) -> ListedNumber:
    return ListedNumber(entry, on, number, "alice", "rings all night", expires, NOW, "bob")


@contextmanager
def kept(folder: Path) -> Iterator[KeptLists]:
    store = open_store(folder / "trunkline.db")
    writer = StoreWriter(folder / "trunkline.db", commit_interval_s=0.0)
    writer.start()
    yield KeptLists(store, writer, "DE")
    writer.stop()
    store.dispose()


@pytest.mark.parametrize("typed", ["+4930123456", "030123456", "030 123 456", "004930123456", "030/12-34 56"])
def test_s67_a_number_is_the_same_however_it_is_written(typed: str) -> None:
    numbers = ListedNumbers("DE", [listed(BLOCK)])
    assert numbers.has(BLOCK, typed, NOW)
    assert not numbers.has(VIP, typed, NOW)


@pytest.mark.parametrize("typed", ["", "anonymous", "100", "+49", "+" * 300, "\x00", "9" * 5000, "sip:a@b"])
def test_s67_what_is_no_number_is_on_no_list_and_cannot_be_put_on_one(typed: str) -> None:
    numbers = ListedNumbers(None, [listed(BLOCK)])
    assert not numbers.has(BLOCK, typed, NOW)
    with pytest.raises(NoNumberError) as refused:
        numbers.full_number(typed)
    assert not typed or typed not in str(refused.value)


def test_s41_what_has_expired_does_not_count(tmp_path: Path) -> None:
    with kept(tmp_path) as lists:
        lists.put(listed(DO_NOT_CALL, expires=SOON))
        before = lists.numbers.do_not_call(SOON - timedelta(seconds=1))
        assert BERLIN in before
        assert BERLIN not in lists.numbers.do_not_call(SOON)
        assert lists.numbers.page(DO_NOT_CALL, SOON, 10) == ()
        assert lists.remove(DO_NOT_CALL, BERLIN, SOON) is None


def test_s02_a_list_outlives_the_server_and_what_was_removed_does_not_come_back(tmp_path: Path) -> None:
    with kept(tmp_path) as lists:
        lists.put(listed(BLOCK))
        lists.put(listed(VIP, entry="2"))
        lists.put(listed(VIP, entry="3", expires=SOON))
        assert lists.remove(BLOCK, BERLIN, NOW) == listed(BLOCK)
        assert lists.remove(BLOCK, BERLIN, NOW) is None
    with kept(tmp_path) as lists:
        assert lists.numbers.page(VIP, NOW, 10) == (listed(VIP, entry="3", expires=SOON),)
        assert lists.numbers.page(BLOCK, NOW, 10) == ()


def test_what_has_expired_is_not_kept(tmp_path: Path) -> None:
    with kept(tmp_path) as lists:
        lists.put(listed(BLOCK, expires=SOON))
        lists.put(listed(VIP, entry="2"))
        assert lists.drop_expired(NOW) == 0
        assert lists.drop_expired(SOON) == 1
    with kept(tmp_path) as lists:
        assert lists.numbers.page(BLOCK, NOW, 10) == ()
        assert lists.numbers.find(VIP, BERLIN, SOON) is not None


def test_a_list_is_bounded_and_what_is_there_can_still_be_changed() -> None:
    full = ListedNumbers("DE", (listed(BLOCK, f"+4930{n:07}") for n in range(MAX_NUMBERS)))
    with pytest.raises(TooManyNumbersError):
        full.put(listed(BLOCK, "+4940123456"))
    full.put(listed(BLOCK, "+49300000000", entry="2"))
    full.put(listed(VIP))
    assert full.has(VIP, BERLIN, NOW)


def test_pages_show_each_entry_once_newest_first() -> None:
    numbers = ListedNumbers("DE", (listed(BLOCK, f"+4930{n:07}", entry=f"{n:02}") for n in range(5)))
    first = numbers.page(BLOCK, NOW, 3)
    rest = numbers.page(BLOCK, NOW, 3, first[-1].entry)
    assert [each.entry for each in (*first, *rest)] == ["04", "03", "02", "01", "00"]
