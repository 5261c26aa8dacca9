"""The recording file: what goes in comes out, and damage costs only what it touches."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.segment import (
    MAX_RECORDING_FRAMES,
    MAX_SEGMENT_FRAMES,
    SEGMENT_MAGIC,
    FileHeader,
    RecordingId,
    SegmentError,
    encode_file_header,
    encode_segment,
)
from recordings.segment_reader import Damage, DamageKind, Gap, GapCause, Segment, read_segments, survey
from tests.recordings.fakes import numbered_frames

HEADER = FileHeader(
    RecordingId("20250301-101530-000000000001"),
    "contact-1",
    datetime(2025, 3, 1, 10, 15, 30, 5, tzinfo=UTC),
    "sip:カラー@example.com",
    "100",
)
COUNTS = (20, 1, 20, 7, 20)


def a_file(counts: tuple[int, ...] = COUNTS) -> bytes:
    return b"".join(pieces(counts))


def pieces(counts: tuple[int, ...] = COUNTS) -> list[bytes]:
    firsts = [0, *accumulate(counts)]
    segments = [
        encode_segment(sequence, first, numbered_frames(first, count))
        for sequence, (first, count) in enumerate(zip(firsts, counts, strict=False))
    ]
    return [encode_file_header(HEADER), *segments]


def segments_of(octets: bytes) -> list[Segment]:
    return [item for item in read_segments(octets) if isinstance(item, Segment)]


def test_header_and_frames_come_back_as_they_went_in() -> None:
    header, *segments = read_segments(a_file())
    assert header == HEADER
    assert [segment.sequence for segment in segments if isinstance(segment, Segment)] == [0, 1, 2, 3, 4]
    heard = np.concatenate([segment.samples for segment in segments if isinstance(segment, Segment)])
    assert np.array_equal(heard, numbered_frames(0, sum(COUNTS)))


def test_frames_dropped_by_the_ring_are_a_gap_of_their_length() -> None:
    octets = (
        pieces((20,))[0]
        + encode_segment(0, 5, numbered_frames(5, 2))
        + encode_segment(1, 10, numbered_frames(10, 1))
    )
    gaps = [item for item in read_segments(octets) if isinstance(item, Gap)]
    assert gaps == [Gap(0, 5, GapCause.DROPPED), Gap(7, 3, GapCause.DROPPED)]
    found = survey(octets)
    assert (found.end_frame, found.dropped_frames, found.lost_frames) == (11, 8, 0)


@given(st.integers(min_value=0, max_value=len(a_file()) - 1))
def test_a_file_cut_anywhere_keeps_every_whole_segment(length: int) -> None:
    ends = list(accumulate(len(piece) for piece in pieces()))
    found = survey(a_file()[:length])
    whole = sum(end <= length for end in ends[1:])
    assert found.segments == whole
    if length in ends:
        assert found.damage == ()
    elif length > ends[0]:
        (damage,) = found.damage
        assert damage == Damage(ends[whole], length - ends[whole], DamageKind.TORN)


@given(st.integers(min_value=0, max_value=len(a_file()) - 1), st.integers(min_value=1, max_value=255))
def test_one_changed_octet_costs_at_most_its_segment_and_is_reported(offset: int, flip: int) -> None:
    octets = bytearray(a_file())
    octets[offset] ^= flip
    found = survey(bytes(octets))
    if offset < len(pieces()[0]):
        assert found.header is None
        assert found.segments == len(COUNTS)
    else:
        assert found.segments == len(COUNTS) - 1
    assert len(found.damage) == 1
    assert found.damage[0].offset <= offset < found.damage[0].offset + found.damage[0].length


def test_a_segment_lost_to_damage_is_a_gap_told_apart_from_dropped_frames() -> None:
    header, first, second, third, *_ = pieces()
    octets = header + first + bytes(len(second)) + third
    found = survey(octets)
    assert (found.segments, found.lost_frames, found.dropped_frames) == (2, COUNTS[1], 0)
    assert found.damage == (Damage(len(header + first), len(second), DamageKind.DAMAGED),)


def test_a_tail_of_zeros_as_a_power_loss_leaves_it_is_reported() -> None:
    octets = a_file() + bytes(4096)
    found = survey(octets)
    assert found.segments == len(COUNTS)
    assert found.damage == (Damage(len(a_file()), 4096, DamageKind.DAMAGED),)


def test_a_repeated_or_swapped_segment_is_not_played_twice() -> None:
    header, first, second, third, *_ = pieces()
    found = list(read_segments(header + first + third + second + first))
    kinds = [item.kind for item in found if isinstance(item, Damage)]
    assert kinds == [DamageKind.OUT_OF_ORDER, DamageKind.OUT_OF_ORDER]
    assert [item.sequence for item in found if isinstance(item, Segment)] == [0, 2]


def test_a_segment_beyond_the_greatest_length_is_not_believed() -> None:
    far = encode_segment(0, MAX_RECORDING_FRAMES, numbered_frames(0, 1))
    found = survey(pieces()[0] + far)
    assert found.end_frame == 0
    assert len(found.damage) == 1


def test_an_empty_file_has_a_damaged_header_and_nothing_else() -> None:
    found = survey(b"")
    assert found.header is None
    assert (found.segments, found.duration_s) == (0, 0.0)
    assert [damage.kind for damage in found.damage] == [DamageKind.HEADER]


@given(st.binary(max_size=3000), st.booleans())
def test_any_octets_are_read_without_an_error_and_accounted_for(octets: bytes, with_header: bool) -> None:
    head = encode_file_header(HEADER) if with_header else b""
    found = survey(head + octets)
    assert found.size_bytes == len(head) + len(octets)
    assert sum(damage.length for damage in found.damage) == len(octets)


def test_a_file_made_of_false_starts_is_given_up_in_linear_time() -> None:
    claim = encode_segment(0, 0, numbered_frames(0, MAX_SEGMENT_FRAMES))[:28]
    octets = claim * 100_000
    begun = time.process_time()
    found = survey(octets)
    assert time.process_time() - begun < 2.0
    assert found.segments == 0
    assert sum(damage.length for damage in found.damage) == len(octets)


def test_reading_uses_memory_for_a_window_not_for_the_file() -> None:
    class Endless:
        """A file of 64 GiB that is zeros; whoever wants it whole asks for more than is sane."""

        def __init__(self) -> None:
            self.at = 0
            self.asked = 0

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset if whence == 0 else 1 << 36
            return self.at

        def read(self, length: int = -1) -> bytes:
            assert 0 <= length <= 1 << 21
            self.asked += length
            if self.asked > 1 << 26:
                raise InterruptedError
            return bytes(length)

    with pytest.raises(InterruptedError):
        survey(Endless())  # type: ignore[arg-type]


def test_a_header_too_long_to_read_back_is_refused_when_written() -> None:
    with pytest.raises(SegmentError):
        encode_file_header(replace(HEADER, caller="x" * 70_000))


@pytest.mark.parametrize("count", [0, MAX_SEGMENT_FRAMES + 1])
def test_a_segment_of_no_or_too_many_frames_is_refused(count: int) -> None:
    with pytest.raises(SegmentError):
        encode_segment(0, 0, np.zeros((count, 2, 160), np.uint8))


def test_audio_that_contains_a_segment_is_not_mistaken_for_one() -> None:
    inner = encode_segment(7, 50, numbered_frames(0, 1))
    assert inner.startswith(SEGMENT_MAGIC)
    payload = np.frombuffer(inner.ljust(640, b"\xff"), np.uint8).reshape(2, 2, 160)
    (segment,) = segments_of(encode_file_header(HEADER) + encode_segment(0, 0, payload))
    assert np.array_equal(segment.samples, payload)
