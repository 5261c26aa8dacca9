"""The recording file, format 2: a header, then self-framing chunks of any number of tracks, sealed when
there is a key.

Layout, all integers little-endian:

    file header   magic "TLREC\\x02\\r\\n", u32 length, u32 crc32, then `length` octets of JSON: the ids, the
    beginning, the tracks, and the parties' numbers, sealed; in clear they stand nowhere chunk         magic
    D5 "TLc", u16 flags (1: last, 2: sealed), u16 frame count, u32 sequence, u64 first frame, u32 payload
    octets, u32 crc32 over the fields before it and the payload, then the payload: u16 frame count, then for
    each track u8 track, u8 codec, u16 octets of a frame (0: a table of u16 follows the flags), u32 frame
    count, a flag octet for each frame, and the frames as they arrived

A sealed payload is AES-256-GCM: the nonce is the sequence, the associated data the header's digest and the
chunk's fields. So no chunk can be moved, repeated, left out or taken for the last one without being found,
and none can come from another recording. The last chunk has no frames; a file without it was interrupted or
cut off.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from recordings.instants import from_utc_text, to_utc_text
from recordings.segment import (
    MAX_HEADER_BYTES,
    MAX_RECORDING_FRAMES,
    MAX_SEGMENT_FRAMES,
    FileHeader,
    RecordingId,
    SegmentError,
)
from recordings.tracks import MAX_TRACKS, Track

CHUNK_MAGIC = b"\xd5TLc"
CHUNK_HEAD = struct.Struct("<4sHHIQII")
_CHECKED = struct.Struct("<4sHHIQI")
FILE_MAGIC = b"TLREC\x02\r\n"
_FILE_HEAD = struct.Struct("<8sII")
LAST, SEALED = 1, 2
MAX_PAYLOAD_BYTES = 1 << 20
STEREO = (Track("caller"), Track("agent"))


class Seal(Protocol):
    """Closes and opens one recording's payloads. `unseal` raises SealBroken."""

    def seal(self, number: int, octets: bytes, bound_to: bytes) -> bytes: ...

    def unseal(self, number: int, octets: bytes, bound_to: bytes) -> bytes: ...


class SealBroken(SegmentError):  # noqa: N818 - a state of the octets
    """They were sealed with another key, for another place, or changed since."""


DETAILS_NUMBER = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class ChunkHead:
    """A chunk's fields once they have been found plausible; the payload is not yet checked."""

    flags: int
    frame_count: int
    sequence: int
    first_frame: int
    payload_bytes: int
    crc: int
    checked: bytes

    @property
    def size_bytes(self) -> int:
        return CHUNK_HEAD.size + self.payload_bytes

    @property
    def end_frame(self) -> int:
        return self.first_frame + self.frame_count

    @property
    def is_last(self) -> bool:
        return bool(self.flags & LAST)

    @property
    def is_sealed(self) -> bool:
        return bool(self.flags & SEALED)

    def fits(self, payload: bytes) -> bool:
        return zlib.crc32(payload, zlib.crc32(self.checked)) == self.crc


class ChunkWriter:
    """Makes one file's octets in order; the same calls give the same octets."""

    def __init__(self, header: FileHeader, seal: Seal | None, tracks: tuple[Track, ...] = STEREO) -> None:
        self._seal = seal
        self.header = encode_header(header, seal, tracks)
        self._bound_to = hashlib.sha256(self.header).digest()
        self._sequence = 0

    def chunk(self, first_frame: int, frame_count: int, payload: bytes) -> bytes:
        return self._chunk(0, first_frame, frame_count, payload)

    def last(self, first_frame: int) -> bytes:
        """What stands at the end of a recording that was finished."""
        return self._chunk(LAST, first_frame, 0, b"")

    def _chunk(self, flags: int, first_frame: int, frame_count: int, payload: bytes) -> bytes:
        sequence = self._sequence
        self._sequence += 1
        if self._seal is not None:
            flags |= SEALED
        length = len(payload) + (TAG_BYTES if self._seal is not None else 0)
        checked = _CHECKED.pack(CHUNK_MAGIC, flags, frame_count, sequence, first_frame, length)
        if self._seal is not None:
            payload = self._seal.seal(sequence, payload, self._bound_to + checked)
        crc = zlib.crc32(payload, zlib.crc32(checked))
        return checked + crc.to_bytes(4, "little") + payload


TAG_BYTES = 16


def encode_header(header: FileHeader, seal: Seal | None, tracks: tuple[Track, ...]) -> bytes:
    """Without a seal the parties' numbers are left out: the catalogue has them."""
    fields: dict[str, object] = {
        "recording_id": header.recording_id,
        "contact_id": header.contact_id,
        "started_at": to_utc_text(header.started_at),
        "tracks": [{"name": track.name, "rate_hz": track.rate_hz} for track in tracks],
    }
    if header.what:
        fields["what"] = header.what
    if seal is not None:
        parties = json.dumps([header.caller, header.called], ensure_ascii=False).encode("utf-8", "replace")
        bound_to = f"{header.recording_id} parties".encode()
        fields["parties"] = b64encode(seal.seal(DETAILS_NUMBER, parties, bound_to)).decode()
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(text) > MAX_HEADER_BYTES:
        raise SegmentError(f"the header of recording {header.recording_id} has {len(text)} octets")
    return _FILE_HEAD.pack(FILE_MAGIC, len(text), zlib.crc32(text)) + text


@dataclass(frozen=True, slots=True)
class OpenedHeader:
    """`bound_to` is what the chunks' seals are bound to."""

    header: FileHeader
    tracks: tuple[Track, ...]
    bound_to: bytes


def read_header(file: BinaryIO, seal: Seal | None) -> OpenedHeader:
    """Reads from the file's position and leaves it at the first chunk; without the key no parties."""
    head = file.read(_FILE_HEAD.size)
    if len(head) < _FILE_HEAD.size:
        raise SegmentError("the file ends inside its header")
    magic, length, crc = _FILE_HEAD.unpack(head)
    if magic != FILE_MAGIC or length > MAX_HEADER_BYTES:
        raise SegmentError("the file does not begin like a recording")
    text = file.read(length)
    if len(text) < length or zlib.crc32(text) != crc:
        raise SegmentError("the file's header is damaged")
    try:
        return _parse_header(head + text, text, seal)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SegmentError(f"the file's header does not say what it must: {error!r}") from error


def _parse_header(octets: bytes, text: bytes, seal: Seal | None) -> OpenedHeader:
    fields = json.loads(text)
    recording_id = RecordingId(str(fields["recording_id"]))
    tracks = tuple(Track(str(each["name"]), int(each["rate_hz"])) for each in fields["tracks"])
    if not 0 < len(tracks) <= MAX_TRACKS:
        raise SegmentError(f"a file of {len(tracks)} tracks")
    caller, called = "", ""
    if seal is not None and "parties" in fields:
        sealed = b64decode(fields["parties"], validate=True)
        opened = seal.unseal(DETAILS_NUMBER, sealed, f"{recording_id} parties".encode())
        caller, called = map(str, json.loads(opened))
    started_at = from_utc_text(fields["started_at"])
    what = str(fields.get("what", ""))
    header = FileHeader(recording_id, str(fields["contact_id"]), started_at, caller, called, what)
    return OpenedHeader(header, tracks, hashlib.sha256(octets).digest())


def parse_chunk_head(octets: bytes) -> ChunkHead | None:
    """None when these octets cannot begin a chunk; an implausible count is never believed."""
    magic, flags, count, sequence, first_frame, payload_bytes, crc = CHUNK_HEAD.unpack(octets)
    plausible = (
        magic == CHUNK_MAGIC
        and flags <= LAST | SEALED
        and count <= MAX_SEGMENT_FRAMES
        and (count == 0) == bool(flags & LAST)
        and payload_bytes <= MAX_PAYLOAD_BYTES
        and first_frame + count <= MAX_RECORDING_FRAMES
    )
    if not plausible:
        return None
    return ChunkHead(flags, count, sequence, first_frame, payload_bytes, crc, octets[: _CHECKED.size])
