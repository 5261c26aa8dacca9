"""Sound of a call as a WAV file: 8 kHz, 16 bit, one channel or two."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND


def write_wav(file: Path, pcm: NDArray[np.int16]) -> None:
    """`pcm` is (n,), or (n, channels)."""
    with wave.open(str(file), "wb") as stream:
        stream.setnchannels(1 if pcm.ndim == 1 else pcm.shape[1])
        stream.setsampwidth(2)
        stream.setframerate(SAMPLES_PER_SECOND)
        stream.writeframes(pcm.astype("<i2").tobytes())
