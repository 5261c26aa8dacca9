"""Does a recording hold what was said? Correlation of a channel with the audio that a party played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Match:
    """`similarity` is the normalised cross-correlation, 0 to 1, at its best place `at` (samples)."""

    similarity: float
    at: int


PIECE = 4000  # samples: half a second at 8 kHz
SLIP = 1600  # how far a jitter buffer may have moved a piece


def likeness(said: Samples, channel: Samples) -> Match:
    """How well `channel` holds `said`, half a second at a time.

    Jitter buffers stretch and cut a few frames: a sentence does not lie on one time line, its pieces do.
    `similarity` is the mean over the pieces, weighted by their energy.
    """
    whole = find(said, channel)
    pieces = [said[at : at + PIECE] for at in range(0, len(said) - PIECE // 2, PIECE)]
    total, weight = 0.0, 0.0
    for number, piece in enumerate(pieces):
        at = whole.at + number * PIECE
        around = channel[max(0, at - SLIP) : at + PIECE + SLIP]
        energy = float(np.square(piece.astype(np.float64)).sum())
        total += find(piece, around).similarity * energy
        weight += energy
    return Match(total / weight if weight else 0.0, whole.at)


def find(said: Samples, channel: Samples) -> Match:
    """Where and how well `said` occurs in `channel`; both 16-bit PCM of the same rate."""
    needle = said.astype(np.float64)
    haystack = channel.astype(np.float64)
    if needle.size == 0 or haystack.size < needle.size or not needle.any():
        return Match(0.0, 0)
    needle -= needle.mean()
    size = 1 << int(np.ceil(np.log2(haystack.size + needle.size)))
    spectrum = np.fft.rfft(haystack, size) * np.conj(np.fft.rfft(needle, size))
    correlation = np.fft.irfft(spectrum, size)[: haystack.size - needle.size + 1]
    energy = np.concatenate(([0.0], np.cumsum(haystack**2)))
    window = energy[needle.size :] - energy[: -needle.size]
    scale = np.sqrt(np.maximum(window, 1.0) * (needle**2).sum())
    normalised = correlation / scale
    best = int(np.argmax(normalised))
    return Match(float(normalised[best]), best)
