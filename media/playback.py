"""Sounds out of the arena onto a leg: a gapless list, once or in a loop."""

import numpy as np

from media.compiled import fence, stage
from media.layout import FRAME, Octets, Words


@stage
def begin(leg: np.void, playback: int, size: int, loop: int) -> None:
    """Announce a list; it plays when its last segment has been stored."""
    leg["playing"] = 0
    leg["list_id"] = playback
    leg["list_size"] = size
    leg["list_at"] = 0
    leg["list_offset"] = 0
    leg["list_loop"] = loop


@stage
def append(leg: np.void, playlist: Words, index: int, offset: int, length: int) -> None:
    """Store one segment; the control side frees sounds of a playback that is current and not playing, hence the order."""
    playlist[2 * index] = offset
    playlist[2 * index + 1] = length
    if index == leg["list_size"] - 1:
        leg["playing"] = 1
        fence()
        leg["playback"] = leg["list_id"]


@stage
def fill(leg: np.void, playlist: Words, arena: Octets, out: Octets, at: int, table: Octets) -> bool:
    """Write one frame in the leg's law; True when the last sample of the last sound is in it."""
    done = 0
    while done < FRAME:
        start = playlist[2 * leg["list_at"]] + leg["list_offset"]
        rest = playlist[2 * leg["list_at"] + 1] - leg["list_offset"]
        count = min(rest, FRAME - done)
        for k in range(count):
            out[at + done + k] = table[arena[start + k]]
        done += count
        leg["list_offset"] += count
        if count == rest and _next_sound(leg):
            break
    for k in range(done, FRAME):
        out[at + k] = table[0xFF]
    return leg["playing"] == 0


@stage
def _next_sound(leg: np.void) -> bool:
    """Step to the next sound; True at the end of a list that does not loop."""
    leg["list_offset"] = 0
    leg["list_at"] += 1
    if leg["list_at"] < leg["list_size"]:
        return False
    leg["list_at"] = 0
    leg["playing"] = leg["list_loop"]
    return leg["playing"] == 0
