"""The recording file: a header, then self-framing segments of stereo mu-law frames.

Layout, all integers little-endian:

    file header   magic "TLREC\\x01\\r\\n", u32 length, u32 crc32, then `length` octets of JSON (`FileHeader`)
    segment       magic D5 "TLs", u16 flags (0), u16 frame count, u32 sequence, u64 first frame,
                  u32 payload octets, u32 crc32 over the fields before it and the payload, then the payload:
                  per frame 160 mu-law octets of the left channel (the caller), then 160 of the right one
                  (what the caller hears)

A file is only ever appended to, so a killed writer leaves at most one torn segment at its end.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import BinaryIO, NewType

import numpy as np
from numpy.typing import NDArray

from recordings.errors import RecordingsError
from recordings.instants import from_utc_text, to_utc_text

RecordingId = NewType("RecordingId", str)

RATE_HZ = 8000
CHANNELS = 2
FRAME_SAMPLES = 160
FRAME_BYTES = CHANNELS * FRAME_SAMPLES
FRAMES_PER_S = RATE_HZ // FRAME_SAMPLES
ULAW_SILENCE = 0xFF

MAX_SEGMENT_FRAMES = 500
MAX_HEADER_BYTES = 65_536
MAX_RECORDING_FRAMES = 24 * 3600 * 50

SEGMENT_MAGIC = b"\xd5TLs"
SEGMENT_HEAD = struct.Struct("<4sHHIQII")
_CHECKED_HEAD = struct.Struct("<4sHHIQI")
_FILE_MAGIC = b"TLREC\x01\r\n"
_FILE_HEAD = struct.Struct("<8sII")
_LAYOUT = {
    "rate_hz": RATE_HZ,
    "encoding": "ulaw",
    "frame_samples": FRAME_SAMPLES,
    "channels": ["caller", "agent"],
}


class SegmentError(RecordingsError):
    """The octets are not what a recording file holds."""


@dataclass(frozen=True, slots=True)
class FileHeader:
    """Who and when: enough to put a file without a catalogue row back into the catalogue."""

    recording_id: RecordingId
    contact_id: str
    started_at: datetime
    caller: str
    called: str
    what: str = ""
    """Empty for the recording of a contact; else what the caller left, like `voicemail`."""


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """A segment's fields once they have been found plausible; the payload is not yet checked."""

    frame_count: int
    sequence: int
    first_frame: int
    crc: int
    checked: bytes

    @property
    def payload_bytes(self) -> int:
        return self.frame_count * FRAME_BYTES

    @property
    def size_bytes(self) -> int:
        return SEGMENT_HEAD.size + self.payload_bytes

    @property
    def end_frame(self) -> int:
        return self.first_frame + self.frame_count

    def fits(self, payload: bytes) -> bool:
        return zlib.crc32(payload, zlib.crc32(self.checked)) == self.crc


def encode_file_header(header: FileHeader) -> bytes:
    fields = asdict(header) | {"started_at": to_utc_text(header.started_at)} | _LAYOUT
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(text) > MAX_HEADER_BYTES:
        raise SegmentError(f"the header of recording {header.recording_id} has {len(text)} octets")
    return _FILE_HEAD.pack(_FILE_MAGIC, len(text), zlib.crc32(text)) + text


def read_file_header(file: BinaryIO) -> FileHeader:
    """Reads from the file's position and leaves it at the first segment."""
    head = file.read(_FILE_HEAD.size)
    if len(head) < _FILE_HEAD.size:
        raise SegmentError("the file ends inside its header")
    magic, length, crc = _FILE_HEAD.unpack(head)
    if magic != _FILE_MAGIC or length > MAX_HEADER_BYTES:
        raise SegmentError("the file does not begin like a recording")
    text = file.read(length)
    if len(text) < length or zlib.crc32(text) != crc:
        raise SegmentError("the file's header is damaged")
    return _parse_file_header(text)


def _parse_file_header(text: bytes) -> FileHeader:
    try:
        fields = json.loads(text)
        layout = {name: fields[name] for name in _LAYOUT}
        header = FileHeader(
            recording_id=RecordingId(str(fields["recording_id"])),
            contact_id=str(fields["contact_id"]),
            started_at=from_utc_text(fields["started_at"]),
            caller=str(fields["caller"]),
            called=str(fields["called"]),
            what=str(fields.get("what", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SegmentError(f"the file's header does not say what it must: {error!r}") from error
    if layout != _LAYOUT:
        raise SegmentError(f"audio of another layout than this program reads: {layout}")
    return header


def encode_segment_head(sequence: int, first_frame: int, samples: NDArray[np.uint8]) -> bytes:
    """The octets that go before `samples`, which must be C-contiguous and (n, 2, 160)."""
    count = len(samples)
    if samples.shape[1:] != (CHANNELS, FRAME_SAMPLES) or not 0 < count <= MAX_SEGMENT_FRAMES:
        raise SegmentError(f"a segment cannot hold samples of shape {samples.shape}")
    checked = _CHECKED_HEAD.pack(SEGMENT_MAGIC, 0, count, sequence, first_frame, count * FRAME_BYTES)
    return checked + zlib.crc32(samples.data, zlib.crc32(checked)).to_bytes(4, "little")


def encode_segment(sequence: int, first_frame: int, samples: NDArray[np.uint8]) -> bytes:
    return encode_segment_head(sequence, first_frame, samples) + samples.tobytes()


def parse_segment_head(octets: bytes) -> SegmentHead | None:
    """None when these octets cannot begin a segment; an implausible count is never believed."""
    magic, flags, count, sequence, first_frame, payload_bytes, crc = SEGMENT_HEAD.unpack(octets)
    plausible = (
        magic == SEGMENT_MAGIC
        and flags == 0
        and 0 < count <= MAX_SEGMENT_FRAMES
        and payload_bytes == count * FRAME_BYTES
        and first_frame + count <= MAX_RECORDING_FRAMES
    )
    if not plausible:
        return None
    return SegmentHead(count, sequence, first_frame, crc, octets[: _CHECKED_HEAD.size])
