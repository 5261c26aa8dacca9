"""Stand-ins for the media engine's recording rings; they pass the same contract test as the real one."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from time import monotonic

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.uint8]


@dataclass(frozen=True)
class FakeFrames:
    first_frame: int
    samples: Samples


def numbered_frames(first: int, count: int) -> Samples:
    """Frames that tell their number and channel: left counts from 0, right is 128 beside it."""
    left = (np.arange(first, first + count) % 128).astype(np.uint8)
    pair = np.stack([left, left + np.uint8(128)], axis=1)
    return np.repeat(pair[:, :, None], 160, axis=2)


class FakeSource:
    """A ring filled by hand: `push` is the tick's side, everything else the writer thread's."""

    def __init__(self, capacity: int = 250) -> None:
        self.finished = False
        self.dropped_frames = 0
        self._capacity = capacity
        self._blocks: deque[FakeFrames] = deque()
        self._next = 0
        self._lock = threading.Lock()

    def push(self, count: int) -> None:
        with self._lock:
            held = sum(len(block.samples) for block in self._blocks)
            kept = min(count, self._capacity - held)
            if kept:
                self._blocks.append(FakeFrames(self._next, numbered_frames(self._next, kept)))
            self.dropped_frames += count - kept
            self._next += count

    def end(self) -> None:
        self.finished = True

    def read(self) -> FakeFrames | None:
        with self._lock:
            return self._blocks.popleft() if self._blocks else None


class PacedSource:
    """Frames as they come in a call: 50 a second by the clock."""

    def __init__(self) -> None:
        self.finished = False
        self.dropped_frames = 0
        self._began_s = monotonic()
        self._read = 0
        self._sound = numbered_frames(0, 1280)

    def end(self) -> None:
        self.finished = True

    def read(self) -> FakeFrames | None:
        due = self._read if self.finished else int((monotonic() - self._began_s) * 50)
        if due <= self._read:
            return None
        first, begin = self._read, self._read % 128
        self._read = min(due, first + 1024)
        return FakeFrames(first, self._sound[begin : begin + self._read - first].copy())


class BrokenSource(FakeSource):
    """The engine's ring has a bug."""

    def read(self) -> FakeFrames | None:
        raise RuntimeError("ring corrupt")
