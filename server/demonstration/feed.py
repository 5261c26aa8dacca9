"""The journal as it is written: shown to people, and waited for by the demonstration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server.journal.journal import JournalEvent

BEGINNING = "contact.started"
IMPOSSIBLE = {"transcript.ready": "transcript.failed", "recording.finished": "recording.failed"}


class Feed:
    """Listens to the first contact that begins after it was made, and to no other."""

    def __init__(self, show: Callable[[JournalEvent, JournalEvent], None]) -> None:
        self._show = show
        self.events: list[JournalEvent] = []
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def told(self, event: JournalEvent) -> None:
        """The journal's listener."""
        ours = event.contact_id == self.events[0].contact_id if self.events else event.kind == BEGINNING
        if not ours:
            return
        self.events.append(event)
        self._show(event, self.events[0])
        task = asyncio.create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def seen(self, kind: str) -> list[JournalEvent]:
        return [event for event in self.events if event.kind == kind]

    async def wait_for(self, kind: str, timeout_s: float) -> JournalEvent:
        """The last event of that kind; raises TimeoutError, also at once when it has become impossible."""
        async with asyncio.timeout(timeout_s), self._changed:
            while not (found := self.seen(kind)):
                if self.seen(IMPOSSIBLE.get(kind, "")):
                    raise TimeoutError(f"{IMPOSSIBLE[kind]} instead of {kind}")
                await self._changed.wait()
            return found[-1]
