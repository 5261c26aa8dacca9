"""Prompts as they are recorded, made like each other."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from media.g711 import ulaw_encode
from media.prompt_file import MAX_SECONDS, PromptFileError, read_pcm, read_prompt, write_pcm
from media.prompt_level import LOUDNESS_DBFS, levelled, trimmed

RATE = 8000


def speech(seconds: float, amplitude: float) -> NDArray[np.int16]:
    at = np.arange(int(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 300 * at)).astype(np.int16)


def silence(seconds: float) -> NDArray[np.int16]:
    return np.zeros(int(seconds * RATE), np.int16)


def dbfs(pcm: NDArray[np.int16]) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(pcm.astype(float) ** 2)) / 32768))


def test_silence_is_cut_at_both_ends_and_kept_in_between() -> None:
    said = np.concatenate([silence(2), speech(1, 8000), silence(1), speech(1, 8000), silence(5)])
    cut = trimmed(said)
    assert 3.0 <= len(cut) / RATE <= 3.5


@pytest.mark.parametrize("amplitude", [300, 3000, 30000])
def test_prompts_become_equally_loud_whatever_they_were(amplitude: int) -> None:
    assert dbfs(levelled(speech(2, amplitude))) == pytest.approx(LOUDNESS_DBFS, abs=0.5)


def test_pauses_do_not_make_a_prompt_louder() -> None:
    dense = levelled(speech(2, 2000))
    sparse = levelled(np.concatenate([speech(1, 2000), silence(8), speech(1, 2000)]))
    assert np.max(np.abs(sparse)) == pytest.approx(np.max(np.abs(dense)), rel=0.02)


def test_nothing_but_silence_is_nothing() -> None:
    assert len(trimmed(silence(3))) == 0
    assert not levelled(silence(3)).any()
    assert len(trimmed(silence(0))) == 0


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=4000))
def test_any_sound_is_levelled_without_being_cut_off(data: bytes) -> None:
    pcm = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    assert np.max(np.abs(levelled(pcm).astype(int)), initial=0) <= 32768
    assert len(trimmed(pcm)) <= len(pcm)


def written(file: Path, width: int, rate_hz: int = RATE, channels: int = 1) -> Path:
    """A second of a tone, in samples of that many bytes."""
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(rate_hz) / rate_hz)
    values = np.rint(tone * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    if width == 1:
        octets = (values + 128).astype(np.uint8).tobytes()
    else:
        octets = values.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    with wave.open(str(file), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(width)
        stream.setframerate(rate_hz)
        stream.writeframes(octets if channels == 1 else octets * channels)
    return file


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("rate_hz", [8000, 11025, 44100])
def test_samples_of_any_width_and_rate_sound_the_same(tmp_path: Path, width: int, rate_hz: int) -> None:
    pcm = read_pcm(written(tmp_path / "tone.wav", width, rate_hz))
    assert dbfs(pcm[500:-500]) == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.2)
    assert len(pcm) == pytest.approx(RATE, abs=5)


def test_one_channel_can_be_had_alone(tmp_path: Path) -> None:
    frames = np.stack([speech(1, 8000), silence(1)], axis=1)
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as stream:
        stream.setnchannels(2)
        stream.setsampwidth(2)
        stream.setframerate(RATE)
        stream.writeframes(frames.tobytes())
    assert dbfs(read_pcm(tmp_path / "stereo.wav", channel=0)) > -20
    assert not read_pcm(tmp_path / "stereo.wav", channel=1).any()


@pytest.mark.parametrize("rate_hz", [1, 999])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate_hz: int) -> None:
    with pytest.raises(PromptFileError, match="Hz"):
        read_pcm(written(tmp_path / "tone.wav", 2, rate_hz))


def test_a_prompt_that_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    said = speech(1, 5000)
    write_pcm(tmp_path / "said.wav", said)
    assert np.array_equal(read_pcm(tmp_path / "said.wav"), said)
    assert read_prompt(tmp_path / "said.wav").duration_s == 1.0
    assert [file.name for file in tmp_path.iterdir()] == ["said.wav"]


def test_what_cannot_be_written_leaves_the_old_prompt(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="folder"):
        write_pcm(tmp_path / "no folder" / "said.wav", speech(1, 1))
    assert MAX_SECONDS > 0


def ulaw_wave(file: Path, frames: NDArray[np.int16], rate_hz: int = RATE) -> Path:
    """As our own recordings are: G.711 in a WAV file, with a chunk before the sound."""
    data = ulaw_encode(frames.reshape(-1)).tobytes()
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, 7, frames.shape[1], rate_hz, rate_hz, 1, 8, 0)
    body = (
        b"WAVE" + form + struct.pack("<4sI", b"cue ", 4) + bytes(4) + struct.pack("<4sI", b"data", len(data))
    )
    file.write_bytes(struct.pack("<4sI", b"RIFF", len(body) + len(data)) + body + data)
    return file


def test_a_recording_of_ours_gives_the_callers_channel(tmp_path: Path) -> None:
    frames = np.stack([speech(1, 8000), silence(1)], axis=1)
    file = ulaw_wave(tmp_path / "recording.wav", frames)
    assert dbfs(read_pcm(file, channel=0)) == pytest.approx(dbfs(speech(1, 8000)), abs=0.2)
    assert dbfs(read_pcm(file, channel=1) + np.int16(1)) < -60
    assert read_prompt(file).duration_s == pytest.approx(1.0, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 120), octets=st.binary(max_size=6), at=st.integers(0, 70))
def test_a_broken_wave_file_is_refused_or_read_but_never_trips(
    tmp_path_factory: pytest.TempPathFactory, cut: int, octets: bytes, at: int
) -> None:
    file = ulaw_wave(tmp_path_factory.mktemp("wave") / "x.wav", np.stack([speech(0.01, 8000)] * 2, axis=1))
    whole = file.read_bytes()
    file.write_bytes((whole[:at] + octets + whole[at + len(octets) :])[: len(whole) - cut])
    try:
        read_pcm(file)
    except PromptFileError as error:
        assert "x.wav" in str(error)
