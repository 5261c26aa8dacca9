"""After a crash every recording is listed, closed as interrupted, with the length it really has."""

import errno
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.files import RecordingFiles
from recordings.recovery import recover
from recordings.segment import FileHeader, RecordingId, encode_file_header, encode_segment
from recordings.segment_reader import Survey
from tests.recordings.conftest import STARTED
from tests.recordings.fakes import numbered_frames

ID = RecordingId("20250301-101530-0000000000aa")
ENTRY = RecordingEntry(
    ID, "contact-9", RecordingState.RECORDING, Path(f"2025/03/01/{ID}.tlr"), STARTED, "+4420", "100"
)


def write_file(directory: Path, recording_id: RecordingId = ID, *, torn: bool = False) -> Path:
    path = directory / f"2025/03/01/{recording_id}.tlr"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = FileHeader(recording_id, "contact-9", STARTED, "+4420", "100")
    octets = encode_file_header(header) + encode_segment(0, 0, numbered_frames(0, 50))
    tail = encode_segment(1, 50, numbered_frames(50, 25))
    path.write_bytes(octets + (tail[:1000] if torn else tail))
    return path


def test_unfinished_row_gets_the_files_true_length(tmp_path: Path, catalogue: Catalogue) -> None:
    catalogue.save([ENTRY])
    path = write_file(tmp_path, torn=True)
    octets = path.read_bytes()
    (entry,) = recover(RecordingFiles(tmp_path), catalogue)
    assert entry == catalogue.get(ID)
    assert (entry.state, entry.duration_s) == (RecordingState.INTERRUPTED, 1.0)
    assert entry.ended_at == STARTED + timedelta(seconds=1)
    assert "torn" in entry.failure
    assert path.read_bytes() == octets


def test_row_whose_file_is_gone_is_closed_and_says_so(tmp_path: Path, catalogue: Catalogue) -> None:
    catalogue.save([ENTRY])
    (entry,) = recover(RecordingFiles(tmp_path), catalogue)
    assert (entry.state, entry.duration_s) == (RecordingState.INTERRUPTED, 0.0)
    assert "No such file" in entry.failure


def test_file_without_a_row_is_adopted_from_its_own_header(tmp_path: Path, catalogue: Catalogue) -> None:
    write_file(tmp_path)
    (entry,) = recover(RecordingFiles(tmp_path), catalogue)
    assert entry == catalogue.get(ID)
    assert entry == replace(
        ENTRY,
        state=RecordingState.INTERRUPTED,
        duration_s=1.5,
        ended_at=STARTED + timedelta(seconds=1.5),
        size_bytes=entry.size_bytes,
    )


@pytest.mark.parametrize("octets", [b"", b"TLREC", b"\0" * 5000])
def test_file_whose_header_is_lost_is_listed_all_the_same(
    tmp_path: Path, catalogue: Catalogue, octets: bytes
) -> None:
    path = write_file(tmp_path)
    path.write_bytes(octets)
    (entry,) = recover(RecordingFiles(tmp_path), catalogue)
    assert (entry.recording_id, entry.contact_id) == (ID, "")
    assert "header" in entry.failure


def test_second_recovery_finds_nothing(tmp_path: Path, catalogue: Catalogue) -> None:
    write_file(tmp_path)
    assert len(recover(RecordingFiles(tmp_path), catalogue)) == 1
    assert recover(RecordingFiles(tmp_path), catalogue) == []


def test_finished_and_live_recordings_are_left_alone(tmp_path: Path, catalogue: Catalogue) -> None:
    live = RecordingId("20250301-101530-0000000000bb")
    catalogue.save([replace(ENTRY, state=RecordingState.COMPLETE), replace(ENTRY, recording_id=live)])
    write_file(tmp_path)
    write_file(tmp_path, live)
    assert recover(RecordingFiles(tmp_path), catalogue, live={live}) == []
    assert catalogue.get(ID).state is RecordingState.COMPLETE
    assert catalogue.get(live).state is RecordingState.RECORDING


def test_foreign_files_and_links_are_not_adopted(tmp_path: Path, catalogue: Catalogue) -> None:
    path = write_file(tmp_path)
    path.rename(tmp_path / "elsewhere.tlr")
    path.symlink_to(tmp_path / "elsewhere.tlr")
    (path.parent / "notes.tlr").write_bytes(b"")
    assert recover(RecordingFiles(tmp_path), catalogue) == []


def test_finding_10_two_days_with_more_recordings_than_sqlite_takes_parameters(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    day = tmp_path / "2025/03/01"
    day.mkdir(parents=True)
    ids = [f"20250301-101530-{number:012x}" for number in range(33_000)]
    for recording_id in ids:
        os.mknod(day / f"{recording_id}.tlr")
    complete = [
        replace(ENTRY, recording_id=RecordingId(recording_id), state=RecordingState.COMPLETE)
        for recording_id in ids[1:]
    ]
    catalogue.save(complete)
    assert [entry.recording_id for entry in recover(RecordingFiles(tmp_path), catalogue)] == ids[:1]


class OneUnreadable(RecordingFiles):
    """A folder in which the file of ID cannot be read, whoever asks."""

    def survey(self, path: Path) -> Survey:
        if path.stem == ID:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return super().survey(path)


def test_finding_10_a_stray_file_that_cannot_be_read_is_listed_and_keeps_nobody_from_starting(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    write_file(tmp_path)
    readable = RecordingId("20250301-101531-0000000000cc")
    write_file(tmp_path, readable)
    recover(OneUnreadable(tmp_path), catalogue)
    assert catalogue.get(readable).duration_s == 1.5
    listed = catalogue.get(ID)
    assert listed.failure == "the file cannot be read: Permission denied"
    assert listed.started_at == STARTED.replace(microsecond=0)


def test_a_name_that_only_looks_like_an_id_is_left_alone(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "2025/03/01").mkdir(parents=True)
    (tmp_path / "2025/03/01/20259999-999999-0000000000aa.tlr").write_bytes(b"")
    assert recover(RecordingFiles(tmp_path), catalogue) == []
