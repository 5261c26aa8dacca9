"""What waits for a speech worker, and which worker may take what."""

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from media.speech.jobs import Answer, Order


class Urgency(Enum):
    """Whether somebody on the line waits for it."""

    LIVE = auto()
    LATER = auto()


@dataclass(eq=False, slots=True)
class Unit:
    """A piece of work for a worker; nobody waits for it any more once `answer` is done."""

    urgency: Urgency
    order: Order
    pcm: NDArray[np.int16]
    answer: "asyncio.Future[Answer]"


class WaitingWork:
    """Live work goes first, and first come, first served. A worker kept for live work takes no other."""

    def __init__(self) -> None:
        self._waiting: dict[Urgency, deque[Unit]] = {urgency: deque() for urgency in Urgency}
        self._changed = asyncio.Condition()

    async def put(self, unit: Unit) -> None:
        async with self._changed:
            self._waiting[unit.urgency].append(unit)
            self._changed.notify_all()

    async def take(self, *, live_only: bool) -> Unit:
        """Waits for a unit; one that is cancelled meanwhile has taken none."""
        async with self._changed:
            while (unit := self._next(live_only=live_only)) is None:
                await self._changed.wait()
        return unit

    def take_all(self) -> list[Unit]:
        """Everything that waits."""
        units = [unit for waiting in self._waiting.values() for unit in waiting]
        for waiting in self._waiting.values():
            waiting.clear()
        return units

    def _next(self, *, live_only: bool) -> Unit | None:
        for urgency in (Urgency.LIVE,) if live_only else Urgency:
            waiting = self._waiting[urgency]
            while waiting:
                unit = waiting.popleft()
                if not unit.answer.done():
                    return unit
        return None
