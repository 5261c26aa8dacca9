"""Sounds out of the arena onto a leg: a gapless list, once or in a loop."""

import numpy as np

from media.compiled import fence, stage
from media.layout import FRAME, ULAW, Octets
from media.octets import convert, copy, fill
from media.silence import silence_of


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
def append(leg: np.void, index: int, offset: int, length: int) -> None:
    """Store one segment. The control side frees the sounds of a playback that is current and does not play,
    so it must not become current before it plays.
    """
    playlist = leg["playlist"]
    playlist[2 * index] = offset
    playlist[2 * index + 1] = length
    if index == leg["list_size"] - 1:
        leg["playing"] = 1
        fence()
        leg["playback"] = leg["list_id"]


@stage
def play(leg: np.void, arena: Octets, hub: np.void, at: int) -> bool:
    """Write one frame in the leg's law to `outgoing`; True when the last sample of the list is in it."""
    playlist = leg["playlist"]
    out = hub["outgoing"]
    table = hub["translate"][2 * ULAW + leg["law"]]
    done = 0
    while done < FRAME:
        start = playlist[2 * leg["list_at"]] + leg["list_offset"]
        rest = playlist[2 * leg["list_at"] + 1] - leg["list_offset"]
        count = min(rest, FRAME - done)
        if leg["law"] == ULAW:
            copy(out, at + done, arena, start, count)
        else:
            convert(out, at + done, arena, start, count, table)
        done += count
        leg["list_offset"] += count
        if count == rest and _next_sound(leg):
            break
    fill(out, at + done, FRAME - done, silence_of(leg["law"]))
    return bool(leg["playing"] == 0)


@stage
def _next_sound(leg: np.void) -> bool:
    """Step to the next sound; True at the end of a list that does not loop."""
    leg["list_offset"] = 0
    leg["list_at"] += 1
    if leg["list_at"] < leg["list_size"]:
        return False
    leg["list_at"] = 0
    leg["playing"] = leg["list_loop"]
    return bool(leg["playing"] == 0)
