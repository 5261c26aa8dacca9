"""The journal as it grows, for streams that follow it: the newest from memory, what is older from disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from contacts.facts.entry import JournalEntry
from server.http.off_loop import OffLoop

KEPT_ENTRIES = 2000
BATCH = 200


class FollowedJournal(Protocol):
    """What a feed needs of the journal."""

    def subscribe(self, listener: Callable[[JournalEntry], None]) -> Callable[[], None]:
        """Each entry once it is durable, in order, on the event loop."""
        ...

    def after(self, sequence: int, limit: int) -> list[JournalEntry]:
        """Entries that follow that number, in order; blocks."""
        ...

    def newest(self) -> int:
        """The number of the newest durable entry; blocks."""
        ...


class EventFeed:
    """Made and used in the loop's thread. However many follow, each entry is kept once."""

    def __init__(self, journal: FollowedJournal, off_loop: OffLoop) -> None:
        self._journal = journal
        self._off_loop = off_loop
        self._recent: deque[JournalEntry] = deque(maxlen=KEPT_ENTRIES)
        self._grown = asyncio.Event()
        self._unsubscribe = journal.subscribe(self._told)
        self.closed = False
        self.last_seen = 0
        """The number of the newest entry that came or was read."""
        self.told = 0
        """How many entries have come."""
        self.waiting = 0
        """How many have been told everything and wait for more."""

    async def newest(self) -> int:
        if self._recent:
            return self._recent[-1].sequence
        return await self._off_loop.run(self._journal.newest)

    async def after(self, sequence: int) -> list[JournalEntry]:
        """What follows; empty when nothing does yet."""
        if self._recent and self._recent[0].sequence <= sequence + 1:
            newest = self._recent[-1].sequence
            # The numbers have no holes, so the place of the first one wanted is known.
            first = len(self._recent) - (newest - sequence)
            return [self._recent[n] for n in range(first, min(first + BATCH, len(self._recent)))]
        entries = await self._off_loop.run(lambda: self._journal.after(sequence, BATCH))
        if entries:
            self.last_seen = max(self.last_seen, entries[-1].sequence)
        return entries

    async def grown(self, since: int, timeout_s: float) -> bool:
        """True once an entry came since `told` was that; False after the time, or when the feed closes."""
        if self.told != since:
            return not self.closed
        self.waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                await self._grown.wait()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return not self.closed

    def close(self) -> None:
        """Every stream ends; closing twice is the same as once."""
        if self.closed:
            return
        self.closed = True
        self._unsubscribe()
        self._wake()

    def _told(self, entry: JournalEntry) -> None:
        if self._recent and entry.sequence != self._recent[-1].sequence + 1:
            self._recent.clear()
        self._recent.append(entry)
        self.last_seen = entry.sequence
        self.told += 1
        self._wake()

    def _wake(self) -> None:
        """Those who wait now; whoever comes later waits for the next one."""
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
