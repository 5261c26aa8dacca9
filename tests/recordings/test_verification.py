"""Damage is loud: what a file lost is named from second to second, and what is whole is not accused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recordings.archive import Archive
from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.files import RecordingFiles
from recordings.segment import FileHeader, RecordingId, encode_file_header, encode_segment
from recordings.verification import Fault, FaultKind, verify
from tests.recordings.conftest import STARTED
from tests.recordings.fakes import numbered_frames

ID = RecordingId("20250301-101530-0000000000aa")
ENTRY = RecordingEntry(
    ID, "c1", RecordingState.COMPLETE, Path(f"{ID}.tlr"), STARTED, "+4420", "100", duration_s=10.0
)


def pieces() -> list[bytes]:
    """A header and twenty segments of half a second."""
    segments = [encode_segment(n, n * 25, numbered_frames(n * 25, 25)) for n in range(20)]
    return [encode_file_header(FileHeader(ID, "c1", STARTED, "+4420", "100")), *segments]


def faults(tmp_path: Path, octets: bytes, entry: RecordingEntry = ENTRY) -> tuple[Fault, ...]:
    (tmp_path / entry.path).write_bytes(octets)
    return verify(RecordingFiles(tmp_path), entry).faults


def test_what_was_recorded_is_intact(tmp_path: Path) -> None:
    assert faults(tmp_path, b"".join(pieces())) == ()


def test_u1_changed_octets_are_told_from_second_to_second(tmp_path: Path) -> None:
    octets = bytearray(b"".join(pieces()))
    begin = len(b"".join(pieces()[:7])) + 100
    octets[begin : begin + 4000] = bytes(4000)
    (fault,) = faults(tmp_path, bytes(octets))
    assert (fault.kind, fault.start_s, fault.end_s) == (FaultKind.DAMAGED, 3.0, 3.5)
    assert "octets at" in fault.reason
    assert str(fault).startswith("damaged from 0:03.0 to 0:03.5: ")


def test_u1_a_part_cut_out_is_told(tmp_path: Path) -> None:
    header, *segments = pieces()
    (fault,) = faults(tmp_path, header + b"".join(segments[:4] + segments[6:]))
    assert (fault.kind, fault.start_s, fault.end_s) == (FaultKind.DAMAGED, 2.0, 3.0)


def test_u1_an_end_cut_off_between_two_segments_is_told(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, b"".join(pieces()[:11]))
    assert fault == Fault(FaultKind.TRUNCATED, 5.0, 10.0, "the end of the file was cut off")


def test_u1_an_end_cut_off_inside_a_segment_is_told(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, b"".join(pieces()[:12])[:-9])
    assert (fault.kind, fault.start_s, fault.end_s) == (FaultKind.DAMAGED, 5.0, 10.0)


def test_swapped_segments_are_told(tmp_path: Path) -> None:
    header, *segments = pieces()
    segments[3], segments[4] = segments[4], segments[3]
    assert faults(tmp_path, header + b"".join(segments))


def test_sound_added_after_the_end_is_told(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, b"".join(pieces()) + encode_segment(20, 500, numbered_frames(500, 50)))
    assert (fault.start_s, fault.end_s) == (10.0, 11.0)


def test_another_recordings_file_is_told(tmp_path: Path) -> None:
    other = encode_file_header(FileHeader(RecordingId("other"), "c1", STARTED, "", ""))
    (fault,) = faults(tmp_path, other + b"".join(pieces()[1:]))
    assert fault.kind is FaultKind.FOREIGN


def test_a_changed_header_is_told(tmp_path: Path) -> None:
    octets = bytearray(b"".join(pieces()))
    octets[30] ^= 1
    (fault,) = faults(tmp_path, bytes(octets))
    assert fault.reason == "the file's header was changed"


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    (fault,) = verify(RecordingFiles(tmp_path), ENTRY).faults
    assert str(fault) == "missing from 0:00.0 to 0:10.0: the file is gone"


def test_what_a_killed_server_left_torn_is_no_damage(tmp_path: Path) -> None:
    entry = replace(ENTRY, state=RecordingState.INTERRUPTED, duration_s=5.0)
    assert faults(tmp_path, b"".join(pieces()[:12])[:-9], entry) == ()


def test_frames_that_the_recorder_dropped_are_no_damage(tmp_path: Path) -> None:
    header = pieces()[0]
    octets = (
        header
        + encode_segment(0, 0, numbered_frames(0, 25))
        + encode_segment(1, 100, numbered_frames(0, 400))
    )
    assert faults(tmp_path, octets) == ()


@pytest.fixture
def archive(tmp_path: Path, catalogue: Catalogue) -> Archive:
    (tmp_path / ENTRY.path).write_bytes(b"".join(pieces()))
    catalogue.save([ENTRY])
    return Archive(RecordingFiles(tmp_path), catalogue)


def test_u1_the_list_says_what_is_damaged_and_what_is_missing(archive: Archive, tmp_path: Path) -> None:
    assert [listed.condition for listed in archive.newest()] == ["complete"]
    octets = bytearray((tmp_path / ENTRY.path).read_bytes())
    octets[20_000] ^= 1
    (tmp_path / ENTRY.path).write_bytes(octets)
    assert not archive.verify(ENTRY).is_intact
    (listed,) = archive.newest()
    assert (listed.condition, listed.fault[:7]) == ("damaged", "damaged")
    (tmp_path / ENTRY.path).unlink()
    assert [listed.condition for listed in archive.newest()] == ["missing"]


def test_verifying_again_after_a_repair_clears_the_mark(archive: Archive, tmp_path: Path) -> None:
    good = (tmp_path / ENTRY.path).read_bytes()
    (tmp_path / ENTRY.path).write_bytes(good[:9000])
    assert not archive.verify(ENTRY).is_intact
    (tmp_path / ENTRY.path).write_bytes(good)
    assert archive.verify(ENTRY).is_intact
    assert [listed.condition for listed in archive.newest(since=datetime(2025, 1, 1, tzinfo=UTC))] == [
        "complete"
    ]


def test_a_contacts_id_means_its_newest_recording_and_a_voicemail_only_where_there_is_none(
    archive: Archive, catalogue: Catalogue
) -> None:
    later = [
        replace(
            ENTRY,
            recording_id=RecordingId(name),
            path=Path(name),
            started_at=ENTRY.started_at + timedelta(minutes=minutes),
            what=what,
            contact_id=contact,
        )
        for name, minutes, what, contact in (
            ("second", 1, "", ENTRY.contact_id),
            ("left", 2, "voicemail", ENTRY.contact_id),
            ("alone", 1, "voicemail", "other"),
        )
    ]
    catalogue.save(later)
    assert archive.find(ENTRY.contact_id).recording_id == "second"
    assert archive.find("left").recording_id == "left"
    assert archive.find("other").recording_id == "alone"
