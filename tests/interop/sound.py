"""Sounds that can be recognised again after a trip through a telephone line."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000


def chirp(duration_s: float, from_hz: float, to_hz: float) -> NDArray[np.int16]:
    """A tone that rises or falls all the time: it fits itself at one delay only."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * (from_hz * time_s + (to_hz - from_hz) * time_s**2 / (2 * duration_s))
    return (12000 * np.sin(phase)).astype(np.int16)


def write_wav(path: Path, samples: NDArray[np.int16]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def read_wav(path: Path) -> NDArray[np.int16]:
    """Samples of shape (frames, channels)."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE_HZ, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, file.getnchannels())


@dataclass(frozen=True, slots=True)
class Match:
    """Where a sound lies in a recording, and how well it fits there (1 is perfect, noise is near 0)."""

    at_s: float
    fit: float


def find(sound: NDArray[np.int16], recording: NDArray[np.int16]) -> Match:
    """The best place of the sound in the recording by normalised cross-correlation."""
    needle, hay = sound.astype(np.float64), recording.astype(np.float64)
    if len(hay) < len(needle):
        hay = np.pad(hay, (0, len(needle) - len(hay)))
    size = 1 << (len(hay) + len(needle)).bit_length()
    spectrum = np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size))
    products = np.fft.irfft(spectrum, size)[: len(hay) - len(needle) + 1]
    energy = np.concatenate(([0.0], np.cumsum(hay**2)))
    windows = energy[len(needle) :] - energy[: -len(needle)]
    loudest = max(float(windows.max()), 1.0)
    fits = products / (np.linalg.norm(needle) * np.sqrt(np.maximum(windows, loudest * 1e-3)))
    best = int(np.argmax(fits))
    return Match(best / RATE_HZ, float(fits[best]))


def heard_share(sound: NDArray[np.int16], recording: NDArray[np.int16]) -> float:
    """How much of the sound was recorded, in pieces of 100 ms that may lie up to 600 ms off their place.

    On a busy machine a phone's clock stumbles and a frame is lost or doubled: that moves what follows, and
    one correlation over the whole would not know it again.
    """
    piece, slack = RATE_HZ // 10, RATE_HZ * 3 // 5
    start = round(find(sound, recording).at_s * RATE_HZ)
    padded = np.pad(recording, (slack, slack + len(sound)))
    places = range(0, len(sound) - piece + 1, piece)
    heard = [
        find(sound[at : at + piece], padded[start + at : start + at + piece + 2 * slack]).fit > 0.9
        for at in places
    ]
    return sum(heard) / len(heard)
