"""Stand-ins for the media engine's recording rings; they pass the same contract test as the real one."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from recordings.chunk import Seal
from recordings.sealing import AesGcmSeal
from recordings.vault import VaultFile

Samples = NDArray[np.uint8]


@dataclass(frozen=True)
class FakeFrames:
    first_frame: int
    samples: Samples
    law: int = 0
    marks: Samples | None = None

    @property
    def tracks(self) -> Samples:
        return self.samples.transpose(1, 0, 2)

    def __len__(self) -> int:
        return len(self.samples)


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
                self._append(kept)
            self.dropped_frames += count - kept
            self._next += count

    def _append(self, count: int) -> None:
        """What follows on the last block belongs to it, as in a ring."""
        first = self._next
        if self._blocks and self._blocks[-1].first_frame + len(self._blocks[-1].samples) == first:
            before = self._blocks.pop()
            first, count = before.first_frame, len(before.samples) + count
        self._blocks.append(FakeFrames(first, numbered_frames(first, count)))

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


class MemoryFile:
    """A file whose octets can be looked at; `durable` is what a loss of power would leave."""

    def __init__(self, vault: MemoryVault) -> None:
        self.octets = b""
        self.durable = b""
        self._vault = vault

    def append(self, octets: bytes) -> None:
        self._vault.obey()
        self.octets += octets

    def cut(self, length: int) -> None:
        self._vault.obey()
        self.octets = self.octets[:length]

    def close(self) -> None:
        pass


class MemoryVault:
    """A store that can be told to refuse, and to hang with whoever asks next.

    A sync that is told to fail loses what was not durable, as a disk may.
    """

    def __init__(self) -> None:
        self.files: dict[Path, MemoryFile] = {}
        self.seals: dict[Path, AesGcmSeal] = {}
        self.refuses: OSError | None = None
        self.sync_fails: OSError | None = None
        self.hanging: set[Path] = set()
        self.released = threading.Event()

    def obey(self) -> None:
        if self.refuses is not None:
            raise self.refuses

    def make_seal(self, path: Path) -> Seal | None:
        self.obey()
        return self.seals.setdefault(path, AesGcmSeal(os.urandom(32)))

    def create(self, path: Path) -> MemoryFile:
        self.obey()
        if path in self.files:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        if path in self.hanging:
            self.released.wait()
        self.files[path] = MemoryFile(self)
        return self.files[path]

    def sync(self, files: Collection[VaultFile]) -> dict[VaultFile, OSError]:
        failed: dict[VaultFile, OSError] = {}
        for file in files:
            assert isinstance(file, MemoryFile)
            if self.sync_fails is not None:
                file.octets = file.durable + bytes(len(file.octets) - len(file.durable))
                failed[file] = self.sync_fails
            else:
                file.durable = file.octets
        return failed
