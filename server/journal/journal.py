"""The event journal: every fact of a contact, in order and durable, under one id from ring to wrap-up.

`Journal.append` never waits: it puts the fact into a bounded queue, and one writer thread commits what
has gathered, at most every `commit_interval_s`, with a full sync. When `capacity` facts are waiting (the disk
hangs or is full) append raises JournalFull; that is overload, and the caller refuses new contacts. Facts are
committed and told to listeners in the order of their appends. A fact that has been committed survives
kill -9 and loss of power; `flush` waits until all appended before it are.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog
from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from recordings.instants import to_utc_text
from server.journal.records import (
    CLOSING_KIND,
    JOURNAL,
    METADATA,
    ContactSummary,
    JournalEvent,
    JsonScalar,
    contacts_lacking,
    events_of,
    newest_contacts,
    unclosed_contacts,
)

__all__ = ["METADATA", "ContactSummary", "Journal", "JournalError", "JournalEvent", "JournalFull"]

log = structlog.get_logger(__name__)

_RETRY_S = 0.25


class JournalError(Exception):
    """Facts could not be made durable."""


class JournalFull(JournalError):  # noqa: N818 - a state of the journal that the caller answers, like queue.Full
    """Too many facts wait for the disk; the caller treats it as overload."""


Listener = Callable[[JournalEvent], None]


@dataclass(frozen=True, slots=True)
class _Fact:
    contact_id: str
    at: datetime
    kind: str
    fields: dict[str, JsonScalar]

    def row(self) -> dict[str, object]:
        return {
            "contact_id": self.contact_id,
            "at": to_utc_text(self.at),
            "kind": self.kind,
            "fields": self.fields,
        }


class Journal:
    """Written from the event loop that started it; its reading methods block, and need no start."""

    def __init__(self, engine: Engine, *, capacity: int = 10_000, commit_interval_s: float = 0.02) -> None:
        self._engine = engine
        self._capacity = capacity
        self._commit_interval_s = commit_interval_s
        self._changed = threading.Condition()
        self._waiting: deque[_Fact] = deque()
        self._appended = 0
        self._flushes: list[tuple[int, asyncio.Future[None]]] = []
        self._listeners: list[Listener] = []
        self._stopping = False
        self._failure: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Commits what waits, once; what a failing disk then refuses is lost, counted and logged."""
        if self._thread is None:
            return
        with self._changed:
            self._stopping = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        self._thread = None

    @property
    def failure(self) -> str | None:
        """Why the newest commit failed; None while the journal is healthy."""
        return self._failure

    @property
    def crowded(self) -> bool:
        """Half full: no new contacts, so that those there are have room for what still happens to them."""
        return len(self._waiting) > self._capacity // 2

    @property
    def waiting(self) -> int:
        """Facts not yet durable."""
        return len(self._waiting)

    def append(self, contact_id: str, kind: str, /, **fields: JsonScalar) -> None:
        """Never waits; raises JournalFull when the disk has fallen too far behind."""
        for name, value in fields.items():
            if not isinstance(value, JsonScalar):
                raise TypeError(f"field {name} of {kind} is a {type(value).__name__}, not a JSON scalar")
        self._put(contact_id, kind, None, fields)

    def _put(self, contact_id: str, kind: str, at: datetime | None, fields: dict[str, JsonScalar]) -> None:
        with self._changed:
            if len(self._waiting) >= self._capacity:
                raise JournalFull(f"{self._capacity} facts wait for the disk")
            self._waiting.append(_Fact(contact_id, at or datetime.now(UTC), kind, fields))
            self._appended += 1
            if len(self._waiting) == 1:
                # With more waiting the writer is awake already, or sleeps until its next commit is due.
                self._changed.notify()

    async def flush(self) -> None:
        """Returns once all appended so far is durable; raises JournalError when the disk refuses it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._changed:
            if not self._waiting:
                return
            self._flushes.append((self._appended, done))
        await done

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tells `listener`, on the event loop, each fact once it is durable; returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    async def close_interrupted(self, now: datetime) -> list[str]:
        """Closes the contacts that a dead server left open; called once at start, before any new contact."""
        contacts = await asyncio.to_thread(self.open_contacts)
        for count, contact_id in enumerate(contacts, start=1):
            self._put(contact_id, CLOSING_KIND, now, {"outcome": "interrupted"})
            if count % self._capacity == 0:
                await self.flush()
        await self.flush()
        return contacts

    def events(self, contact_id: str) -> list[JournalEvent]:
        return events_of(self._engine, contact_id)

    def contacts(self, limit: int = 50) -> list[ContactSummary]:
        return newest_contacts(self._engine, limit)

    def open_contacts(self) -> list[str]:
        return unclosed_contacts(self._engine)

    def contacts_lacking(self, having: tuple[str, ...], lacking: tuple[str, ...]) -> list[str]:
        return contacts_lacking(self._engine, having, lacking)

    def _write(self) -> None:
        # One connection for good: taking one from the pool for every batch costs more than the batch.
        with self._engine.connect() as connection:
            self._write_on(connection)

    def _write_on(self, connection: Connection) -> None:
        next_commit_s = 0.0
        while batch := self._next_batch(next_commit_s):
            next_commit_s = monotonic() + self._commit_interval_s
            try:
                last = _commit(connection, batch)
            except SQLAlchemyError as error:
                self._refused(error)
                if self._stopping:
                    log.error("journal.lost", facts=len(self._waiting))  # noqa: TRY400 - told with its error before
                    return
                next_commit_s = monotonic() + _RETRY_S
            else:
                self._committed(batch, last)

    def _next_batch(self, not_before_s: float) -> tuple[_Fact, ...]:
        """Waits for facts and for the time of the next commit; nothing once stopping and all is written."""
        with self._changed:
            while not self._stopping and (not self._waiting or monotonic() < not_before_s):
                self._changed.wait(max(0.0, not_before_s - monotonic()) if self._waiting else None)
            return tuple(self._waiting)

    def _committed(self, batch: tuple[_Fact, ...], last: int) -> None:
        first = last - len(batch) + 1
        events = [
            JournalEvent(sequence, fact.contact_id, fact.at, fact.kind, fact.fields)
            for sequence, fact in enumerate(batch, start=first)
        ]
        with self._changed:
            for _ in batch:
                self._waiting.popleft()
            durable = self._appended - len(self._waiting)
            done = [future for count, future in self._flushes if count <= durable]
            self._flushes = [(count, future) for count, future in self._flushes if count > durable]
        self._failure = None
        self._tell(events, done, None)

    def _refused(self, error: SQLAlchemyError) -> None:
        cause = str(getattr(error, "orig", None) or error)
        if self._failure is None:
            log.error("journal.failing", cause=cause, waiting=len(self._waiting))
        self._failure = cause
        with self._changed:
            failed, self._flushes = [future for _, future in self._flushes], []
        self._tell([], failed, JournalError(f"the journal cannot be written: {cause}"))

    def _tell(
        self, events: list[JournalEvent], flushed: list[asyncio.Future[None]], error: JournalError | None
    ) -> None:
        def on_loop() -> None:
            self._deliver(events)
            for future in flushed:
                _settle(future, error)

        if self._loop is not None and (flushed or self._listeners):
            with suppress(RuntimeError):  # the loop closed without stop(): nobody is left to be told
                self._loop.call_soon_threadsafe(on_loop)

    def _deliver(self, events: list[JournalEvent]) -> None:
        for event in events:
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except Exception:
                    # One broken listener must not silence the others.
                    log.exception("journal.listener_failed", kind=event.kind)


def _commit(connection: Connection, batch: tuple[_Fact, ...]) -> int:
    """The sequence number of the last fact."""
    with connection.begin():
        connection.execute(insert(JOURNAL), [fact.row() for fact in batch])
        # This transaction holds the write lock, so the batch has the newest numbers without a hole.
        return int(connection.execute(select(func.max(JOURNAL.c.sequence))).scalar_one())


def _settle(future: asyncio.Future[None], error: JournalError | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
