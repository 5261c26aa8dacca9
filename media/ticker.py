"""What makes the ticks come: a thread of its own in a server, the hand of a test otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from typing import Protocol

import numpy as np

from media.layout import Memory
from media.tick import run_ticks

_JOIN_S = 2.0
_PAUSE_S = 0.005


class Ticker(Protocol):
    """Runs the ticks of one engine's memory, from `start` until `halt`."""

    def start(self, memory: Memory, realtime_priority: int) -> None: ...

    async def pause(self) -> None:
        """Returns after a few more ticks."""

    def halt(self) -> None:
        """Blocks until no tick runs any more."""


class TickThread:
    """Ticks by the clock, in compiled code that does not hold the interpreter."""

    def __init__(self) -> None:
        self._memory: Memory | None = None
        self._thread: threading.Thread | None = None

    def start(self, memory: Memory, realtime_priority: int) -> None:
        self._memory = memory
        memory.hub["stop"] = 0
        self._thread = threading.Thread(
            target=_tick, args=(memory, realtime_priority), name="media-tick", daemon=True
        )
        self._thread.start()
        # a daemon thread inside compiled code must not outlive the interpreter
        weakref.finalize(self, _halt, memory.hub, self._thread)

    async def pause(self) -> None:
        await asyncio.sleep(_PAUSE_S)

    def halt(self) -> None:
        if self._memory is not None and self._thread is not None:
            _halt(self._memory.hub, self._thread)


def _tick(memory: Memory, realtime_priority: int) -> None:
    if realtime_priority:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(realtime_priority))
    run_ticks(memory)


def _halt(hub: np.void, thread: threading.Thread) -> None:
    hub["stop"] = 1
    thread.join(_JOIN_S)
