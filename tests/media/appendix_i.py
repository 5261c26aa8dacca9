"""Packet loss concealment as ITU-T G.711 Appendix I describes it, to measure ours against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]

BLOCK = 80
"""10 ms."""
LEAST_PITCH, MOST_PITCH = 40, 120
DELAY = 30
"""Samples that its output lags behind, to have the end of what was good for the cross-fade."""
KEPT = 3 * MOST_PITCH + DELAY
COMPARED = 160
WEAKER_PER_BLOCK = 0.2
LONGER_FADE_PER_BLOCK = 32
GROWING_BLOCKS = 2
SILENT_FROM_BLOCK = 6


def fade(leaving: Wave, coming: Wave) -> Wave:
    share = np.arange(1, len(leaving) + 1) / len(leaving)
    return leaving * (1 - share) + coming * share


class AppendixI:
    """Takes blocks of 10 ms, good or lost, and gives blocks of 10 ms, 3.75 ms later."""

    def __init__(self) -> None:
        self._lost = 0
        self._history = np.zeros(KEPT)
        self._cycles = np.zeros(KEPT)
        self._last_good = np.zeros(0)
        self._pitch = self._overlap = self._length = self._at = 0

    def good(self, block: Wave) -> Wave:
        if self._lost:
            count = min(self._overlap + (self._lost - 1) * LONGER_FADE_PER_BLOCK, BLOCK)
            strength = max(1 - (self._lost - 1) * WEAKER_PER_BLOCK, 0.0)
            block = np.concatenate((fade(self._repeated(count) * strength, block[:count]), block[count:]))
            self._lost = 0
        return self._give(block)

    def lost(self) -> Wave:
        if self._lost == 0:
            self._begin()
            block = self._repeated(BLOCK)
        elif self._lost >= SILENT_FROM_BLOCK:
            block = np.zeros(BLOCK)
        else:
            block = self._grown() if self._lost <= GROWING_BLOCKS else self._repeated(BLOCK)
            steps = np.arange(BLOCK) / BLOCK
            block = block * (1 - (self._lost - 1 + steps) * WEAKER_PER_BLOCK)
        self._lost += 1
        return self._give(block)

    def _begin(self) -> None:
        self._cycles = self._history.copy()
        self._pitch = self._find_pitch()
        self._overlap = self._pitch // 4
        self._last_good = self._cycles[KEPT - self._overlap :].copy()
        self._length, self._at = self._pitch, 0
        self._close_cycle()
        self._history[KEPT - self._overlap :] = self._cycles[KEPT - self._overlap :]

    def _close_cycle(self) -> None:
        start = KEPT - self._length
        self._cycles[KEPT - self._overlap :] = fade(
            self._last_good, self._cycles[start - self._overlap : start]
        )

    def _grown(self) -> Wave:
        """One pitch cycle more, entered with a cross-fade."""
        at = self._at
        leaving = self._repeated(self._overlap)
        self._at = at % self._pitch
        self._length += self._pitch
        self._close_cycle()
        block = self._repeated(BLOCK)
        block[: self._overlap] = fade(leaving, block[: self._overlap])
        return block

    def _repeated(self, count: int) -> Wave:
        places = KEPT - self._length + (self._at + np.arange(count)) % self._length
        self._at = (self._at + count) % self._length
        return self._cycles[places]

    def _find_pitch(self) -> int:
        recent = self._cycles[KEPT - COMPARED :]
        scores = []
        for lag in range(LEAST_PITCH, MOST_PITCH + 1):
            before = self._cycles[KEPT - COMPARED - lag : KEPT - lag]
            scores.append(float(recent @ before) / max(float(before @ before), 250.0) ** 0.5)
        return LEAST_PITCH + int(np.argmax(scores))

    def _give(self, block: Wave) -> Wave:
        self._history = np.concatenate((self._history[BLOCK:], block))
        return self._history[KEPT - BLOCK - DELAY : KEPT - DELAY].copy()


def concealed(pcm: Wave, lost_frames: set[int]) -> Wave:
    """Frames of 20 ms, with the delay taken out again."""
    reference = AppendixI()
    blocks = [
        reference.lost() if number // 2 in lost_frames else reference.good(pcm[number * BLOCK :][:BLOCK])
        for number in range(len(pcm) // BLOCK)
    ]
    return np.concatenate((np.concatenate(blocks)[DELAY:], np.zeros(DELAY)))
