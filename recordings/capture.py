"""One live recording on its way from the engine's ring, through memory, to its file.

Three threads touch a capture, each its own part: the drain puts chunks in (`drain`, `end`), one disk thread
at a time takes them to the file (`write`), and the finalizer says what is durable (`synced`, `sync_failed`).
A chunk stays in memory until it is durable, so that a file can be cut back to what the disk is known to
have, and written again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recordings.segment import (
    FRAMES_PER_S,
    MAX_RECORDING_FRAMES,
    MAX_SEGMENT_FRAMES,
    FileHeader,
    SegmentError,
    encode_file_header,
    encode_segment,
)
from recordings.source import RecordingSource
from recordings.vault import Vault, VaultFile

# A block shorter than this is nearly always all there was. Asking the engine again costs as much as asking
# the first time, 50,000 times a minute at 400 calls; what was behind a gap comes with the next drain.
_SHORT_BLOCK_FRAMES = 32
_FIRST_RETRY_S = 0.25
_LONGEST_RETRY_S = 5.0
_WRITE_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole segments; `end` is the file's length with them, `since_s` when they left the ring."""

    octets: bytes
    end: int
    end_frame: int
    since_s: float


@dataclass(slots=True, eq=False)
class Capture:
    """`path` is relative to the vault. Counters may be read in any thread."""

    header: FileHeader
    source: RecordingSource
    path: Path
    agent: str = ""
    file: VaultFile | None = None
    next_frame: int = 0
    gap_frames: int = 0
    produced_bytes: int = 0
    written_bytes: int = 0
    written_frames: int = 0
    released_bytes: int = 0
    ended: bool = False
    give_up_s: float = float("inf")
    handed_over: bool = False
    failure: str = ""
    error: str = ""
    failing_since_s: float | None = None
    retry_at_s: float = 0.0
    _retry_s: float = _FIRST_RETRY_S
    _sync_error: str = ""
    _sync_failing: bool = False
    _synced_frames: int = 0
    _sequence: int = 0
    _pending: deque[Chunk] = field(default_factory=deque)
    _unsynced: deque[Chunk] = field(default_factory=deque)

    @property
    def duration_s(self) -> float:
        return self.written_frames / FRAMES_PER_S

    @property
    def gap_s(self) -> float:
        return self.gap_frames / FRAMES_PER_S

    @property
    def in_memory_bytes(self) -> int:
        return self.produced_bytes - self.released_bytes

    @property
    def wants_write(self) -> bool:
        """Whether a disk thread has anything to do for it."""
        return bool(self._pending or self._sync_error or (self.ended and not self.handed_over))

    @property
    def is_written(self) -> bool:
        return self.ended and not self._pending and not self._sync_error

    def unwritten_since_s(self) -> float | None:
        return _oldest(self._pending)

    def unsynced_since_s(self) -> float | None:
        return _oldest(self._unsynced)

    # The drain's part

    def begin(self, now_s: float) -> None:
        """The file's header is its first chunk."""
        self._put(encode_file_header(self.header), now_s)

    def drain(self, now_s: float) -> int:
        """Takes what the source holds into memory; returns how many frames the source had lost.

        Only a drain that takes nothing proves that the source is empty.
        """
        segments: list[bytes] = []
        lost_before = self.gap_frames
        while (frames := self.source.read()) is not None:
            if frames.first_frame < self.next_frame:
                raise SegmentError(
                    f"the source gave frame {frames.first_frame} after frame {self.next_frame}"
                )
            self.gap_frames += frames.first_frame - self.next_frame
            self.next_frame = frames.first_frame
            samples = np.ascontiguousarray(frames.samples)
            for begin in range(0, len(samples), MAX_SEGMENT_FRAMES):
                piece = samples[begin : begin + MAX_SEGMENT_FRAMES]
                segments.append(encode_segment(self._sequence, self.next_frame, piece))
                self._sequence += 1
                self.next_frame += len(piece)
            if len(samples) < _SHORT_BLOCK_FRAMES:
                break
        if self.next_frame > MAX_RECORDING_FRAMES:
            raise SegmentError("the recording has reached its greatest length")
        if segments:
            self._put(b"".join(segments), now_s)
        return self.gap_frames - lost_before

    def end(self, give_up_s: float) -> None:
        """Nothing more comes; a disk that fails is tried until `give_up_s`."""
        self.give_up_s = give_up_s
        self.ended = True

    def _put(self, octets: bytes, now_s: float) -> None:
        self.produced_bytes += len(octets)
        self._pending.append(Chunk(octets, self.produced_bytes, self.next_frame, now_s))

    # A disk thread's part

    def write(self, vault: Vault) -> bool:
        """Brings what waits to the file; whether it made the file. Raises OSError: then nothing has
        changed.
        """
        made = self.file is None
        if self.file is None:
            self.file = vault.create(self.path)
        if self._sync_error:
            self._rewind(self.file)
        while count := min(len(self._pending), _WRITE_AT_ONCE):
            chunks = [self._pending[index] for index in range(count)]
            self.file.append(b"".join(chunk.octets for chunk in chunks))
            self.written_bytes, self.written_frames = chunks[-1].end, chunks[-1].end_frame
            for chunk in chunks:
                self._unsynced.append(chunk)
                self._pending.popleft()
        return made

    def failed(self, error: str, now_s: float) -> None:
        """The store refused; it is asked again later."""
        self.error = error
        if self.failing_since_s is None:
            self.failing_since_s, self._retry_s = now_s, _FIRST_RETRY_S
        self.retry_at_s = now_s + self._retry_s
        self._retry_s = min(2 * self._retry_s, _LONGEST_RETRY_S)

    def succeeded(self) -> None:
        """A write has; after a failed sync only a good one proves that the disk is well."""
        self.retry_at_s = 0.0
        if not self._sync_failing:
            self.error, self.failing_since_s = "", None

    def _rewind(self, file: VaultFile) -> None:
        """A failed sync may have lost any octet since the last good one."""
        file.cut(self.released_bytes)
        self._pending.extendleft(reversed(self._unsynced))
        self._unsynced.clear()
        self.written_bytes, self.written_frames = self.released_bytes, self._synced_frames
        self._sync_error = ""

    # The finalizer's part

    def synced(self, length: int) -> None:
        """The file's first `length` octets are durable."""
        if self._sync_failing:
            self._sync_failing = False
            self.error, self.failing_since_s = "", None
        while self._unsynced and self._unsynced[0].end <= length:
            chunk = self._unsynced.popleft()
            self.released_bytes, self._synced_frames = chunk.end, chunk.end_frame

    def sync_failed(self, error: str) -> None:
        """A disk thread writes again what may be lost; until then nothing is synced."""
        self._sync_error = error
        self._sync_failing = True
        self.handed_over = False

    @property
    def can_sync(self) -> bool:
        return self.file is not None and not self._sync_error and self.written_bytes > self.released_bytes

    def close(self) -> None:
        """What is still in memory is given up."""
        self._pending.clear()
        self._unsynced.clear()
        self.released_bytes = self.produced_bytes
        if self.file is not None:
            self.file.close()


def _oldest(chunks: deque[Chunk]) -> float | None:
    try:
        return chunks[0].since_s
    except IndexError:
        return None
