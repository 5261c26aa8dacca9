"""Ticks of the real engine by hand: five milliseconds of its clock pass when the test says so."""

from __future__ import annotations

import asyncio
import time

from media.layout import FRAME_NS, GROUPS, TICK_NS, Memory
from media.tick import run_ticks

_EPOCH_NS = 1_700_000_000_000_000_000


class SteppedTicks:
    """A `media.ticker.Ticker`. Nothing happens in the engine's memory between two calls of `advance`.

    What was sent to the engine before arrives when `advance` begins.
    """

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000_000
        self.memory: Memory | None = None
        self.by_kernel_time = False
        """Packets arrived when the kernel says, a tick before this one, and not when this clock says."""
        self._tick = GROUPS - 1

    def start(self, memory: Memory, realtime_priority: int) -> None:
        self.memory = memory

    async def pause(self) -> None:
        self.advance()
        await asyncio.sleep(0)

    def halt(self) -> None:
        """Nothing runs by itself."""

    def advance(self, frames: int = 1) -> None:
        arrived_ns = self.now_ns
        for _ in range(frames * GROUPS):
            self.tick(arrived_ns)

    def tick(self, arrived_ns: int) -> None:
        """One slot of a frame; what waits in the sockets arrived at that time of this clock."""
        assert self.memory is not None
        self._tick += 1
        self.now_ns += TICK_NS
        self.memory.hub["arrived_ns"] = _EPOCH_NS + arrived_ns
        hub = self.memory.hub
        hub["by_hand"], hub["stop"] = 1, 0
        hub["tick"], hub["now_ns"], hub["real_ns"] = self._tick, self.now_ns, _EPOCH_NS + self.now_ns
        if self.by_kernel_time:
            hub["arrived_ns"], hub["real_ns"] = 0, time.time_ns() + TICK_NS
        run_ticks(self.memory)

    @property
    def now_s(self) -> float:
        return self.now_ns / 1e9

    @staticmethod
    def frames(seconds: float) -> int:
        return round(seconds * 1e9 / FRAME_NS)
