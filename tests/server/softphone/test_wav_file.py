"""Sound of a call as a WAV file that any program can open."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from media.prompt_file import read_prompt
from recordings.wav import read_wav
from server.softphone.wav_file import write_wav

RAMP = np.arange(-8000, 8000, 10, dtype=np.int16)


def test_one_channel_comes_back_sample_by_sample(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", RAMP)
    with wave.open(str(tmp_path / "one.wav"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        assert np.array_equal(np.frombuffer(file.readframes(file.getnframes()), "<i2"), RAMP)


def test_two_channels_keep_their_sides(tmp_path: Path) -> None:
    write_wav(tmp_path / "two.wav", np.stack([RAMP, -RAMP], axis=1))
    heard = read_wav(tmp_path / "two.wav")
    assert np.array_equal(heard.samples[:, 0], RAMP)
    assert np.array_equal(heard.samples[:, 1], -RAMP)
    assert heard.duration_s == len(RAMP) / 8000


def test_nothing_is_a_file_without_sound_and_no_error(tmp_path: Path) -> None:
    for name, shape in (("one.wav", (0,)), ("two.wav", (0, 2))):
        write_wav(tmp_path / name, np.zeros(shape, np.int16))
        with wave.open(str(tmp_path / name), "rb") as file:
            assert file.getnframes() == 0


def test_what_another_machine_would_store_backwards_is_little_endian(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", RAMP.astype(">i2"))
    assert (tmp_path / "one.wav").read_bytes()[44:46] == RAMP[:1].astype("<i2").tobytes()


def test_a_call_that_was_recorded_can_be_played_into_another(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", RAMP)
    sound = read_prompt(tmp_path / "one.wav")
    assert sound.duration_s == pytest.approx(len(RAMP) / 8000)
