"""Reading a recording file whatever happened to it: every intact segment in order, and what is missing.

Work and memory are bounded by the file's length, however hostile its content.
"""

from __future__ import annotations

import enum
import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, assert_never

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Segment:
    """Intact frames; `samples` is (n, 2, 160) mu-law, left (caller) before right (agent)."""

    sequence: int
    first_frame: int
    samples: NDArray[np.uint8]


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


class _Scanner:
    """Finds intact segments; spends at most a fixed multiple of the file's length on false starts."""

    def __init__(self, window: _Window) -> None:
        self._window = window
        self._trust_bytes = 4 * window.size + _WINDOW_BYTES

    def segment_at(self, offset: int) -> tuple[SegmentHead, bytes] | None:
        octets = self._window.octets(offset, SEGMENT_HEAD.size)
        head = parse_segment_head(octets) if len(octets) == SEGMENT_HEAD.size else None
        if head is None or offset + head.size_bytes > self._window.size:
            return None
        payload = self._window.octets(offset + SEGMENT_HEAD.size, head.payload_bytes)
        if head.fits(payload):
            return head, payload
        self._trust_bytes -= head.size_bytes
        return None

    def next_segment(self, offset: int) -> int:
        """The offset of the next intact segment; the file's end when there is none or trust is used up."""
        while (offset := self._window.find(SEGMENT_MAGIC, offset)) < self._window.size:
            if self.segment_at(offset) is not None:
                return offset
            if self._trust_bytes <= 0:
                return self._window.size
            offset += 1
        return offset

    def is_torn(self, offset: int) -> bool:
        """Whether what begins here is a segment, or the beginning of one, that the file's end cuts off."""
        octets = self._window.octets(offset, SEGMENT_HEAD.size)
        if len(octets) < SEGMENT_HEAD.size:
            return octets[: len(SEGMENT_MAGIC)] == SEGMENT_MAGIC[: len(octets)]
        head = parse_segment_head(octets)
        return head is not None and offset + head.size_bytes > self._window.size


def read_segments(source: bytes | BinaryIO) -> Iterator[FileHeader | Segment | Gap | Damage]:
    """The file's content in order; stops at the length the file had when reading began."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    window = _Window(file)
    scanner = _Scanner(window)
    offset = yield from _file_header(file, scanner)
    sequence, frame = -1, 0
    while offset < window.size:
        found = scanner.segment_at(offset)
        if found is None:
            resumed = scanner.next_segment(offset + 1)
            torn = resumed == window.size and scanner.is_torn(offset)
            yield Damage(offset, resumed - offset, DamageKind.TORN if torn else DamageKind.DAMAGED)
            offset = resumed
            continue
        head, payload = found
        if head.sequence <= sequence or head.first_frame < frame:
            yield Damage(offset, head.size_bytes, DamageKind.OUT_OF_ORDER)
        else:
            yield from _in_order(head, payload, sequence, frame)
            sequence, frame = head.sequence, head.end_frame
        offset += head.size_bytes


def _file_header(file: BinaryIO, scanner: _Scanner) -> Generator[FileHeader | Damage, None, int]:
    """Yields the header or its damage; returns where the segments begin."""
    file.seek(0)
    try:
        header = read_file_header(file)
    except SegmentError:
        first = scanner.next_segment(0)
        yield Damage(0, first, DamageKind.HEADER)
        return first
    begin = file.tell()
    yield header
    return begin


def _in_order(head: SegmentHead, payload: bytes, sequence: int, frame: int) -> Iterator[Gap | Segment]:
    if head.first_frame > frame:
        cause = GapCause.DROPPED if head.sequence == sequence + 1 else GapCause.LOST
        yield Gap(frame, head.first_frame - frame, cause)
    samples = np.frombuffer(payload, np.uint8).reshape(head.frame_count, CHANNELS, FRAME_SAMPLES)
    yield Segment(head.sequence, head.first_frame, samples)


def survey(source: bytes | BinaryIO) -> Survey:
    """Reads everything once; of the damage the first hundred places are kept."""
    header: FileHeader | None = None
    segments = end_frame = 0
    missing = dict.fromkeys(GapCause, 0)
    damage: list[Damage] = []
    for item in read_segments(source):
        match item:
            case FileHeader():
                header = item
            case Segment():
                segments += 1
                end_frame = item.first_frame + len(item.samples)
            case Gap():
                missing[item.cause] += item.frame_count
            case Damage():
                if len(damage) < _MAX_DAMAGE_KEPT:
                    damage.append(item)
            case _:
                assert_never(item)
    size_bytes = len(source) if isinstance(source, bytes) else source.seek(0, io.SEEK_END)
    dropped, lost = missing[GapCause.DROPPED], missing[GapCause.LOST]
    return Survey(header, segments, end_frame, dropped, lost, size_bytes, tuple(damage))
