"""What flows keep about a caller from one call to the next, by the number: personal, bounded, and forgotten.

Values of secret variables never come here: a flow that would keep one is refused when it is loaded.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from ivr_flows.engine.requests import Values
from recordings.instants import to_utc_text
from server.outside.tables import PROFILE
from server.store.store import StoreError
from server.store.writer import StoreWriter, Waited

log = structlog.get_logger(__name__)

MAX_VALUES = 100
MAX_VALUE = 1000
LOOKS_EVERY_S = 3600.0
_SAVE = (
    "INSERT INTO profile (caller, name, value, kept_at) VALUES (:caller, :name, :value, :kept_at) "
    "ON CONFLICT (caller, name) DO UPDATE SET value = excluded.value, kept_at = excluded.kept_at"
)
_TRIM = (
    "DELETE FROM profile WHERE caller = :caller AND name NOT IN "
    "(SELECT name FROM profile WHERE caller = :caller ORDER BY kept_at DESC, name LIMIT :most)"
)


class ProfileError(Exception):
    """The database does not answer; the message quotes nothing of a profile."""


class Profiles(Protocol):
    """Profiles as flows use them."""

    async def read(self, caller: str) -> Values:
        """Empty when nothing is kept; raises ProfileError."""

    async def write(self, caller: str, values: Values) -> None:
        """Returns when it is durable; raises ProfileError."""


class StoredProfiles:
    """Reads on a thread of its own: a disk that hangs holds up nobody but profiles."""

    def __init__(self, store: Engine, writer: StoreWriter, utc: Callable[[], datetime]) -> None:
        self._store = store
        self._writer = writer
        self._utc = utc
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="profiles")

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def read(self, caller: str) -> Values:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self.kept, caller)
        except (SQLAlchemyError, RuntimeError) as error:
            raise ProfileError(type(error).__name__) from None

    async def write(self, caller: str, values: Values) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        rows = [
            {"caller": caller, "name": name, "value": value[:MAX_VALUE], "kept_at": to_utc_text(self._utc())}
            for name, value in values[:MAX_VALUES]
        ]
        if not self._writer.submit(_Keeping(rows, loop, done)):
            raise ProfileError("the database is closed")
        await done

    def kept(self, caller: str) -> Values:
        """Blocks."""
        columns = select(PROFILE.c.name, PROFILE.c.value)
        query = columns.where(PROFILE.c.caller == caller).order_by(PROFILE.c.name).limit(MAX_VALUES)
        with self._store.connect() as connection:
            return tuple((row.name, row.value) for row in connection.execute(query))

    def erase(self, caller: str) -> int:
        """Blocks until it is durable; raises StoreError. How many values there were."""
        return self._removed("DELETE FROM profile WHERE caller = ?", (caller,))

    async def forget(self, keep: timedelta) -> None:
        """Until cancelled: what was not written for so long goes."""
        while True:
            before = to_utc_text(self._utc() - keep)
            try:
                await asyncio.to_thread(self._removed, "DELETE FROM profile WHERE kept_at < ?", (before,))
            except StoreError as error:
                log.error("profiles.not_forgotten", cause=str(error))  # noqa: TRY400 - no bug: tried again
            await asyncio.sleep(LOOKS_EVERY_S)

    def _removed(self, sql: str, parameters: tuple[str, ...]) -> int:
        removal = _Removal(sql, parameters)
        if not self._writer.submit(removal):
            raise StoreError("the database is closed")
        removal.wait()
        return removal.rows


class _Keeping:
    """Rows of one caller, told to the loop when they are durable."""

    def __init__(
        self,
        rows: Collection[dict[str, str]],
        loop: asyncio.AbstractEventLoop,
        done: asyncio.Future[None],
    ) -> None:
        self._rows = rows
        self._loop = loop
        self._done = done

    def write(self, connection: sqlite3.Connection) -> None:
        connection.executemany(_SAVE, list(self._rows))
        for caller in {row["caller"] for row in self._rows}:
            connection.execute(_TRIM, {"caller": caller, "most": MAX_VALUES})

    def committed(self) -> None:
        self._tell(None)

    def refused(self, error: StoreError) -> None:
        self._tell(ProfileError(type(error).__name__))

    def _tell(self, error: ProfileError | None) -> None:
        def on_loop() -> None:
            if self._done.done():
                return
            if error is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(error)

        self._loop.call_soon_threadsafe(on_loop)


class _Removal(Waited):
    def __init__(self, sql: str, parameters: tuple[str, ...]) -> None:
        super().__init__()
        self._sql = sql
        self._parameters = parameters
        self.rows = 0

    def write(self, connection: sqlite3.Connection) -> None:
        self.rows = connection.execute(self._sql, self._parameters).rowcount
