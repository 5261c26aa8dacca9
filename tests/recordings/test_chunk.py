"""Format 2: tracks as they arrived, sealed: no change, move, repetition or cut goes unseen."""

import os
import random
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.chunk import CHUNK_HEAD, ChunkWriter
from recordings.sealing import AesGcmSeal
from recordings.segment import FileHeader, RecordingId
from recordings.segment_reader import (
    Damage,
    DamageKind,
    Finished,
    Gap,
    GapCause,
    Item,
    SealedSegment,
    Segment,
    read_segments,
    survey,
)
from recordings.tracks import (
    FrameFlag,
    TrackBlock,
    TrackCodec,
    TrackError,
    encode_blocks,
    g711_blocks,
    parse_blocks,
)
from tests.recordings.fakes import numbered_frames

HEADER = FileHeader(
    RecordingId("20250301-101530-000000000001"),
    "contact-1",
    datetime(2025, 3, 1, 10, 15, 30, 5, tzinfo=UTC),
    "+442071838750",
    "100",
)
SEAL = AesGcmSeal(bytes(range(32)))


def pieces(seal: AesGcmSeal | None = SEAL, header: FileHeader = HEADER) -> list[bytes]:
    """A header, six chunks of half a second, and the mark of the end."""
    writer = ChunkWriter(header, seal)
    chunks = [
        writer.chunk(n * 25, 25, g711_blocks(numbered_frames(n * 25, 25).transpose(1, 0, 2)))
        for n in range(6)
    ]
    return [writer.header, *chunks, writer.last(150)]


def read(octets: bytes, seal: AesGcmSeal | None = SEAL) -> list[Item]:
    return list(read_segments(octets, seal))


@pytest.mark.parametrize("seal", [SEAL, None])
def test_what_goes_in_comes_out(seal: AesGcmSeal | None) -> None:
    header, *chunks, end = read(b"".join(pieces(seal)), seal)
    assert header == (
        HEADER if seal else FileHeader(HEADER.recording_id, "contact-1", HEADER.started_at, "", "")
    )
    heard = np.concatenate([chunk.samples for chunk in chunks if isinstance(chunk, Segment)])
    assert np.array_equal(heard, numbered_frames(0, 150))
    assert end == Finished(150)
    assert survey(b"".join(pieces(seal)), seal).is_finished


def test_no_number_and_no_sound_stands_in_clear() -> None:
    octets = b"".join(pieces())
    assert b"2071838750" not in octets
    assert numbered_frames(3, 1).tobytes()[:40] not in octets


def test_without_the_key_lengths_are_known_and_nothing_can_be_heard() -> None:
    items = read(b"".join(pieces()), None)
    assert [item for item in items if isinstance(item, SealedSegment)][2] == SealedSegment(2, 50, 25)
    assert not any(isinstance(item, Segment) for item in items)
    assert survey(b"".join(pieces())).duration_s == 3.0


def test_another_key_opens_nothing() -> None:
    items = read(b"".join(pieces()), AesGcmSeal(bytes(32)))
    assert not any(isinstance(item, Segment) for item in items)


def forged(chunk: bytes, **fields: int) -> bytes:
    """With a checksum that fits again, as someone makes it who knows the format."""
    names = ("magic", "flags", "count", "sequence", "first_frame", "payload", "crc")
    held = dict(zip(names, CHUNK_HEAD.unpack(chunk[: CHUNK_HEAD.size]), strict=True)) | fields
    checked = CHUNK_HEAD.pack(*held.values())[:-4]
    payload = chunk[CHUNK_HEAD.size :]
    return checked + zlib.crc32(payload, zlib.crc32(checked)).to_bytes(4, "little") + payload


def test_a_chunk_of_another_recording_is_found() -> None:
    header, *chunks = pieces()
    other = pieces(header=FileHeader(RecordingId("other"), "c", HEADER.started_at, "", ""))
    found = read(header + b"".join(chunks[:2]) + other[3] + b"".join(chunks[3:]))
    assert [item.kind for item in found if isinstance(item, Damage)] == [DamageKind.FORGED]


def test_a_chunk_moved_with_its_number_changed_is_found() -> None:
    header, *chunks = pieces()
    moved = forged(chunks[4], sequence=2, first_frame=50)
    found = read(header + b"".join(chunks[:2]) + moved + b"".join(chunks[3:]))
    assert [item.kind for item in found if isinstance(item, Damage)] == [DamageKind.FORGED]


def test_an_end_made_up_is_found() -> None:
    header, *chunks = pieces()
    made_up = forged(chunks[6], sequence=3, first_frame=75)
    found = read(header + b"".join(chunks[:3]) + made_up)
    assert [item.kind for item in found if isinstance(item, Damage)] == [DamageKind.FORGED]
    assert not any(isinstance(item, Finished) for item in found)


def test_a_chunk_left_out_before_the_end_is_found() -> None:
    header, *chunks = pieces()
    gaps = [item for item in read(header + b"".join(chunks[:5]) + chunks[6]) if isinstance(item, Gap)]
    assert gaps == [Gap(125, 25, GapCause.LOST)]


def test_what_follows_the_end_is_found() -> None:
    found = read(b"".join(pieces()) + pieces()[1])
    assert isinstance(found[-1], Damage)


def mutations(number: int) -> tuple[str, bytes]:
    """One change of the file: a bit, or a chunk dropped, swapped, repeated, or the end cut off."""
    chance = random.Random(number)
    parts = pieces()
    octets = b"".join(parts)
    kind = chance.choice(("bit", "drop", "swap", "replay", "truncate"))
    at = chance.randrange(1, len(parts))
    match kind:
        case "bit":
            place = chance.randrange(len(octets))
            octets = octets[:place] + bytes([octets[place] ^ 1 << chance.randrange(8)]) + octets[place + 1 :]
        case "drop":
            octets = b"".join(parts[:at] + parts[at + 1 :])
        case "swap":
            other = chance.choice([n for n in range(1, len(parts)) if n != at])
            parts[at], parts[other] = parts[other], parts[at]
            octets = b"".join(parts)
        case "replay":
            octets = b"".join([*parts[:at], parts[at], parts[at], *parts[at + 1 :]])
        case "truncate":
            octets = octets[: chance.randrange(len(octets))]
    return kind, octets


@pytest.mark.timeout(120)
def test_ten_thousand_single_changes_are_all_found() -> None:
    count = int(os.environ.get("TRUNKLINE_TEST_CHANGES", "2000"))
    for number in range(count):
        kind, octets = mutations(number)
        found = read(octets)
        unfinished = not any(isinstance(item, Finished) for item in found)
        faulty = any(
            isinstance(item, Damage) or (isinstance(item, Gap) and item.cause is GapCause.LOST)
            for item in found
        )
        assert faulty or unfinished, (number, kind)


def test_tracks_keep_their_codec_flags_and_lengths_as_they_arrived() -> None:
    blocks = (
        TrackBlock(0, TrackCodec.ALAW, bytes([0, FrameFlag.CONCEALED]), (b"\xd5" * 160, b"\x55" * 160)),
        TrackBlock(1, TrackCodec.OPUS, bytes([FrameFlag.MASKED, 0]), (b"abc", b"")),
        TrackBlock(2, TrackCodec.G722, bytes(2), (b"x" * 160, b"y" * 160)),
    )
    assert parse_blocks(encode_blocks(2, blocks)) == blocks


def test_alaw_comes_out_as_alaw_and_is_played_too() -> None:
    writer = ChunkWriter(HEADER, SEAL)
    frames = tuple(bytes([value]) * 160 for value in (0xD5, 0x55, 0x2A))
    block = TrackBlock(0, TrackCodec.ALAW, bytes(3), frames)
    _, segment = read(writer.header + writer.chunk(0, 3, encode_blocks(3, (block,))))
    assert isinstance(segment, Segment)
    assert segment.blocks == (block,)
    assert segment.samples.shape == (3, 2, 160)
    assert (segment.samples[:, 1] == 0xFF).all()


def test_further_parties_are_mixed_on_the_right() -> None:
    blocks = tuple(TrackBlock(n, TrackCodec.ULAW, b"\0", (bytes([0x90]) * 160,)) for n in range(3))
    writer = ChunkWriter(HEADER, None)
    _, segment = read(writer.header + writer.chunk(0, 1, encode_blocks(1, blocks)), None)
    assert isinstance(segment, Segment)
    assert int(segment.samples[0, 1, 0]) < 0x90


@given(st.binary(max_size=400))
def test_any_payload_is_read_or_refused(octets: bytes) -> None:
    try:
        blocks = parse_blocks(octets)
    except TrackError:
        return
    assert sum(len(frame) for block in blocks for frame in block.frames) <= len(octets)


@given(st.binary(max_size=3000))
def test_any_octets_behind_a_header_are_accounted_for(octets: bytes) -> None:
    header = pieces()[0]
    found = survey(header + octets, SEAL)
    assert sum(damage.length for damage in found.damage) == len(octets)
