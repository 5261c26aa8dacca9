"""One live recording on its way from the engine's ring, through memory, to its file.

Three threads touch a capture, each its own part: the drain puts pieces in (`drain`, `end`), one disk thread
at a time seals them and takes them to the file (`write`), and the finalizer says what is durable (`synced`,
`sync_failed`). A piece stays in memory until it is durable, so that a file can be cut back to what the disk
is known to have, and written again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from recordings.chunk import ChunkWriter
from recordings.content import ContentDigest
from recordings.segment import (
    FRAMES_PER_S,
    MAX_RECORDING_FRAMES,
    MAX_SEGMENT_FRAMES,
    FileHeader,
    SegmentError,
)
from recordings.source import RecordingSource, StereoFrames
from recordings.tracks import TrackCodec, g711_blocks
from recordings.vault import Vault, VaultFile

# A block shorter than what the engine gives at once is nearly always all there was. Asking again costs as
# much as asking the first time, 30,000 times a minute at 400 calls; what was behind a gap comes with the
# next drain.
_SHORT_BLOCK_FRAMES = 64
_FIRST_RETRY_S = 0.25
_LONGEST_RETRY_S = 5.0
_SEAL_AT_ONCE = 64
# A full disk takes all of a write or nothing: a large one would leave room unused.
_WRITE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames in memory, not sealed yet; without frames it is the end. `since_s`: when they left the ring."""

    first_frame: int
    frame_count: int
    payload: bytes
    since_s: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """Octets of the file, never sealed twice; `end` is the file's length with them."""

    octets: bytes
    end: int
    end_frame: int
    since_s: float
    held_bytes: int


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
    taken_bytes: int = 0
    freed_bytes: int = 0
    written_bytes: int = 0
    written_frames: int = 0
    ended: bool = False
    give_up_s: float = float("inf")
    handed_over: bool = False
    failure: str = ""
    error: str = ""
    failing_since_s: float | None = None
    retry_at_s: float = 0.0
    begun_s: float = 0.0
    content: ContentDigest = field(default_factory=ContentDigest)
    _retry_s: float = _FIRST_RETRY_S
    _sync_error: str = ""
    _sync_failing: bool = False
    _synced_bytes: int = 0
    _synced_frames: int = 0
    _chunks: ChunkWriter | None = None
    _pending: deque[Piece] = field(default_factory=deque)
    _unwritten: deque[Chunk] = field(default_factory=deque)
    _unsynced: deque[Chunk] = field(default_factory=deque)

    @property
    def duration_s(self) -> float:
        return self.written_frames / FRAMES_PER_S

    @property
    def gap_s(self) -> float:
        return self.gap_frames / FRAMES_PER_S

    @property
    def in_memory_bytes(self) -> int:
        return self.taken_bytes - self.freed_bytes

    @property
    def wants_write(self) -> bool:
        """Whether a disk thread has anything to do for it."""
        waits = self._pending or self._unwritten or self._sync_error or self.file is None
        return not self.handed_over and bool(waits or self.ended)

    @property
    def is_empty(self) -> bool:
        """Ended before there was anything to keep, as when a caller hangs up at once: it gets no file."""
        return self.ended and self._chunks is None and not self.next_frame and not self.failure

    @property
    def is_written(self) -> bool:
        return self.ended and not (self._pending or self._unwritten or self._sync_error)

    def unwritten_since_s(self) -> float | None:
        return _oldest(self._unwritten) or _oldest(self._pending)

    def unsynced_since_s(self) -> float | None:
        return _oldest(self._unsynced)

    # The drain's part

    def begin(self, now_s: float) -> None:
        """From here on a disk thread may make the file."""
        self.begun_s = now_s

    def drain(self, now_s: float) -> int:
        """Takes what the source holds into memory; returns how many frames the source had lost.

        Only a drain that takes nothing proves that the source is empty.
        """
        lost_before = self.gap_frames
        while (frames := self.source.read()) is not None:
            if frames.first_frame < self.next_frame:
                raise SegmentError(
                    f"the source gave frame {frames.first_frame} after frame {self.next_frame}"
                )
            self.gap_frames += frames.first_frame - self.next_frame
            self.next_frame = frames.first_frame
            self._put_frames(frames, now_s)
            if len(frames) < _SHORT_BLOCK_FRAMES:
                break
        if self.next_frame > MAX_RECORDING_FRAMES:
            raise SegmentError("the recording has reached its greatest length")
        return self.gap_frames - lost_before

    def end(self, now_s: float, give_up_s: float) -> None:
        """Nothing more comes; a disk that fails is tried until `give_up_s`."""
        if not self.failure:
            self._put(Piece(self.next_frame, 0, b"", now_s))
        self.give_up_s = give_up_s
        self.ended = True

    def _put_frames(self, frames: StereoFrames, now_s: float) -> None:
        codec, marks = TrackCodec(frames.law), frames.marks
        for begin in range(0, len(frames), MAX_SEGMENT_FRAMES):
            part = slice(begin, begin + MAX_SEGMENT_FRAMES)
            tracks = frames.tracks[:, part]
            payload = g711_blocks(tracks, codec, None if marks is None else marks[:, part])
            self._put(Piece(self.next_frame, tracks.shape[1], payload, now_s))
            self.next_frame += tracks.shape[1]

    def _put(self, piece: Piece) -> None:
        self.taken_bytes += len(piece.payload)
        self._pending.append(piece)

    # A disk thread's part

    def write(self, vault: Vault) -> bool:
        """Brings what waits to the file, which is made when it is not there; whether it was.

        Raises OSError: then the file is as it was, or will be cut back to what it was.
        """
        if self.is_empty:
            self._pending.clear()
            return False
        if self._chunks is None:
            self._chunks = ChunkWriter(self.header, vault.make_seal(self.path))
            self._add(self._chunks.header, 0, self.begun_s, 0)
        made = self.file is None
        if self.file is None:
            self.file = vault.create(self.path)
        if self._sync_error:
            self._rewind(self.file)
        while self._pending or self._unwritten:
            self._seal_some(self._chunks)
            self._append_some(self.file)
        return made

    def _seal_some(self, chunks: ChunkWriter) -> None:
        while self._pending and len(self._unwritten) < _SEAL_AT_ONCE:
            piece = self._pending[0]
            if piece.frame_count:
                octets = chunks.chunk(piece.first_frame, piece.frame_count, piece.payload)
            else:
                octets = chunks.last(piece.first_frame)
            self._add(octets, piece.first_frame + piece.frame_count, piece.since_s, len(piece.payload))
            self._pending.popleft()

    def _add(self, octets: bytes, end_frame: int, since_s: float, held_bytes: int) -> None:
        self.content.add(octets)
        self._unwritten.append(Chunk(octets, self.content.size_bytes, end_frame, since_s, held_bytes))

    def _append_some(self, file: VaultFile) -> None:
        chunks = list(takewhile(_Budget(_WRITE_BYTES).allows, self._unwritten))
        file.append(b"".join(chunk.octets for chunk in chunks))
        self.written_bytes, self.written_frames = chunks[-1].end, chunks[-1].end_frame
        for chunk in chunks:
            self._unsynced.append(chunk)
            self._unwritten.popleft()

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
        file.cut(self._synced_bytes)
        self._unwritten.extendleft(reversed(self._unsynced))
        self._unsynced.clear()
        self.written_bytes, self.written_frames = self._synced_bytes, self._synced_frames
        self._sync_error = ""

    # The finalizer's part

    def synced(self, length: int) -> None:
        """The file's first `length` octets are durable."""
        if self._sync_failing:
            self._sync_failing = False
            self.error, self.failing_since_s = "", None
        while self._unsynced and self._unsynced[0].end <= length:
            chunk = self._unsynced.popleft()
            self.freed_bytes += chunk.held_bytes
            self._synced_bytes, self._synced_frames = chunk.end, chunk.end_frame

    def sync_failed(self, error: str) -> None:
        """A disk thread writes again what may be lost; until then nothing is synced."""
        self._sync_error = error
        self._sync_failing = True
        self.handed_over = False

    @property
    def can_sync(self) -> bool:
        return self.file is not None and not self._sync_error and self.written_bytes > self._synced_bytes

    def close(self) -> None:
        """What is still in memory is given up."""
        self._pending.clear()
        self._unwritten.clear()
        self._unsynced.clear()
        self.freed_bytes = self.taken_bytes
        if self.file is not None:
            self.file.close()


@dataclass(slots=True)
class _Budget:
    """Chunks up to so many octets together, and always one."""

    left: int

    def allows(self, chunk: Chunk) -> bool:
        allowed = self.left > 0
        self.left -= len(chunk.octets)
        return allowed


def _oldest(chunks: deque[Chunk] | deque[Piece]) -> float | None:
    try:
        return chunks[0].since_s
    except IndexError:
        return None
