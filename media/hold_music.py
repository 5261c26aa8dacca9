"""Hold music that ships with the program: composed from sine tones, so that no licence is needed."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from media.g711 import ulaw_encode
from media.sound import SAMPLES_PER_SECOND, Sound

BEAT_S = 0.4
LEVEL = 0.11  # of full scale: about -19 dBov, softer than speech

# Four bars in C: each a chord (MIDI notes) under a line of eight quavers.
BARS = (
    ((48, 55, 64), (72, 76, 79, 76, 84, 79, 76, 79)),
    ((45, 52, 60), (69, 72, 76, 72, 81, 76, 72, 76)),
    ((41, 53, 57), (65, 69, 72, 69, 77, 72, 69, 72)),
    ((43, 50, 59), (67, 71, 74, 71, 79, 74, 71, 74)),
)


def _tone(note: int, samples: int, decay_s: float) -> NDArray[np.float64]:
    time_s = np.arange(samples) / SAMPLES_PER_SECOND
    frequency_hz = 440.0 * 2 ** ((note - 69) / 12)
    attack = np.minimum(1.0, time_s / 0.01)
    wave = np.sin(2 * np.pi * frequency_hz * time_s) + 0.25 * np.sin(4 * np.pi * frequency_hz * time_s)
    return np.asarray(wave * attack * np.exp(-time_s / decay_s))


@cache
def hold_music() -> Sound:
    """A quiet arpeggio of about 13 seconds that loops without a click; the same samples every time."""
    quaver = int(BEAT_S * SAMPLES_PER_SECOND)
    bar = quaver * 8
    tail = SAMPLES_PER_SECOND * 2
    piece = np.zeros(bar * len(BARS) + tail)
    for index, (chord, line) in enumerate(BARS):
        start = index * bar
        for note in chord:
            piece[start : start + bar] += 0.5 * _tone(note, bar, 1.2)
        for step, note in enumerate(line):
            at = start + step * quaver
            piece[at : at + tail] += _tone(note, tail, 0.45)[: len(piece) - at]
    looped = piece[:-tail]
    looped[:tail] += piece[-tail:]
    scaled = looped / np.abs(looped).max() * 32767 * LEVEL * 2
    return Sound(name="builtin:hold-music", ulaw=ulaw_encode(scaled.astype(np.int16)).tobytes())
