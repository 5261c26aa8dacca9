"""Tracks: one for each thing that is recorded, its codec as it arrived, and what is known of each frame."""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recordings.errors import RecordingsError
from recordings.segment import FRAME_SAMPLES

MAX_TRACKS = 16
MAX_BLOCK_FRAMES = 500
_BLOCK = struct.Struct("<BBHI")
_LENGTHS = np.dtype("<u2")


class TrackCodec(enum.IntEnum):
    """The value is what stands in the file."""

    ULAW = 0
    ALAW = 1
    G722 = 2
    OPUS = 3
    L16 = 4


_CODECS = frozenset(map(int, TrackCodec))


class FrameFlag(enum.IntFlag):
    """`CONCEALED`: a packet never came, the sound is made up in part at least. `SILENT`: nothing came for
    longer than sound can be made up, or the party was silent and said so. `MASKED`: a secret was keyed or
    said.
    """

    CONCEALED = 1
    SILENT = 2
    MASKED = 4


class TrackError(RecordingsError):
    """The octets are not what a chunk holds."""


@dataclass(frozen=True, slots=True)
class Track:
    """What the file's header says of one: whom it is of, and the rate of its clock."""

    name: str
    rate_hz: int = 8000


@dataclass(frozen=True, slots=True)
class TrackBlock:
    """Consecutive frames of one track: a flag and the payload of each, as it travelled."""

    track: int
    codec: TrackCodec
    flags: bytes
    frames: tuple[bytes, ...]


def g711_blocks(
    samples: NDArray[np.uint8], codec: TrackCodec = TrackCodec.ULAW, flags: NDArray[np.uint8] | None = None
) -> bytes:
    """Tracks of G.711 as a chunk's payload; `samples` is (tracks, n, 160), and `flags` (tracks, n)."""
    count = samples.shape[1]
    if samples.shape[2:] != (FRAME_SAMPLES,) or not 0 < count <= MAX_BLOCK_FRAMES:
        raise TrackError(f"a chunk cannot hold samples of shape {samples.shape}")
    none = bytes(count)
    parts: list[bytes | memoryview] = [count.to_bytes(2, "little")]
    for track, codes in enumerate(samples):
        marks = none if flags is None else np.ascontiguousarray(flags[track]).data
        parts += (_BLOCK.pack(track, codec, FRAME_SAMPLES, count), marks, np.ascontiguousarray(codes).data)
    return b"".join(parts)


def encode_blocks(count: int, blocks: tuple[TrackBlock, ...]) -> bytes:
    """The payload of a chunk of `count` frames; frames of different lengths bring a table of these."""
    return count.to_bytes(2, "little") + b"".join(map(_encode_block, blocks))


def _encode_block(block: TrackBlock) -> bytes:
    if len(block.flags) != len(block.frames) or not 0 < len(block.frames) <= MAX_BLOCK_FRAMES:
        raise TrackError(f"a block of {len(block.frames)} frames with {len(block.flags)} flags")
    lengths = {len(frame) for frame in block.frames}
    fixed = lengths.pop() if len(lengths) == 1 and 0 not in lengths else 0
    table = b"" if fixed else np.array([len(frame) for frame in block.frames], _LENGTHS).tobytes()
    head = _BLOCK.pack(block.track, block.codec, fixed, len(block.frames))
    return head + block.flags + table + b"".join(block.frames)


def parse_blocks(payload: bytes) -> tuple[TrackBlock, ...]:
    """Raises TrackError at anything that no encoder makes; work is bounded by the payload's length."""
    blocks = tuple(_blocks(payload))
    if len({block.track for block in blocks}) != len(blocks):
        raise TrackError("a track comes twice in one chunk")
    return blocks


def _blocks(payload: bytes) -> Iterator[TrackBlock]:
    at = 2
    while at < len(payload):
        if at + _BLOCK.size > len(payload):
            raise TrackError("a block's head is cut off")
        track, codec, fixed, count = _BLOCK.unpack_from(payload, at)
        at += _BLOCK.size
        if track >= MAX_TRACKS or codec not in _CODECS or not 0 < count <= MAX_BLOCK_FRAMES:
            raise TrackError(f"a block of track {track}, codec {codec}, {count} frames")
        flags, at = payload[at : at + count], at + count
        lengths, at = _lengths(payload, at, fixed, count)
        ends = np.cumsum(lengths) + at
        if len(flags) < count or len(lengths) < count or int(ends[-1]) > len(payload):
            raise TrackError("a block is cut off")
        begins = ends - lengths
        frames = tuple(payload[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True))
        at = int(ends[-1])
        yield TrackBlock(track, TrackCodec(codec), flags, frames)


def _lengths(payload: bytes, at: int, fixed: int, count: int) -> tuple[NDArray[np.int64], int]:
    if fixed:
        return np.full(count, fixed, np.int64), at
    table = payload[at : at + 2 * count]
    return np.frombuffer(table[: len(table) // 2 * 2], _LENGTHS).astype(np.int64), at + 2 * count
