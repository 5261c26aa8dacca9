"""Reading a recording file whatever happened to it: every intact segment in order, and what is missing.

Both formats give the same items. Work and memory are bounded by the file's length, however hostile its
content.
"""

from __future__ import annotations

import enum
import io
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, assert_never

import numpy as np
from numpy.typing import NDArray

from recordings.chunk import (
    CHUNK_HEAD,
    CHUNK_MAGIC,
    FILE_MAGIC,
    ChunkHead,
    Seal,
    SealBroken,
    parse_chunk_head,
    read_header,
)
from recordings.segment import (
    CHANNELS,
    FRAME_SAMPLES,
    FRAMES_PER_S,
    SEGMENT_HEAD,
    SEGMENT_MAGIC,
    FileHeader,
    SegmentError,
    SegmentHead,
    parse_segment_head,
    read_file_header,
)
from recordings.stereo import to_stereo
from recordings.tracks import TrackBlock, TrackError, parse_blocks

_WINDOW_BYTES = 1 << 20
_MAX_DAMAGE_KEPT = 100


class GapCause(enum.Enum):
    """Why frames are absent: `DROPPED` never reached the disk, `LOST` were on it and are damaged."""

    DROPPED = "dropped"
    LOST = "lost"


class DamageKind(enum.Enum):
    """What is wrong with a stretch of the file."""

    HEADER = "header"
    TORN = "torn"
    DAMAGED = "damaged"
    OUT_OF_ORDER = "out_of_order"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Segment:
    """Intact frames; `samples` is (n, 2, 160) mu-law, left (caller) before right (agent).

    `blocks` are the tracks as they arrived, where the file's format keeps them.
    """

    sequence: int
    first_frame: int
    samples: NDArray[np.uint8]
    blocks: tuple[TrackBlock, ...] = ()

    @property
    def frame_count(self) -> int:
        return len(self.samples)


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """Frames whose octets are intact, and which nobody can hear without the recording's key."""

    sequence: int
    first_frame: int
    frame_count: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The mark that a recorder sets when a recording was not interrupted; format 1 has none."""

    end_frame: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames that are not in the file and play as silence, so that all that follows keeps its time."""

    first_frame: int
    frame_count: int
    cause: GapCause


@dataclass(frozen=True, slots=True)
class Damage:
    """Octets of the file that hold no readable segment."""

    offset: int
    length: int
    kind: DamageKind


Item = FileHeader | Segment | SealedSegment | Gap | Damage | Finished


@dataclass(frozen=True, slots=True)
class Survey:
    """A whole file read once: what is there and what is not."""

    header: FileHeader | None
    segments: int
    end_frame: int
    dropped_frames: int
    lost_frames: int
    size_bytes: int
    damage: tuple[Damage, ...]
    is_finished: bool = False

    @property
    def duration_s(self) -> float:
        return self.end_frame / FRAMES_PER_S

    @property
    def gap_s(self) -> float:
        return (self.dropped_frames + self.lost_frames) / FRAMES_PER_S


class _Window:
    """Random access to a file through one buffer, so that a search costs no system call per step."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        self._start = 0
        self._buffer = b""

    def octets(self, offset: int, length: int) -> bytes:
        """Fewer than `length` at the end of the file."""
        begin = offset - self._start
        if begin < 0 or begin + length > len(self._buffer):
            self._file.seek(offset)
            self._start, begin = offset, 0
            self._buffer = self._file.read(max(_WINDOW_BYTES, length))
        return self._buffer[begin : begin + length]

    def find(self, wanted: bytes, offset: int) -> int:
        """Where `wanted` next begins at or after `offset`; the file's end when nowhere."""
        while offset < self.size:
            here = self.octets(offset, min(_WINDOW_BYTES, self.size - offset))
            if (at := here.find(wanted)) >= 0:
                return offset + at
            if len(here) < len(wanted):
                break
            offset += len(here) - len(wanted) + 1
        return self.size


@dataclass(frozen=True, slots=True)
class _Framing:
    """How one format marks the beginning of what can be read by itself."""

    magic: bytes
    head_bytes: int
    parse: Callable[[bytes], SegmentHead | ChunkHead | None]


_FORMAT_1 = _Framing(SEGMENT_MAGIC, SEGMENT_HEAD.size, parse_segment_head)
_FORMAT_2 = _Framing(CHUNK_MAGIC, CHUNK_HEAD.size, parse_chunk_head)


class _Scanner:
    """Finds intact segments; spends at most a fixed multiple of the file's length on false starts."""

    def __init__(self, window: _Window, framing: _Framing) -> None:
        self._window = window
        self._framing = framing
        self._trust_bytes = 4 * window.size + _WINDOW_BYTES

    def segment_at(self, offset: int) -> tuple[SegmentHead | ChunkHead, bytes] | None:
        size = self._framing.head_bytes
        octets = self._window.octets(offset, size)
        head = self._framing.parse(octets) if len(octets) == size else None
        if head is None or offset + head.size_bytes > self._window.size:
            return None
        payload = self._window.octets(offset + size, head.payload_bytes)
        if head.fits(payload):
            return head, payload
        self._trust_bytes -= head.size_bytes
        return None

    def next_segment(self, offset: int) -> int:
        """The offset of the next intact segment; the file's end when there is none or trust is used up."""
        while (offset := self._window.find(self._framing.magic, offset)) < self._window.size:
            if self.segment_at(offset) is not None:
                return offset
            if self._trust_bytes <= 0:
                return self._window.size
            offset += 1
        return offset

    def is_torn(self, offset: int) -> bool:
        """Whether what begins here is a segment, or the beginning of one, that the file's end cuts off."""
        octets = self._window.octets(offset, self._framing.head_bytes)
        magic = self._framing.magic
        if len(octets) < self._framing.head_bytes:
            return octets[: len(magic)] == magic[: len(octets)]
        head = self._framing.parse(octets)
        return head is not None and offset + head.size_bytes > self._window.size


@dataclass(slots=True)
class _Place:
    """How far the reading has come, and what opens the seals."""

    seal: Seal | None
    bound_to: bytes = b""
    sequence: int = -1
    frame: int = 0
    finished: bool = field(default=False)

    def in_order(self, head: SegmentHead | ChunkHead) -> bool:
        return not self.finished and head.sequence > self.sequence and head.first_frame >= self.frame


def read_segments(source: bytes | BinaryIO, seal: Seal | None = None) -> Iterator[Item]:
    """The file's content in order; stops at the length the file had when reading began.

    Sealed frames come as `SealedSegment` without the recording's seal.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    window = _Window(file)
    framing = _FORMAT_2 if window.octets(0, len(FILE_MAGIC)) == FILE_MAGIC else _FORMAT_1
    scanner = _Scanner(window, framing)
    place = _Place(seal)
    offset = yield from _file_header(file, window, framing, place)
    while offset < window.size:
        found = scanner.segment_at(offset)
        if found is None:
            resumed = scanner.next_segment(offset + 1)
            torn = resumed == window.size and scanner.is_torn(offset)
            yield Damage(offset, resumed - offset, DamageKind.TORN if torn else DamageKind.DAMAGED)
            offset = resumed
            continue
        head, payload = found
        if place.in_order(head):
            yield from _in_order(head, payload, place, offset)
        else:
            yield Damage(offset, head.size_bytes, DamageKind.OUT_OF_ORDER)
        offset += head.size_bytes


def _file_header(
    file: BinaryIO, window: _Window, framing: _Framing, place: _Place
) -> Generator[FileHeader | Damage, None, int]:
    """Yields the header or its damage; returns where the segments begin."""
    file.seek(0)
    try:
        if framing is _FORMAT_2:
            opened = read_header(file, place.seal)
            header, place.bound_to = opened.header, opened.bound_to
        else:
            header = read_file_header(file)
    except SegmentError:
        # Nothing can be unsealed without the header that it is bound to.
        firsts = [_Scanner(window, each).next_segment(0) for each in (_FORMAT_1, _FORMAT_2)]
        yield Damage(0, min(firsts), DamageKind.HEADER)
        return min(firsts)
    begin = file.tell()
    yield header
    return begin


def _in_order(head: SegmentHead | ChunkHead, payload: bytes, place: _Place, offset: int) -> Iterator[Item]:
    cause = GapCause.DROPPED if head.sequence == place.sequence + 1 else GapCause.LOST
    try:
        item = _opened(head, payload, place)
    except (SealBroken, TrackError):
        yield Damage(offset, head.size_bytes, DamageKind.FORGED)
        return
    if head.first_frame > place.frame:
        yield Gap(place.frame, head.first_frame - place.frame, cause)
    elif cause is GapCause.LOST and isinstance(item, Finished):
        yield Damage(offset, 0, DamageKind.OUT_OF_ORDER)
    place.sequence, place.frame = head.sequence, head.end_frame
    place.finished = isinstance(item, Finished)
    yield item


def _opened(
    head: SegmentHead | ChunkHead, payload: bytes, place: _Place
) -> Segment | SealedSegment | Finished:
    if isinstance(head, SegmentHead):
        samples = np.frombuffer(payload, np.uint8).reshape(head.frame_count, CHANNELS, FRAME_SAMPLES)
        return Segment(head.sequence, head.first_frame, samples)
    if head.is_sealed and place.seal is not None:
        payload = place.seal.unseal(head.sequence, payload, place.bound_to + head.checked)
    elif head.is_sealed and not head.is_last:
        return SealedSegment(head.sequence, head.first_frame, head.frame_count)
    if head.is_last:
        return Finished(head.first_frame)
    blocks = parse_blocks(payload)
    return Segment(head.sequence, head.first_frame, to_stereo(blocks, head.frame_count), blocks)


def survey(source: bytes | BinaryIO, seal: Seal | None = None) -> Survey:
    """Reads everything once; of the damage the first hundred places are kept."""
    header: FileHeader | None = None
    segments = end_frame = 0
    missing = dict.fromkeys(GapCause, 0)
    damage: list[Damage] = []
    is_finished = False
    for item in read_segments(source, seal):
        match item:
            case FileHeader():
                header = item
            case Segment() | SealedSegment():
                segments += 1
                end_frame = item.first_frame + item.frame_count
            case Finished():
                is_finished, end_frame = True, max(end_frame, item.end_frame)
            case Gap():
                missing[item.cause] += item.frame_count
            case Damage():
                if len(damage) < _MAX_DAMAGE_KEPT:
                    damage.append(item)
            case _:
                assert_never(item)
    size_bytes = len(source) if isinstance(source, bytes) else source.seek(0, io.SEEK_END)
    dropped, lost = missing[GapCause.DROPPED], missing[GapCause.LOST]
    return Survey(header, segments, end_frame, dropped, lost, size_bytes, tuple(damage), is_finished)
