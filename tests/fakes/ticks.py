"""Ticks of the real engine by hand: five milliseconds of its clock pass when the test says so."""

from __future__ import annotations

import asyncio
import time

from media.layout import FRAME_NS, GROUPS, TICK_NS, Memory
from media.tick import step


class SteppedTicks:
    """A `media.ticker.Ticker`. Nothing happens in the engine's memory between two calls of `advance`.

    Only the wall clock is the true one: the kernel stamps packets with it, and round trips are told by both.
    """

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000_000
        self.memory: Memory | None = None
        self._tick = GROUPS - 1

    def start(self, memory: Memory, realtime_priority: int) -> None:
        self.memory = memory

    async def pause(self) -> None:
        self.advance()
        await asyncio.sleep(0)

    def halt(self) -> None:
        """Nothing runs by itself."""

    def advance(self, frames: int = 1) -> None:
        assert self.memory is not None
        for _ in range(frames * GROUPS):
            self._tick += 1
            self.now_ns += TICK_NS
            self.memory.hub["tick"] = self._tick
            step(self.memory, self._tick, self.now_ns, time.time_ns())

    @property
    def now_s(self) -> float:
        return self.now_ns / 1e9

    @staticmethod
    def frames(seconds: float) -> int:
        return round(seconds * 1e9 / FRAME_NS)
