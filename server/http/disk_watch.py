"""Asks the file system of a folder now and then, in a thread: a disk that hangs must not hang the asking."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

from server.http.parts import DiskLook

ASK_EVERY_S = 10.0


class DiskWatch:
    """`look` never waits. While an answer is awaited no other is asked for."""

    def __init__(
        self, folder: Path, monotonic: Callable[[], float], free_bytes: Callable[[Path], int] | None = None
    ) -> None:
        """Asks once, and waits for that."""
        self._folder = folder
        self._monotonic = monotonic
        self._free_bytes = free_bytes or _free_bytes
        self._asking = False
        now = monotonic()
        self.look = DiskLook(self._free_bytes(folder), now, now)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            self.ask()

    def ask(self) -> None:
        """Starts a question unless one is open."""
        if self._asking:
            return
        self._asking, before = True, self.look
        self.look = DiskLook(before.free_bytes, self._monotonic(), before.answered_at)
        threading.Thread(target=self._ask, name="disk-watch", daemon=True).start()

    def _ask(self) -> None:
        asked_at = self.look.asked_at
        try:
            free = self._free_bytes(self._folder)
        except OSError:
            free = 0
        self.look = DiskLook(free, asked_at, self._monotonic())
        self._asking = False


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
