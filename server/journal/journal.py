"""The event journal: every fact, in order and durable.

`Journal.append` never waits: it stamps the fact and puts it into a bounded queue, which the store's writer
commits within a few milliseconds, with a full sync. When `capacity` facts are waiting (the disk hangs or is
full) append raises JournalFull; that is overload, and the caller refuses new contacts. Facts are committed
and told to listeners in the order of their appends. A fact that has been committed survives kill -9 and loss
of power; `durable` waits until all appended before it are, and whoever acts on a fact that promises to be
durable FIRST awaits it before they do.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from contacts.facts.contact import ContactClosed
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.ids import ContactId
from contacts.outcomes import ContactOutcome
from server.journal.identity import RunIdentity
from server.journal.reading import entries_of, last_sequence, last_told, unclosed_contacts
from server.journal.rows import JournalRows, Line, in_text
from server.store.store import StoreError
from server.store.writer import StoreWriter

log = structlog.get_logger(__name__)

_LARGEST_BATCH = 5_000


class JournalError(Exception):
    """Facts could not be made durable, or the journal cannot be read."""


class JournalFull(JournalError):  # noqa: N818 - a state of the journal that the caller answers, like queue.Full
    """Too many facts wait for the disk; the caller treats it as overload."""


Listener = Callable[[JournalEntry], None]


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """How the journal is, as the event loop sees it. `failing_since_s` is on the journal's clock."""

    behind: int
    """Facts not yet durable."""
    failing_since_s: float | None
    last_error: str
    writer_alive: bool
    set_aside: int = 0
    """Facts that the database took no row of, since the start: a bug of ours."""

    @property
    def well(self) -> bool:
        return self.writer_alive and self.failing_since_s is None


class Journal:
    """Written from the event loop that started it. `clock` is monotonic: the loop's, or a test's.

    It is also a work of the store's writer, which calls `write`, `committed` and `refused`.
    """

    def __init__(
        self,
        writer: StoreWriter,
        engine: Engine,
        identity: RunIdentity,
        *,
        clock: Callable[[], float],
        capacity: int = 10_000,
    ) -> None:
        self._writer = writer
        self._engine = engine
        self._identity = identity
        self._clock = clock
        self._capacity = capacity
        self._sequence = 0
        self._rows = JournalRows()
        self._lock = threading.Lock()
        self._waiting: deque[Line] = deque()
        self._submitted = False
        self._batch: tuple[Line, ...] = ()
        self._durable_waits: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._listeners: list[Listener] = []
        self._failing_since_s: float | None = None
        self._last_error = ""
        self._set_aside = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Raises JournalError when the database cannot be read."""
        self._loop = asyncio.get_running_loop()
        try:
            self._sequence = await asyncio.to_thread(last_sequence, self._engine)
        except SQLAlchemyError as error:
            raise JournalError(f"the journal cannot be read: {_cause(error)}") from error

    def apply(self, settings: str) -> None:
        """Facts carry the hash of other settings from here on."""
        self._identity = RunIdentity(self._identity.instance, self._identity.boot, settings)

    @property
    def instance(self) -> str:
        """Which server writes it; the same for ever."""
        return self._identity.instance

    @property
    def share(self) -> float:
        """Of its room, from 0 to 1; long before it is full no new contacts are taken."""
        return len(self._waiting) / self._capacity

    def note(self, fact: Fact) -> None:
        """As `append`, for whoever can do nothing about a full journal: the fact is lost and logged."""
        try:
            self.append(fact)
        except JournalFull:
            log.critical("journal.fact_lost", contact=fact.contact_id, kind=fact.kind())

    def health(self) -> JournalHealth:
        alive = self._writer.health().alive
        return JournalHealth(
            len(self._waiting), self._failing_since_s, self._last_error, alive, self._set_aside
        )

    def append(self, fact: Fact) -> JournalEntry:
        """Never waits; raises JournalFull when the disk has fallen too far behind."""
        identity, (fact, text) = self._identity, in_text(fact)
        with self._lock:
            if len(self._waiting) >= self._capacity:
                raise JournalFull(f"{self._capacity} facts wait for the disk")
            self._sequence += 1
            entry = JournalEntry(
                sequence=self._sequence,
                instance=identity.instance,
                boot=identity.boot,
                at=datetime.now(UTC),
                clock_s=self._clock(),
                settings=identity.settings,
                fact=fact,
            )
            self._waiting.append((entry, text))
            submit, self._submitted = not self._submitted, True
        if submit:
            self._submit()
        return entry

    async def durable(self) -> None:
        """Returns once all appended so far is; raises JournalError when the disk refuses it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if not self._waiting:
                return
            self._durable_waits.append((self._sequence, done))
        await done

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tells `listener`, on the event loop, each fact once it is durable; returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    async def close_interrupted(self, kept: frozenset[ContactId] = frozenset()) -> list[ContactId]:
        """Closes the contacts that a dead server left open, but for those `kept`, which go on; called once at
        start, before any new contact."""
        try:
            closings = await asyncio.to_thread(self._closings, kept)
        except SQLAlchemyError as error:
            raise JournalError(f"the journal cannot be read: {_cause(error)}") from error
        for count, closing in enumerate(closings, start=1):
            self.append(closing)
            if count % self._capacity == 0:
                await self.durable()
        await self.durable()
        return [closing.contact for closing in closings]

    def entries(self, contact_id: str) -> list[JournalEntry]:
        """Blocks."""
        return entries_of(self._engine, contact_id)

    # What the store's writer calls, on its own thread

    def write(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            self._batch = tuple(islice(self._waiting, _LARGEST_BATCH))
        self._rows.write(connection, self._batch)

    def committed(self) -> None:
        self._rows.keep()
        lost = {entry.sequence for entry in self._rows.set_aside}
        kept = tuple(line for line in self._batch if line[0].sequence not in lost) if lost else self._batch
        for entry in self._rows.set_aside:
            self._set_aside += 1
            log.error("journal.fact_set_aside", kind=entry.fact.kind(), sequence=entry.sequence)
        with self._lock:
            for _ in self._batch:
                self._waiting.popleft()
            done = self._waits_until(self._batch[-1][0].sequence) if self._batch else []
            self._submitted = bool(self._waiting)
        if self._submitted:
            self._submit()
        self._failing_since_s, self._last_error = None, ""
        self._tell(kept, done, None)

    def refused(self, error: StoreError) -> None:
        if self._failing_since_s is None:
            log.error("journal.failing", cause=str(error), waiting=len(self._waiting))
            self._failing_since_s = self._clock()
        self._last_error = str(error)
        with self._lock:
            failed = self._waits_until(self._sequence)
        self._submit()
        self._tell((), failed, JournalError(f"the journal cannot be written: {error}"))

    def _submit(self) -> None:
        if not self._writer.submit(self):
            log.error("journal.lost", facts=len(self._waiting))

    def _waits_until(self, sequence: int) -> list[asyncio.Future[None]]:
        """Those that wait for facts up to that one; they wait no longer."""
        over = []
        while self._durable_waits and self._durable_waits[0][0] <= sequence:
            over.append(self._durable_waits.popleft()[1])
        return over

    def _closings(self, kept: frozenset[ContactId]) -> list[ContactClosed]:
        closings = []
        for contact in unclosed_contacts(self._engine):
            if contact.contact_id in kept:
                continue
            seen_until = last_told(self._engine, contact.contact_id) or contact.started_at
            lasted_s = contact.duration_s or (seen_until - contact.started_at).total_seconds()
            closings.append(
                ContactClosed(
                    contact=contact.contact_id,
                    outcome=ContactOutcome.INTERRUPTED,
                    duration_s=round(max(0.0, lasted_s), 3),
                )
            )
        return closings

    def _tell(
        self,
        lines: tuple[Line, ...],
        waits: list[asyncio.Future[None]],
        error: JournalError | None,
    ) -> None:
        def on_loop() -> None:
            self._deliver(lines)
            for future in waits:
                _settle(future, error)

        if self._loop is not None and (waits or self._listeners):
            with suppress(RuntimeError):  # the loop closed without a stop: nobody is left to be told
                self._loop.call_soon_threadsafe(on_loop)

    def _deliver(self, lines: tuple[Line, ...]) -> None:
        for entry, _ in lines:
            for listener in tuple(self._listeners):
                try:
                    listener(entry)
                except Exception:
                    # One broken listener must not silence the others.
                    log.exception("journal.listener_failed", kind=entry.fact.kind())


def _cause(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error)


def _settle(future: asyncio.Future[None], error: JournalError | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
