"""What waits for a speech worker, and which worker may take what."""

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.speech.jobs import Answer, Order


class Urgency(Enum):
    """Who waits for it, in the order of service."""

    LIVE = auto()
    """A caller in a menu."""
    FINAL = auto()
    """Whoever reads along with a call, for the words of a whole utterance."""
    PARTIAL = auto()
    """The same, for what it sounds like so far."""
    LATER = auto()
    """Nobody on the line."""


@dataclass(eq=False, slots=True)
class Unit:
    """A piece of work for a worker; nobody waits for it any more once `answer` is done.

    Only the worker of `slot` may take it, where one is named: that has heard what came before.
    """

    urgency: Urgency
    order: Order
    pcm: NDArray[np.int16]
    answer: "asyncio.Future[Answer]"
    slot: int | None = None


_Key = tuple[Urgency, int | None]
_FOR_ANYBODY: Final = None


class WaitingWork:
    """The more urgent goes first, then first come, first served. One kept for menus takes nothing else."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, deque[Unit]] = {}
        self._changed = asyncio.Condition()

    async def put(self, unit: Unit) -> None:
        async with self._changed:
            self._waiting.setdefault((unit.urgency, unit.slot), deque()).append(unit)
            self._changed.notify_all()

    async def take(self, slot: int, *, live_only: bool) -> Unit:
        """Waits for a unit; one that is cancelled meanwhile has taken none."""
        async with self._changed:
            while (unit := self._next(slot, live_only=live_only)) is None:
                await self._changed.wait()
        return unit

    def take_all(self, slot: int | None = None) -> list[Unit]:
        """Everything that waits, or everything that waits for one worker."""
        keys = [key for key in self._waiting if slot is None or key[1] == slot]
        return [unit for key in keys for unit in self._waiting.pop(key)]

    def _next(self, slot: int, *, live_only: bool) -> Unit | None:
        for urgency in (Urgency.LIVE,) if live_only else Urgency:
            for key in ((urgency, slot), (urgency, _FOR_ANYBODY)):
                waiting = self._waiting.get(key, deque())
                while waiting:
                    unit = waiting.popleft()
                    if not unit.answer.done():
                        return unit
        return None
