"""Number lists in the database: read once at the start, and changed there before they are in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from threading import Lock

import structlog
from sqlalchemy import Engine, Row, select

from recordings.instants import from_utc_text, to_utc_text
from server.outside.number_lists import ListedNumber, ListedNumbers, NumberList
from server.outside.tables import LISTED_NUMBER
from server.store.store import StoreError
from server.store.writer import StoreWriter

log = structlog.get_logger(__name__)

LOOKS_EVERY_S = 3600.0
_SAVE = (
    "INSERT INTO listed_number (list, number, entry, owner, reason, expires, set_at, set_by) "
    "VALUES (:list, :number, :entry, :owner, :reason, :expires, :set_at, :set_by) "
    "ON CONFLICT (list, number) DO UPDATE SET entry = excluded.entry, owner = excluded.owner, "
    "reason = excluded.reason, expires = excluded.expires, set_at = excluded.set_at, set_by = excluded.set_by"
)
_DELETE = "DELETE FROM listed_number WHERE list = :list AND number = :number AND entry = :entry"

Values = dict[str, str | int | float | bytes | None]


class KeptLists:
    """Calls are judged by `numbers`; `put`, `remove` and `drop_expired` block until they are durable."""

    def __init__(self, store: Engine, writer: StoreWriter, country: str | None = None) -> None:
        """Blocks: reads what was there before."""
        self._writer = writer
        self._one_at_a_time = Lock()
        with store.connect() as connection:
            rows = connection.execute(select(LISTED_NUMBER)).all()
        self.numbers = ListedNumbers(country, map(_entry, rows))

    def put(self, entry: ListedNumber) -> None:
        """Replaces the entry of the same number; raises StoreError and TooManyNumbersError."""
        with self._one_at_a_time:
            self._drop(self.numbers.expired(entry.set_at))
            self.numbers.check_room(entry)
            self._writer.write((_SAVE, [_row(entry)]))
            self.numbers.put(entry)

    def remove(self, wanted: NumberList, number: str, now: datetime) -> ListedNumber | None:
        """What was there, if it counted; raises StoreError."""
        with self._one_at_a_time:
            was = self.numbers.find(wanted, number, now)
            if was is not None:
                self._drop((was,))
            return was

    def drop_expired(self, now: datetime) -> int:
        """How many; raises StoreError."""
        with self._one_at_a_time:
            gone = self.numbers.expired(now)
            self._drop(gone)
            return len(gone)

    async def forget(self, utc: Callable[[], datetime]) -> None:
        """Until cancelled: what has expired is not kept."""
        while True:
            try:
                await asyncio.to_thread(self.drop_expired, utc())
            except StoreError as error:
                log.error("lists.not_forgotten", cause=str(error))  # noqa: TRY400 - no bug: tried again
            await asyncio.sleep(LOOKS_EVERY_S)

    def _drop(self, entries: tuple[ListedNumber, ...]) -> None:
        rows: list[Values] = [
            {"list": each.on.value, "number": each.number, "entry": each.entry} for each in entries
        ]
        if not rows:
            return
        self._writer.write((_DELETE, rows))
        for each in entries:
            self.numbers.remove(each.on, each.number, each.set_at)


def _entry(row: Row[tuple[object, ...]]) -> ListedNumber:
    return ListedNumber(
        row.entry,
        NumberList(row.list),
        row.number,
        row.owner,
        row.reason,
        None if row.expires is None else from_utc_text(row.expires),
        from_utc_text(row.set_at),
        row.set_by,
    )


def _row(entry: ListedNumber) -> Values:
    return {
        "list": entry.on.value,
        "number": entry.number,
        "entry": entry.entry,
        "owner": entry.owner,
        "reason": entry.reason,
        "expires": None if entry.expires is None else to_utc_text(entry.expires),
        "set_at": to_utc_text(entry.set_at),
        "set_by": entry.set_by,
    }
