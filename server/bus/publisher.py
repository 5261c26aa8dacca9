"""Tells the journal to the bus: from where it ended, at least once, in order; again when it was lost.

Nothing that a caller hears waits for the broker: this follows the journal, as a webhook does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from acd.snapshot import DispatchStatus
from contacts.facts.agent import AgentFact
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.queue import QueueExited, QueueJoined, QueuePlaceRegained
from contacts.facts.system import OutboxRead
from contacts.privacy import Privacy
from server.bus.topics import OFFLINE, ONLINE, BusMessage, Topics
from server.http.event_feed import EventFeed
from server.http.events import EventFilter

log = structlog.get_logger(__name__)

READER = "mqtt bus"
"""With a space: no webhook can be called that."""
IDLE_S = 15.0
STATES_EVERY_S = 1.0
TOLD_EVERY_S = 5.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
_CHANGES_STATES = (AgentFact, QueueJoined, QueueExited, QueuePlaceRegained)


class BusLostError(Exception):
    """The broker is gone, or does not take us."""


class BusConnection(Protocol):
    """A broker, for as long as it is there."""

    async def publish(self, message: BusMessage) -> None:
        """Returns once the broker has it; raises BusLostError."""

    async def watch(self) -> None:
        """Until the connection is gone, also when there is nothing to publish; then raises BusLostError."""


class BusCursors(Protocol):
    """Where the cursor is kept: the journal itself."""

    def note(self, fact: Fact) -> None: ...


class BusPublisher:
    """`run` until the feed closes. `connect` raises BusLostError; `monotonic` is stepped by tests."""

    def __init__(
        self,
        topics: Topics,
        wanted: EventFilter,
        feed: EventFeed,
        journal: BusCursors,
        connect: Callable[[], AbstractAsyncContextManager[BusConnection]],
        states: Callable[[], DispatchStatus],
        cursor: int,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._topics = topics
        self._wanted = wanted
        self._feed = feed
        self._journal = journal
        self._connect = connect
        self._states = states
        self._cursor = self._told_cursor = cursor
        self._monotonic = monotonic
        self._sleep = sleep
        self._told_at = monotonic()
        self._published: dict[str, bytes] = {}
        self._states_due = True
        self._states_at = -STATES_EVERY_S
        self.problem = "not connected yet"
        """Empty while the broker takes what it is given."""

    async def run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._feed.closed:
            try:
                async with self._connect() as connection:
                    self._connected()
                    pause_s = FIRST_PAUSE_S
                    try:
                        await self._tell_while_there(connection)
                    finally:
                        # Also when the server stops: a farewell keeps the broker from telling the last will.
                        await connection.publish(self._presence(OFFLINE))
            except BusLostError as error:
                self._lost(error)
                await self._sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
        self._keep_cursor(0.0)

    async def _tell_while_there(self, connection: BusConnection) -> None:
        try:
            async with asyncio.TaskGroup() as both:
                watching = both.create_task(connection.watch())
                await self._tell(connection)
                watching.cancel()
        except ExceptionGroup as failed:
            lost = failed.subgroup(BusLostError)
            if lost is None:
                raise
            raise BusLostError(str(lost.exceptions[0])) from failed

    async def _tell(self, connection: BusConnection) -> None:
        """Until the feed closes; the broker may have forgotten everything."""
        self._published = {}
        self._states_due = True
        await connection.publish(self._presence(ONLINE))
        while not self._feed.closed:
            told_before = self._feed.told
            entries = await self._feed.after(self._cursor)
            for entry in entries:
                await self._tell_entry(connection, entry)
            await self._tell_states(connection)
            self._keep_cursor(TOLD_EVERY_S)
            if not entries:
                await self._feed.grown(told_before, STATES_EVERY_S if self._states_due else IDLE_S)

    async def _tell_entry(self, connection: BusConnection, entry: JournalEntry) -> None:
        fact = entry.fact
        if not isinstance(fact, OutboxRead) and self._wanted.wants(entry):
            for message in self._topics.of_event(entry, self._wanted.most):
                await connection.publish(message)
        self._cursor = entry.sequence
        self._states_due = self._states_due or isinstance(fact, _CHANGES_STATES)

    async def _tell_states(self, connection: BusConnection) -> None:
        """At most once a second, and only what is another one: the broker keeps them."""
        now = self._monotonic()
        if not self._states_due or now - self._states_at < STATES_EVERY_S:
            return
        self._states_due, self._states_at = False, now
        for message in self._topics.of_status(self._states()):
            if self._published.get(message.topic) != message.payload:
                await connection.publish(message)
                self._published[message.topic] = message.payload

    def _presence(self, state: bytes) -> BusMessage:
        return BusMessage(self._topics.status, state, retained=True)

    def _connected(self) -> None:
        log.info("bus.connected", cursor=self._cursor)
        self.problem = ""

    def _lost(self, error: BusLostError) -> None:
        """One line for an outage, however long it lasts."""
        if not self.problem or self.problem == "not connected yet":
            log.warning("bus.lost", problem=str(error))
        self.problem = str(error) or "the broker is gone"

    def _keep_cursor(self, every_s: float) -> None:
        now = self._monotonic()
        if self._cursor - self._told_cursor > 1 and now - self._told_at >= every_s:
            self._told_at, self._told_cursor = now, self._cursor
            self._journal.note(OutboxRead(reader=READER, sequence=self._cursor))


def wanted_by(kinds: tuple[str, ...], personal: bool) -> EventFilter:
    return EventFilter(kinds, None, Privacy.PERSONAL if personal else Privacy.PUBLIC)
