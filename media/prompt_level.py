"""A recorded prompt made fit to be played: cut to what is said, and as loud as others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND

LOUDNESS_DBFS = -20.0
"""Of the speech in it: about what synthesised prompts have."""
PEAK_DBFS = -1.0
_WINDOW = SAMPLES_PER_SECOND // 50
_MARGIN_WINDOWS = 8
_BELOW_LOUDEST_DB = 30.0
_MOST_GAIN_DB = 24.0
_FULL_SCALE = 32768.0


def trimmed(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Without the silence before and after, but for a breath; empty when there is nothing else."""
    levels = _window_levels(pcm)
    speech = np.flatnonzero(_is_speech(levels))
    if not len(speech):
        return pcm[:0]
    first = max(0, int(speech[0]) - _MARGIN_WINDOWS) * _WINDOW
    return pcm[first : (int(speech[-1]) + 1 + _MARGIN_WINDOWS) * _WINDOW]


def levelled(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """As loud as other prompts, pauses not counted; never so loud that it is cut off."""
    levels = _window_levels(pcm)
    speech = levels[_is_speech(levels)]
    if not len(speech):
        return pcm
    rms, peak = float(np.sqrt(np.mean(speech**2))), float(np.max(np.abs(pcm.astype(np.float64))))
    wanted = _FULL_SCALE * 10 ** (LOUDNESS_DBFS / 20) / rms
    room = _FULL_SCALE * 10 ** (PEAK_DBFS / 20) / peak
    gain = min(wanted, room, 10 ** (_MOST_GAIN_DB / 20))
    louder: NDArray[np.int16] = np.clip(np.rint(pcm * gain), -32768, 32767).astype(np.int16)
    return louder


def _window_levels(pcm: NDArray[np.int16]) -> NDArray[np.float64]:
    """RMS of each 20 ms; what is left over at the end is padded."""
    padded = np.pad(pcm.astype(np.float64), (0, -len(pcm) % _WINDOW)).reshape(-1, _WINDOW)
    levels: NDArray[np.float64] = np.sqrt(np.mean(padded**2, axis=1)) if len(padded) else np.zeros(0)
    return levels


def _is_speech(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not len(levels) or levels.max() < 30.0:
        return np.zeros(len(levels), dtype=np.bool_)
    loud: NDArray[np.bool_] = levels > levels.max() * 10 ** (-_BELOW_LOUDEST_DB / 20)
    return loud
