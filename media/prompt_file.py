"""Recorded prompts: WAV files as sounds."""

from __future__ import annotations

import hashlib
import wave
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from media.errors import MediaError
from media.g711 import ulaw_encode
from media.sound import SAMPLES_PER_SECOND, Sound

MAX_SECONDS = 600


class PromptFileError(MediaError):
    """The file is not a prompt; the message names it and says what it should be."""


def read_prompt(file: Path) -> Sound:
    """A 16-bit PCM WAV file of any rate, mixed to mono and resampled to 8 kHz. Blocks on the disk."""
    try:
        with wave.open(str(file), "rb") as stream:
            rate_hz, channels = stream.getframerate(), stream.getnchannels()
            if stream.getsampwidth() != 2:
                raise PromptFileError(
                    f"{file}: {stream.getsampwidth() * 8}-bit samples; prompts are 16-bit PCM"
                )
            data = stream.readframes(min(stream.getnframes(), rate_hz * MAX_SECONDS))
    except (OSError, EOFError, wave.Error) as error:
        raise PromptFileError(f"{file}: not a readable PCM WAV file ({error})") from None
    pcm = np.frombuffer(data, dtype="<i2")
    mono = pcm[: len(pcm) // channels * channels].reshape(-1, channels).mean(axis=1)
    ulaw = ulaw_encode(_resampled(mono, rate_hz)).tobytes()
    return Sound(name=f"file:{hashlib.sha256(ulaw).hexdigest()[:24]}", ulaw=ulaw)


def _resampled(mono: NDArray[np.float64], rate_hz: int) -> NDArray[np.int16]:
    if rate_hz != SAMPLES_PER_SECOND:
        mono = np.asarray(soxr.resample(mono, rate_hz, SAMPLES_PER_SECOND, quality="HQ"))
    return np.clip(np.rint(mono), -32768, 32767).astype(np.int16)
