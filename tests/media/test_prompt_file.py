"""Recorded prompts and hold music."""

import wave
from pathlib import Path

import numpy as np
import pytest

from media.g711 import ulaw_decode
from media.hold_music import hold_music
from media.prompt_file import PromptFileError, read_prompt


def write_tone(file: Path, rate_hz: int, channels: int) -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)).astype("<i2")
    with wave.open(str(file), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(2)
        stream.setframerate(rate_hz)
        stream.writeframes(np.repeat(tone, channels).tobytes())


@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (16000, 1), (44100, 2), (48000, 2)])
def test_a_prompt_of_any_rate_keeps_its_length_pitch_and_level(
    tmp_path: Path, rate_hz: int, channels: int
) -> None:
    write_tone(tmp_path / "tone.wav", rate_hz, channels)
    sound = read_prompt(tmp_path / "tone.wav")
    pcm = ulaw_decode(np.frombuffer(sound.ulaw, np.uint8)).astype(float)
    assert sound.duration_s == pytest.approx(1.0, abs=0.01)
    assert np.argmax(np.abs(np.fft.rfft(pcm))) == pytest.approx(440, abs=5)
    assert np.sqrt(np.mean(pcm**2)) == pytest.approx(8000 / np.sqrt(2), rel=0.03)


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00\x00\x00WAVE", b"not audio at all", bytes(200)])
def test_what_is_not_a_prompt_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.wav"
    file.write_bytes(content)
    with pytest.raises(PromptFileError, match=r"broken\.wav"):
        read_prompt(file)


def test_hold_music_loops_without_a_click_and_stays_soft() -> None:
    pcm = ulaw_decode(np.frombuffer(hold_music().ulaw, np.uint8)).astype(int)
    steps = np.abs(np.diff(pcm))
    assert abs(pcm[-1] - pcm[0]) <= np.percentile(steps, 99.9)
    assert 300 < np.sqrt(np.mean(pcm.astype(float) ** 2)) < 4000
