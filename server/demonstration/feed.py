"""The journal as it is written: shown to people, and waited for by the demonstration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from contacts.facts.contact import ContactStarted
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.recording import RecordingBroken, RecordingFinished, TranscriptFailed, TranscriptReady
from contacts.ids import ContactId

Wanted = TypeVar("Wanted", bound=Fact)

IMPOSSIBLE: dict[type[Fact], type[Fact]] = {
    TranscriptReady: TranscriptFailed,
    RecordingFinished: RecordingBroken,
}


class Feed:
    """Listens to the first contact that begins after it was made, and to no other."""

    def __init__(self, show: Callable[[JournalEntry], None]) -> None:
        self._show = show
        self.entries: list[JournalEntry] = []
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def contact(self) -> ContactId | None:
        """The one that it listens to, once it has begun."""
        started = self.seen(ContactStarted)
        return started[0].contact if started else None

    def told(self, entry: JournalEntry) -> None:
        """The journal's listener."""
        ours = isinstance(entry.fact, ContactStarted) if not self.entries else self._ours(entry.fact)
        if not ours:
            return
        self.entries.append(entry)
        self._show(entry)
        task = asyncio.create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def seen(self, fact_type: type[Wanted]) -> list[Wanted]:
        return [entry.fact for entry in self.entries if isinstance(entry.fact, fact_type)]

    async def wait_for(self, fact_type: type[Wanted], timeout_s: float) -> Wanted:
        """The last fact of that type; raises TimeoutError, also at once when it has become impossible."""
        instead = IMPOSSIBLE.get(fact_type)
        async with asyncio.timeout(timeout_s), self._changed:
            while not (found := self.seen(fact_type)):
                if instead is not None and self.seen(instead):
                    raise TimeoutError(f"{instead.kind()} instead of {fact_type.kind()}")
                await self._changed.wait()
            return found[-1]

    async def until(self, holds: Callable[[], bool], timeout_s: float) -> None:
        """Looks again after every fact; raises TimeoutError."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(holds)

    def _ours(self, fact: Fact) -> bool:
        return fact.contact_id == self.entries[0].fact.contact_id

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
