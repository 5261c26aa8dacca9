"""Energy voice activity: an adaptive noise floor in integers, with onset and hangover."""

from typing import Final

import numpy as np

from media.compiled import stage
from media.layout import FRAME, HISTORY, Limit, Octets, Samples, Words

NOTHING: Final = 0
STARTED: Final = 1
ENDED: Final = 2

_ONSET_FRAMES: Final = 2
_INITIAL_FLOOR: Final = 40 * 40 * FRAME
_HIGHEST_FLOOR: Final = 1200 * 1200 * FRAME


@stage
def reset(leg: np.void) -> None:
    leg["talk_floor"] = _INITIAL_FLOOR
    leg["talk_run"] = 0
    leg["talking"] = 0


@stage
def hear(leg: np.void, frame: Octets, decode: Samples, listened: Samples, position: int) -> int:
    """Keep the current frame as PCM at `position` in the listen ring and return its energy; gaps become silence."""
    size = len(listened)
    gap = min(position - leg["heard_end"], size)
    for k in range(gap):
        listened[(position - gap + k) % size] = 0
    at = position % size
    energy = 0
    for k in range(FRAME):
        value = np.int64(decode[frame[HISTORY + k]])
        listened[at + k] = value
        energy += value * value
    leg["heard_end"] = position + FRAME
    return energy


@stage
def detect(leg: np.void, energy: int, position: int, limits: Words) -> int:
    """STARTED when two frames in a row stand out of the noise, ENDED after the hangover."""
    threshold = max(limits[Limit.TALK_ENERGY], leg["talk_floor"] * limits[Limit.TALK_RATIO_Q8] >> 8)
    loud = energy > threshold
    _follow_noise(leg, energy)
    leg["talk_run"] = leg["talk_run"] + 1 if loud else 0
    if leg["talking"]:
        return _go_on(leg, loud, position, limits[Limit.HANGOVER])
    if leg["talk_run"] < _ONSET_FRAMES:
        return NOTHING
    leg["talking"] = 1
    leg["talk_start"] = position - (_ONSET_FRAMES - 1) * FRAME
    leg["talk_end"] = position + FRAME
    return STARTED


@stage
def _go_on(leg: np.void, loud: bool, position: int, hangover: int) -> int:
    if loud:
        leg["talk_end"] = position + FRAME
        return NOTHING
    if position + FRAME - leg["talk_end"] < hangover:
        return NOTHING
    leg["talking"] = 0
    return ENDED


@stage
def _follow_noise(leg: np.void, energy: int) -> None:
    """Down at once, up slowly (6 dB a second), slower still while somebody talks (1 dB a second)."""
    floor = leg["talk_floor"]
    if energy < floor:
        leg["talk_floor"] = floor - (floor - energy >> 2)
    else:
        rise = (floor >> 8 if leg["talking"] else floor >> 5) + 1
        leg["talk_floor"] = min(min(floor + rise, energy), _HIGHEST_FLOOR)
