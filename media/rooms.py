"""Rooms of any size: each member hears the sum of the others, a frame later, whatever its slot.

A room has two sums for each of two frames: of those who speak to everybody, and of those who coach. The frame
before this one is complete, because every leg is served once in every frame.
"""

from typing import Final

import numpy as np

from media.compiled import stage
from media.layout import FRAME, HISTORY, Memory
from media.octets import wide
from media.rtp import HEADER

SPEAKS: Final = 1
COACHES: Final = 2
COACHED: Final = 4
_UNITY_BITS: Final = 8
_LOUDEST: Final = 32_767


@stage
def enter(memory: Memory, row: int, room: int, part: int, gain_q8: int) -> None:
    """`room` may be none; what the leg gave to its room before is taken out of what it hears next."""
    leg = memory.legs[row]
    if leg["room"] != room:
        leg["gave_frame"] = -1
    leg["room"] = room
    leg["room_part"] = part
    leg["room_gain_q8"] = gain_q8


@stage
def clear(memory: Memory, room: int) -> None:
    """The sums of the room's last users are nobody's any more."""
    memory.hub["room_frames"][2 * room] = -1
    memory.hub["room_frames"][2 * room + 1] = -1


@stage
def give(memory: Memory, row: int, frame: int) -> None:
    """Add what the leg said in this frame to the sums of its room."""
    leg = memory.legs[row]
    index = 2 * leg["room"] + (frame & 1)
    sums = memory.hub["room_sums"]
    start = index * 2 * FRAME
    if memory.hub["room_frames"][index] != frame:
        memory.hub["room_frames"][index] = frame
        for k in range(np.uint64(2 * FRAME)):
            sums[np.uint64(start) + k] = 0
    leg["gave_frame"] = frame
    leg["gave_part"] = leg["room_part"] & (SPEAKS | COACHES)
    leg["gave_gain_q8"] = leg["room_gain_q8"]
    if leg["gave_part"] == 0:
        return
    decode = memory.hub["decode"][leg["law"]]
    gain = leg["room_gain_q8"]
    start += FRAME if leg["gave_part"] == COACHES else 0
    for k in range(np.uint64(FRAME)):
        said = wide(decode[leg["frame"][np.uint64(HISTORY) + k]])
        sums[np.uint64(start) + k] += said * gain >> _UNITY_BITS


@stage
def mix(memory: Memory, row: int, frame: int) -> None:
    """Write what the leg hears to `outgoing`: the frame before this one, without its own part of it."""
    leg = memory.legs[row]
    hub = memory.hub
    index = 2 * leg["room"] + (frame - 1 & 1)
    start = index * 2 * FRAME
    spoken = hub["room_frames"][index] == frame - 1
    own = leg["gave_frame"] == frame - 1 and leg["gave_part"] == SPEAKS
    coached = leg["room_part"] & COACHED
    decode = hub["decode"][leg["law"]]
    encode = hub["encode"][leg["law"]]
    for k in range(FRAME):
        value = 0
        if spoken:
            value = wide(hub["room_sums"][start + k])
            if coached:
                value += wide(hub["room_sums"][start + FRAME + k])
        if own:
            value -= wide(decode[leg["frame"][HISTORY - FRAME + k]]) * leg["gave_gain_q8"] >> _UNITY_BITS
        value = min(max(value, -_LOUDEST), _LOUDEST)
        hub["outgoing"][HEADER + k] = encode[value & 0xFFFF]
