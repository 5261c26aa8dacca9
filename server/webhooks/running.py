"""All webhooks of the settings, each begun where it ended in the last run of the server."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from functools import partial

from sqlalchemy import Engine

from config.settings import WebhookSettings
from server.http.event_feed import EventFeed
from server.http.off_loop import OffLoop
from server.http.status import WebhookStatus
from server.journal.journal import Journal
from server.journal.reading import outbox_cursor
from server.tasks import Tasks
from server.webhooks.poster import HttpPoster
from server.webhooks.sender import WebhookClocks, WebhookSender


class Webhooks:
    """None until `start`."""

    def __init__(self) -> None:
        self._senders: tuple[WebhookSender, ...] = ()

    def status(self) -> tuple[WebhookStatus, ...]:
        return tuple(sender.status() for sender in self._senders)

    async def start(
        self,
        wanted: tuple[WebhookSettings, ...],
        feed: EventFeed,
        journal: Journal,
        store: Engine,
        off_loop: OffLoop,
        tasks: Tasks,
        stack: AsyncExitStack,
    ) -> None:
        """A new webhook begins with what happens from now on."""
        senders = []
        for settings in wanted:
            poster = HttpPoster(settings.url, settings.timeout_s)
            stack.callback(poster.close)
            cursor = await off_loop.run(partial(outbox_cursor, store, settings.name))
            clocks = WebhookClocks(time.monotonic, time.time)
            senders.append(WebhookSender(settings, feed, journal, poster, clocks, cursor))
        self._senders = tuple(senders)
        for sender in senders:
            tasks.background(sender.run())
