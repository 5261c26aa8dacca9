"""One webhook at work: follows the journal from its cursor and posts each event until it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from config.settings import WebhookSettings
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.system import OutboxRead
from contacts.privacy import Privacy
from server.http.event_feed import EventFeed
from server.http.events import EventFilter
from server.http.status import WebhookStatus
from server.webhooks.message import body_of, headers_of
from server.webhooks.retries import Retries

log = structlog.get_logger(__name__)

IDLE_S = 15.0
TOLD_EVERY_S = 5.0
TOLD_AGAIN_S = 600.0
OWN_KIND = OutboxRead.kind()


class Poster(Protocol):
    """Sends one request and says what came back."""

    async def post(self, headers: dict[str, str], body: bytes) -> int | None:
        """The status; None where no answer came."""
        ...


class CursorJournal(Protocol):
    """Where cursors are kept: the journal itself."""

    def note(self, fact: Fact) -> None: ...


@dataclass(frozen=True, slots=True)
class WebhookClocks:
    """Monotonic seconds, seconds since 1970, and how to wait."""

    monotonic: Callable[[], float]
    unix: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class WebhookSender:
    """At least once, in order. Its cursor is an event of the journal, written behind what was taken."""

    def __init__(
        self,
        settings: WebhookSettings,
        feed: EventFeed,
        journal: CursorJournal,
        poster: Poster,
        clocks: WebhookClocks,
        cursor: int,
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._journal = journal
        self._poster = poster
        self._clocks = clocks
        self._secret = settings.key()
        self._most = Privacy.PERSONAL if settings.personal else Privacy.PUBLIC
        self._filter = EventFilter(settings.kinds, None, self._most)
        self._cursor = self._told_cursor = cursor
        self._told_at = clocks.monotonic()
        self._sent = self._let_go = 0
        self._problem = ""

    def status(self) -> WebhookStatus:
        behind = max(0, self._feed.last_seen - self._cursor)
        return WebhookStatus(
            self._settings.name,
            self._settings.url,
            self._cursor,
            behind,
            self._sent,
            self._let_go,
            self._problem,
        )

    async def run(self) -> None:
        """Until the feed is closed."""
        try:
            while not self._feed.closed:
                told_before = self._feed.told
                if not await self._passed_on():
                    await self._feed.grown(told_before, IDLE_S)
        finally:
            self._tell_cursor(0.0)

    async def _passed_on(self) -> bool:
        """False when nothing follows yet."""
        entries = await self._feed.after(self._cursor)
        for entry in entries:
            if await self._pass_on(entry):
                self._cursor = entry.sequence
            self._tell_cursor(TOLD_EVERY_S)
        self._tell_cursor(TOLD_EVERY_S)
        return bool(entries)

    async def _pass_on(self, entry: JournalEntry) -> bool:
        """True when it is done with; False when the server stops first."""
        if entry.fact.kind() == OWN_KIND or not self._filter.wants(entry):
            return True
        body = body_of(entry, self._most)
        retries = Retries(self._settings.give_up_after_s, self._clocks.monotonic())
        while not self._feed.closed:
            headers = headers_of(entry, body, self._secret, int(self._clocks.unix()))
            status = await self._poster.post(headers, body)
            if status is not None and 200 <= status < 300:
                self._taken()
                return True
            pause_s = retries.failed(status, self._clocks.monotonic())
            self._not_taken(status)
            if pause_s is None:
                self._let_go += 1
                log.error(
                    "webhook.let_go", webhook=self._settings.name, sequence=entry.sequence, status=status
                )
                return True
            await self._clocks.sleep(pause_s)
        return False

    def _taken(self) -> None:
        self._sent += 1
        if self._problem:
            log.info("webhook.well_again", webhook=self._settings.name)
        self._problem = ""

    def _not_taken(self, status: int | None) -> None:
        """One line for an outage, however long it lasts."""
        problem = "does not answer" if status is None else f"answers {status}"
        if not self._problem:
            log.warning("webhook.failing", webhook=self._settings.name, problem=problem)
        self._problem = problem

    def _tell_cursor(self, every_s: float) -> None:
        """Now and then, and never about nothing but itself: each telling is an event that others pass on."""
        now = self._clocks.monotonic()
        moved = self._cursor - self._told_cursor > 1
        if now - self._told_at >= (every_s if moved else TOLD_AGAIN_S):
            self._told_at, self._told_cursor = now, self._cursor
            self._journal.note(OutboxRead(reader=self._settings.name, sequence=self._cursor))
