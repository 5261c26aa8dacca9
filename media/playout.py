"""The playout buffer: a ring of encoded samples indexed by RTP timestamp, any packet size, any order.

`play_ts` is the (extended) timestamp of the next sample to play; a sample is there when its mark in `present` is set.
The cushion is how much more than one frame the buffer holds ready; it grows when the whole stream comes late and
shrinks in the quiet, which also follows the drift between the peer's clock and ours.
"""

from typing import Final

import numpy as np

from media.compiled import stage
from media.concealment import NEVER_HEARD, SILENT_FROM, conceal, rejoin
from media.layout import FRAME, HISTORY, RING, Octets, Samples, Words
from media.octets import signed32

_MASK: Final = RING - 1
_WINDOW_FRAMES: Final = 100
_CALM_FRAMES: Final = 500
_RELAX: Final = 80
_QUIET_ENERGY: Final = 120 * 120 * FRAME
_EPOCH: Final = 1 << 40
_EVENT_HORIZON: Final = RING // 2


@stage
def reset(leg: np.void) -> None:
    leg["play_started"] = 0
    leg["lost_run"] = NEVER_HEARD
    leg["low"] = RING
    leg["window"] = 0
    leg["calm"] = 0
    leg["stretch"] = 0
    leg["shrink"] = 0


@stage
def restart(leg: np.void, present: Octets, timestamp: int) -> None:
    """Play `timestamp` one cushion from now and forget what was buffered."""
    present[:] = 0
    if leg["lost_run"] == 0:
        leg["lost_run"] = SILENT_FROM
    leg["play_started"] = 1
    leg["play_ts"] = _EPOCH + timestamp - leg["cushion"]
    leg["play_top"] = _EPOCH + timestamp
    leg["low"] = RING
    leg["window"] = 0
    leg["stretch"] = 0
    leg["shrink"] = 0


@stage
def place(leg: np.void, present: Octets, timestamp: int, count: int, newest: bool, max_cushion: int) -> int:
    """Where in extended time `count` samples go, adapting to a stream that comes late.

    `newest` is the verdict of the sequence number: late and newest means that the whole stream is late (step back and
    hold more), late and not newest that one packet was overtaken (drop it, hold more when it is quiet).
    """
    if not leg["play_started"]:
        restart(leg, present, timestamp)
    begin = leg["play_ts"] + signed32(timestamp - leg["play_ts"])
    if begin + count - leg["play_ts"] > RING:
        restart(leg, present, timestamp)
        begin = _EPOCH + timestamp
    if begin >= leg["play_ts"]:
        return begin
    late_by = leg["play_ts"] - begin
    leg["calm"] = 0
    if not newest:
        _note_overtaken(leg, begin + count, max_cushion)
        return begin
    if leg["cushion"] + late_by > max_cushion:
        restart(leg, present, timestamp)
        return _EPOCH + timestamp
    leg["cushion"] += late_by
    leg["play_ts"] = begin
    return begin


@stage
def _note_overtaken(leg: np.void, end: int, max_cushion: int) -> None:
    if end > leg["play_ts"]:
        return
    leg["late"] += 1
    if leg["cushion"] + FRAME <= max_cushion:
        leg["cushion"] += FRAME
        leg["stretch"] += FRAME


@stage
def insert(
    leg: np.void,
    ring: Octets,
    present: Octets,
    timestamp: int,
    packet: Octets,
    start: int,
    count: int,
    newest: bool,
    max_cushion: int,
) -> None:
    """Store samples; what lies before the playing point is dropped."""
    if count <= 0 or count > RING:
        return
    begin = place(leg, present, timestamp, count, newest, max_cushion)
    skipped = max(leg["play_ts"] - begin, 0)
    for k in range(skipped, count):
        at = begin + k & _MASK
        ring[at] = packet[start + k]
        present[at] = 1
    leg["play_top"] = max(leg["play_top"], begin + count)


@stage
def cover_event(
    leg: np.void, ring: Octets, present: Octets, timestamp: int, duration: int, silence: int
) -> None:
    """Mark the time that a telephone-event takes from the audio as quiet, not lost.

    A repeated end packet covers one more frame, because most senders repeat it in place of audio; if audio comes after
    all it overwrites the quiet.
    """
    top = max(leg["play_top"], leg["play_ts"])
    end = top + signed32(timestamp + duration - top)
    begin = max(top, end - FRAME)
    if end <= top:
        end = top + FRAME
    if not leg["play_started"] or end - leg["play_ts"] > _EVENT_HORIZON:
        return
    for k in range(end - begin):
        ring[begin + k & _MASK] = np.uint8(silence)
        present[begin + k & _MASK] = 1
    leg["play_top"] = end


@stage
def take(
    leg: np.void,
    ring: Octets,
    present: Octets,
    frame: Octets,
    cycle: Samples,
    decode: Samples,
    encode: Octets,
    silence: int,
    scratch: Words,
    least_cushion: int,
) -> None:
    """Play the next frame into frame[HISTORY:], moving what was played before into the history."""
    frame[:HISTORY] = frame[FRAME : FRAME + HISTORY]
    if not leg["play_started"]:
        frame[HISTORY:] = np.uint8(silence)
        return
    _observe(leg, least_cushion)
    if _copy_whole(leg, ring, present, frame):
        if leg["lost_run"] != 0:
            rejoin(leg, frame, HISTORY, FRAME, cycle, decode, encode)
    else:
        _patch(leg, ring, present, frame, cycle, decode, encode, silence, scratch)
    if leg["stretch"] | leg["shrink"] and _adjust(leg, present, frame, decode):
        return
    _advance(leg, present, FRAME)


@stage
def _observe(leg: np.void, least_cushion: int) -> None:
    """Follow the least fill of two seconds: what was never needed may go, ten calm seconds ask for less."""
    level = leg["play_top"] - leg["play_ts"]
    if level > 0:
        leg["low"] = min(leg["low"], level)
    leg["calm"] += 1
    if leg["calm"] >= _CALM_FRAMES:
        leg["calm"] = 0
        leg["cushion"] = max(leg["cushion"] - _RELAX, least_cushion)
    leg["window"] += 1
    if leg["window"] >= _WINDOW_FRAMES:
        surplus = leg["low"] - FRAME - leg["cushion"]
        leg["shrink"] = surplus if leg["low"] < RING and surplus >= _RELAX else 0
        leg["low"] = RING
        leg["window"] = 0


@stage
def _copy_whole(leg: np.void, ring: Octets, present: Octets, frame: Octets) -> bool:
    """The usual case, a frame without a hole, in at most two straight copies; False changes nothing that is played."""
    at = leg["play_ts"] & _MASK
    first = min(FRAME, RING - at)
    marks = 0
    for k in range(first):
        frame[HISTORY + k] = ring[at + k]
        marks += present[at + k]
    for k in range(FRAME - first):
        frame[HISTORY + first + k] = ring[k]
        marks += present[k]
    return marks == FRAME


@stage
def _patch(
    leg: np.void,
    ring: Octets,
    present: Octets,
    frame: Octets,
    cycle: Samples,
    decode: Samples,
    encode: Octets,
    silence: int,
    scratch: Words,
) -> None:
    """A frame with holes, run by run."""
    base = leg["play_ts"]
    done = 0
    while done < FRAME:
        mark = present[base + done & _MASK]
        run = 1
        while done + run < FRAME and present[base + done + run & _MASK] == mark:
            run += 1
        if mark:
            for k in range(done, done + run):
                frame[HISTORY + k] = ring[base + k & _MASK]
            rejoin(leg, frame, HISTORY + done, run, cycle, decode, encode)
        else:
            conceal(leg, frame, HISTORY + done, run, cycle, decode, encode, silence, scratch)
        done += run


@stage
def _advance(leg: np.void, present: Octets, count: int) -> None:
    at = leg["play_ts"] & _MASK
    first = min(count, RING - at)
    present[at : at + first] = 0
    present[: count - first] = 0
    leg["play_ts"] += count


@stage
def _adjust(leg: np.void, present: Octets, frame: Octets, decode: Samples) -> bool:
    """In the quiet, play a frame twice (True: do not advance) or leave one out; far too much is cut at once."""
    energy = 0
    for k in range(FRAME):
        value = np.int64(decode[frame[HISTORY + k]])
        energy += value * value
    if energy > _QUIET_ENERGY and leg["shrink"] < RING // 2:
        return False
    if leg["stretch"] > 0:
        leg["stretch"] -= FRAME
        return True
    cut = min(leg["shrink"], FRAME)
    leg["shrink"] -= cut
    _advance(leg, present, cut)
    return False
