"""What all legs share on the control side: the command ring, the arena and the pools of rows."""

import collections
import itertools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from media.arena import Arena
from media.errors import MediaExhausted, MediaStopped
from media.layout import DIGITS, ORDER_WORDS, PLAYLIST, RECORDING, ROOMS, Command, Memory
from media.libraries import VoiceDetectors
from media.pointers import MISSING
from media.ring import push_commands
from media.settings import MediaSettings

Order = tuple[int, ...]


class Closing(Protocol):
    """A leg that was told to close and whose row the tick still has."""

    generation: int

    def dispose(self) -> None: ...


class RowAllocation:
    """Belongs to the asyncio thread; only `returned_recordings` is appended to by others."""

    def __init__(self, settings: MediaSettings, memory: Memory, detectors: VoiceDetectors) -> None:
        self.settings = settings
        self.memory = memory
        self.arena = Arena(memory.arena)
        self._detectors = detectors
        self.listener_uses = itertools.count(1)
        self.playback_ids = itertools.count(1)
        self.running = False
        self.free_rooms: collections.deque[int] = collections.deque(range(ROOMS))
        self.closing: dict[int, Closing] = {}
        self.returned_recordings: collections.deque[int] = collections.deque()
        self._free_recordings = list(range(settings.max_recordings - 1, -1, -1))
        self._free_listeners = list(range(settings.max_listeners - 1, -1, -1))
        self._batch = np.zeros(ORDER_WORDS * (PLAYLIST + DIGITS), dtype=np.int64)

    def order(self, orders: Sequence[Order]) -> None:
        """Enqueue all or none; the tick sees them together."""
        if not self.running:
            raise MediaStopped("the media engine is not running")
        batch = self._batch.reshape(-1, ORDER_WORDS)
        for index, words in enumerate(orders):
            batch[index, : len(words)] = words
        if not push_commands(self.memory.hub, self._batch, len(orders)):
            raise MediaExhausted("the media command ring is full: the tick thread does not keep up")

    def take_recording(self) -> int:
        """A recording row with its indexes at zero."""
        for _ in range(len(self.returned_recordings)):
            row = self.returned_recordings.popleft()
            if self.memory.recordings[row]["ended"]:
                self._free_recordings.append(row)
            else:
                self.returned_recordings.append(row)
        if not self._free_recordings:
            raise MediaExhausted("no free recording ring: raise media.max_recordings")
        row = self._free_recordings.pop()
        self.memory.recordings[row] = np.zeros((), dtype=RECORDING)
        self.memory.recordings[row]["started_frame"] = -1
        return row

    def take_listener(self) -> int:
        if not self._free_listeners:
            raise MediaExhausted("no free listen ring: raise media.max_listeners")
        row = self._free_listeners.pop()
        listener = self.memory.listeners[row]
        listener["detector"] = self._detectors.fresh(int(listener["detector"]))
        return row

    def give_back_listener(self, row: int) -> None:
        self._free_listeners.append(row)

    def dispose(self) -> None:
        """No tick runs any more."""
        for listener in self.memory.listeners:
            if listener["detector"]:
                self._detectors.free(int(listener["detector"]))
                listener["detector"] = MISSING

    def order_one(self, kind: Command, row: int, generation: int, *arguments: int) -> None:
        self.order([(kind, row, generation, *arguments)])
