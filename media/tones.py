"""Keys in the sound itself, for peers that have no telephone-events: Goertzel filters over each frame.

ITU-T Q.24 in outline: two tones, one of each group, that make up most of the sound, not too unequal, for two
frames in a row; the same key again after a pause of two frames.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.compiled import stage
from media.dtmf import NO_DIGIT
from media.layout import FRAME, HISTORY, TONES
from media.octets import wide
from media.sound import SAMPLES_PER_SECOND

FREQUENCIES_HZ: Final = (697, 770, 852, 941, 1209, 1336, 1477, 1633)
_KEYS: Final = (1, 2, 3, 12, 4, 5, 6, 13, 7, 8, 9, 14, 10, 0, 11, 15)
"""The events of RFC 4733, row by row of the keypad."""
_LEAST_ENERGY: Final = 350 * 350 * FRAME
_LEAST_SHARE: Final = 0.6
_TWIST: Final = 8.0
_DOMINANCE: Final = 5.0
_GROUP: Final = 4
_FRAMES: Final = 2


def tone_factors() -> NDArray[np.float64]:
    return np.array([2 * math.cos(2 * math.pi * each / SAMPLES_PER_SECOND) for each in FREQUENCIES_HZ])


def tone_keys() -> NDArray[np.int64]:
    return np.array(_KEYS, dtype=np.int64)


@stage
def detect(leg: np.void, hub: np.void) -> int:
    """A key, once per press; to be called with every frame."""
    key = _key_in(leg, hub)
    if key == leg["tone_key"]:
        leg["tone_run"] += 1
    else:
        leg["tone_key"] = key
        leg["tone_run"] = 1
    if leg["tone_run"] != _FRAMES:
        return NO_DIGIT
    if key == leg["tone_told"]:
        return NO_DIGIT
    leg["tone_told"] = key
    return int(key)


@stage
def _key_in(leg: np.void, hub: np.void) -> int:
    """The key whose tones this frame is made of, or NO_DIGIT."""
    decode = hub["decode"][leg["law"]]
    energy = 0
    for k in range(FRAME):
        value = wide(decode[leg["frame"][HISTORY + k]])
        hub["scratch"][k] = value
        energy += value * value
    if energy < _LEAST_ENERGY:
        return NO_DIGIT
    powers = hub["tone_powers"]
    for tone in range(TONES):
        powers[tone] = _power(hub, tone)
    row = _strongest(hub, 0)
    column = _strongest(hub, _GROUP)
    if row < 0 or column < 0:
        return NO_DIGIT
    low, high = powers[row], powers[column]
    if low > _TWIST * high or high > _TWIST * low or (low + high) * 2 < _LEAST_SHARE * FRAME * energy:
        return NO_DIGIT
    return int(hub["tone_keys"][_GROUP * row + column - _GROUP])


@stage
def _power(hub: np.void, tone: int) -> float:
    factor = hub["tone_factors"][tone]
    last = 0.0
    before = 0.0
    for k in range(FRAME):
        now = hub["scratch"][k] + factor * last - before
        before = last
        last = now
    return float(last * last + before * before - factor * last * before)


@stage
def _strongest(hub: np.void, first: int) -> int:
    """Of one group, if it stands out of the others; -1 if none does."""
    powers = hub["tone_powers"]
    best = first
    for tone in range(first, first + _GROUP):
        if powers[tone] > powers[best]:
            best = tone
    for tone in range(first, first + _GROUP):
        if tone != best and powers[tone] * _DOMINANCE > powers[best]:
            return -1
    return best
