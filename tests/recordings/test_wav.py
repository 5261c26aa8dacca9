"""WAV export: what was recorded, channel by channel, in a file that any player reads."""

import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from media.g711 import ulaw_decode
from recordings.catalogue import RecordingEntry, RecordingState
from recordings.errors import RecordingsError
from recordings.files import RecordingFiles
from recordings.segment import FileHeader, RecordingId, encode_file_header, encode_segment
from recordings.segment_reader import read_segments
from recordings.wav import WavEncoding, export_wav, play_path, read_wav
from tests.recordings.conftest import STARTED
from tests.recordings.fakes import numbered_frames

ID = RecordingId("20250301-101530-0000000000aa")
ENTRY = RecordingEntry(ID, "c", RecordingState.COMPLETE, Path(f"{ID}.tlr"), STARTED, "a", "b", duration_s=0.5)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Frames 0-9 and 15-24; 10-14 were dropped."""
    path = tmp_path / ENTRY.path
    header = encode_file_header(FileHeader(ID, "c", STARTED, "a", "b"))
    segments = encode_segment(0, 0, numbered_frames(0, 10)) + encode_segment(1, 15, numbered_frames(15, 10))
    path.write_bytes(header + segments)
    return path


def expected() -> np.ndarray:
    codes = numbered_frames(0, 25)
    codes[10:15] = 0xFF
    return ulaw_decode(codes.transpose(0, 2, 1).reshape(-1, 2))


@pytest.mark.parametrize("encoding", WavEncoding)
def test_channels_and_silence_of_gaps_come_back(
    recording: Path, tmp_path: Path, encoding: WavEncoding
) -> None:
    export_wav(read_segments(recording.read_bytes()), tmp_path / "out.wav", encoding)
    audio = read_wav(tmp_path / "out.wav")
    assert (audio.encoding, audio.rate_hz, audio.duration_s) == (encoding, 8000, 0.5)
    assert np.array_equal(audio.samples, expected())


def test_ulaw_header_is_format_7_with_an_extended_format_and_a_fact_chunk(
    recording: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.wav"
    export_wav(read_segments(recording.read_bytes()), target)
    octets = target.read_bytes()
    samples = 25 * 160
    assert octets[:58] == (
        b"RIFF" + struct.pack("<I", len(octets) - 8) + b"WAVE"
        b"fmt " + struct.pack("<IHHIIHHH", 18, 7, 2, 8000, 16000, 2, 8, 0) +
        b"fact" + struct.pack("<II", 4, samples) +
        b"data" + struct.pack("<I", samples * 2)
    )  # fmt: skip
    assert octets[58 + samples * 2 :][:4] == b"cue "


def test_what_is_missing_has_a_marker_that_players_show(recording: Path, tmp_path: Path) -> None:
    export_wav(read_segments(recording.read_bytes()), tmp_path / "out.wav")
    octets = (tmp_path / "out.wav").read_bytes()
    cue, labels = octets[58 + 25 * 160 * 2 :][:36], octets[58 + 25 * 160 * 2 + 36 :]
    assert cue == b"cue " + struct.pack("<IIII4sIII", 28, 1, 1, 1600, b"data", 0, 0, 1600)
    assert labels[:12] == b"LIST" + struct.pack("<I", len(labels) - 8) + b"adtl"
    assert b"not recorded\0" in labels


def test_pcm_is_read_by_the_standard_library(recording: Path, tmp_path: Path) -> None:
    export_wav(read_segments(recording.read_bytes()), tmp_path / "out.wav", WavEncoding.PCM16)
    with wave.open(str(tmp_path / "out.wav")) as reader:
        assert reader.getparams()[:4] == (2, 2, 8000, 25 * 160)
        heard = np.frombuffer(reader.readframes(25 * 160), "<i2").reshape(-1, 2)
    assert np.array_equal(heard, expected())


def test_an_hour_of_gap_is_silence_and_not_an_hour_in_memory(tmp_path: Path) -> None:
    path = tmp_path / ENTRY.path
    header = encode_file_header(FileHeader(ID, "c", STARTED, "a", "b"))
    path.write_bytes(header + encode_segment(0, 180_000, numbered_frames(0, 1)))
    assert read_wav(play_path(RecordingFiles(tmp_path), ENTRY)).duration_s == 3600.02


def test_play_path_renders_once(recording: Path, tmp_path: Path) -> None:
    path = play_path(RecordingFiles(tmp_path), ENTRY)
    made = path.stat().st_ino
    assert path == tmp_path / f"{ID}.wav"
    assert play_path(RecordingFiles(tmp_path), ENTRY).stat().st_ino == made


def test_play_path_follows_a_recording_that_goes_on(recording: Path, tmp_path: Path) -> None:
    assert read_wav(play_path(RecordingFiles(tmp_path), ENTRY)).duration_s == 0.5
    with recording.open("ab") as file:
        file.write(encode_segment(2, 25, numbered_frames(25, 25)))
    # Two writes within one tick of the file system's clock would look like one.
    os.utime(recording, ns=(1, 1))
    assert read_wav(play_path(RecordingFiles(tmp_path), ENTRY)).duration_s == 1.0


def test_both_encodings_can_stand_beside_each_other(recording: Path, tmp_path: Path) -> None:
    paths = [play_path(RecordingFiles(tmp_path), ENTRY, encoding) for encoding in WavEncoding]
    assert [read_wav(path).encoding for path in paths] == list(WavEncoding)


def test_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingsError, match=f"{ID}.tlr.*No such file"):
        play_path(RecordingFiles(tmp_path), ENTRY)


def test_export_that_fails_leaves_nothing_behind(recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    target.mkdir()
    with pytest.raises(OSError):
        export_wav(read_segments(recording.read_bytes()), target)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{ID}.tlr", "out.wav"]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0\x55\0\x02\0",
        b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0\x07\0data\x02\0\0\0ab",
    ],
)
def test_what_is_no_such_wav_is_refused(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(octets)
    with pytest.raises(RecordingsError):
        read_wav(tmp_path / "x.wav")
