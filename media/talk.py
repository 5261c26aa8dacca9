"""Live voice activity of what a party sends: energy above an adaptive noise floor, then webrtcvad.

The detector is asked about loud frames only. Without it every loud frame counts.
"""

from typing import Final

import numpy as np

from media.compiled import fence, stage
from media.layout import FRAME, HISTORY, LISTEN_SAMPLES, LONGEST_TALK
from media.octets import copy, fill, wide
from media.pointers import MISSING, call
from media.silence import silence_of
from media.sound import SAMPLES_PER_SECOND

NOTHING: Final = 0
STARTED: Final = 1
ENDED: Final = 2
CUT: Final = 3

_ONSET_FRAMES: Final = 2
_INITIAL_FLOOR: Final = 40 * 40 * FRAME
_HIGHEST_FLOOR: Final = 1200 * 1200 * FRAME


@stage
def reset(leg: np.void) -> None:
    leg["talk_floor"] = _INITIAL_FLOOR
    leg["talk_run"] = 0
    leg["talking"] = 0


@stage
def hear(leg: np.void, listener: np.void, position: int, hub: np.void) -> int:
    """Keep the frame at `position` of the listen ring and return its energy; skipped frames become silence.

    Positions and the ring's size are multiples of a frame, so that no frame wraps around.
    """
    frame = leg["frame"]
    listened = listener["codes"]
    decode = hub["decode"][leg["law"]]
    pcm = hub["pcm"]
    size = LISTEN_SAMPLES
    gap = min(position - listener["newest"], size)
    while gap > 0:
        fill(listened, (position - gap) % size, FRAME, silence_of(leg["law"]))
        gap -= FRAME
    copy(listened, position % size, frame, HISTORY, FRAME)
    energy = 0
    for k in range(np.uint64(FRAME)):
        value = wide(decode[frame[np.uint64(HISTORY) + k]])
        pcm[k] = value
        energy += value * value
    fence()
    listener["newest"] = position + FRAME
    return energy


@stage
def detect(leg: np.void, detector: int, energy: int, position: int, hub: np.void) -> int:
    """STARTED when two frames in a row are voice above the noise, ENDED after the hangover.

    CUT ends a spurt that has grown too long; if the sound goes on, another one starts with the next frames.
    """
    threshold = max(hub["talk_energy"], leg["talk_floor"] * hub["talk_ratio_q8"] >> 8)
    loud = energy > threshold and _is_voice(detector, hub)
    _follow_noise(leg, energy)
    leg["talk_run"] = leg["talk_run"] + 1 if loud else 0
    if leg["talking"]:
        return _go_on(leg, loud, position, hub["hangover"])
    if leg["talk_run"] < _ONSET_FRAMES:
        return NOTHING
    leg["talking"] = 1
    leg["talk_start"] = position - (_ONSET_FRAMES - 1) * FRAME
    leg["talk_end"] = position + FRAME
    return STARTED


@stage
def _is_voice(detector: int, hub: np.void) -> bool:
    """What webrtcvad says of the frame in `pcm`."""
    if hub["voice_process"] == MISSING or detector == MISSING:
        return True
    return call(hub["voice_process"], detector, SAMPLES_PER_SECOND, hub["pcm_at"], FRAME) == 1


@stage
def _go_on(leg: np.void, loud: bool, position: int, hangover: int) -> int:
    if loud:
        leg["talk_end"] = position + FRAME
        if leg["talk_end"] - leg["talk_start"] < LONGEST_TALK:
            return NOTHING
        leg["talking"] = 0
        leg["talk_run"] = 0
        return CUT
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
        leg["talk_floor"] = min(floor + rise, energy, _HIGHEST_FLOOR)
