"""The playout buffer: a ring of encoded samples indexed by RTP timestamp, any packet size, any order.

`play_ts` is the (extended) timestamp of the next sample; a sample is there when its mark in `present` is set.
The cushion is how much more than one frame the buffer holds ready; it grows when the whole stream comes late
and shrinks in the quiet, which also follows the drift between the peer's clock and ours.

In a bridge delay is what people notice: there the cushion begins at nothing, and the leg's slot among the
ticks of a frame moves to just behind the arrival of its packets, a tick at a time.
"""

from typing import Final

import numpy as np

from media import g722
from media.comfort_noise import comfort
from media.compiled import stage
from media.concealment import NEVER_HEARD, SILENT_FROM, begin, conceal, rejoin
from media.layout import FRAME, G722, GROUPS, HISTORY, RING, SILENT, TICK_NS, Octets
from media.octets import add_up, copy, fill, signed32, wide
from media.silence import silence_of

_MASK: Final = RING - 1
_WINDOW_FRAMES: Final = 100
_CALM_FRAMES: Final = 500
_RELAX: Final = 80
_QUIET_ENERGY: Final = 120 * 120 * FRAME
_EPOCH: Final = 1 << 40
_SAMPLE_NS: Final = 125_000
_AMPLE: Final = 1 << 60
_MARGIN_NS: Final = 2_000_000
_FIRST_LOOK: Final = 10
_HURRY_FRAMES: Final = 60
_PATIENCE_FRAMES: Final = 50
_EVENT_HORIZON: Final = RING // 2


@stage
def reset(leg: np.void) -> None:
    leg["play_started"] = 0
    leg["noise"] = 0
    leg["lost_run"] = NEVER_HEARD
    leg["calm"] = 0
    _begin_window(leg)
    leg["stretch"] = 0
    leg["shrink"] = 0


@stage
def _begin_window(leg: np.void) -> None:
    leg["low"] = RING
    leg["slack_ns"] = _AMPLE
    leg["window"] = 0


@stage
def join(leg: np.void) -> None:
    """Begin to be heard live: what was held ready goes at once, before anybody has heard what follows it."""
    leg["shrink"] += leg["cushion"] if leg["play_started"] else 0
    leg["cushion"] = 0
    _begin_window(leg)
    leg["window"] = _WINDOW_FRAMES - _FIRST_LOOK
    leg["hurry"] = _HURRY_FRAMES


@stage
def restart(leg: np.void, timestamp: int) -> None:
    """Play `timestamp` one cushion from now and forget what was buffered."""
    fill(leg["present"], 0, RING, 0)
    if leg["lost_run"] == 0:
        leg["lost_run"] = SILENT_FROM
    leg["play_started"] = 1
    leg["play_ts"] = _EPOCH + timestamp - leg["cushion"]
    leg["play_top"] = _EPOCH + timestamp
    leg["stretch"] = 0
    leg["shrink"] = 0
    _begin_window(leg)
    if leg["bridge"] >= 0:
        leg["window"] = _WINDOW_FRAMES - _FIRST_LOOK
        leg["hurry"] = _HURRY_FRAMES


@stage
def place(leg: np.void, timestamp: int, count: int, newest: bool, hub: np.void) -> int:
    """Where in extended time `count` samples go, adapting to a stream that comes late.

    `newest` is the verdict of the sequence number: late and newest means that the whole stream is late (step
    back and hold more), late and not newest that one packet was overtaken (drop it, hold more in the quiet).
    """
    if not leg["play_started"]:
        restart(leg, timestamp)
    begin = leg["play_ts"] + signed32(timestamp - leg["play_ts"])
    if begin + count - leg["play_ts"] > RING:
        restart(leg, timestamp)
        return _EPOCH + timestamp
    if begin >= leg["play_ts"]:
        return int(begin)
    late_by = leg["play_ts"] - begin
    leg["calm"] = 0
    if not newest:
        _note_overtaken(leg, begin + count, hub["max_cushion"])
        return int(begin)
    if leg["cushion"] + late_by > hub["max_cushion"]:
        restart(leg, timestamp)
        return _EPOCH + timestamp
    leg["cushion"] += late_by
    leg["play_ts"] = begin
    return int(begin)


@stage
def _note_overtaken(leg: np.void, end: int, max_cushion: int) -> None:
    if end > leg["play_ts"]:
        return
    leg["late"] += 1
    if leg["cushion"] + FRAME <= max_cushion:
        leg["cushion"] += FRAME
        leg["stretch"] += FRAME


@stage
def insert(leg: np.void, begin: int, packet: Octets, start: int, count: int) -> None:
    """Store samples at their place; what lies before the playing point is dropped."""
    ring = leg["ring"]
    present = leg["present"]
    skipped = min(max(leg["play_ts"] - begin, 0), count)
    at = begin + skipped & _MASK
    first = min(count - skipped, RING - at)
    copy(ring, at, packet, start + skipped, first)
    fill(present, at, first, 1)
    copy(ring, 0, packet, start + skipped + first, count - skipped - first)
    fill(present, 0, count - skipped - first, 1)
    leg["play_top"] = max(leg["play_top"], begin + count)


@stage
def cover_event(leg: np.void, timestamp: int, duration: int) -> None:
    """Mark the time that a telephone-event takes from the audio as quiet, not lost.

    A repeated end packet covers one more frame, because most senders repeat it in place of audio; audio that
    comes after all overwrites the quiet.
    """
    top = max(leg["play_top"], leg["play_ts"])
    end = top + signed32(timestamp + duration - top)
    begin = max(top, end - FRAME)
    if end <= top:
        end = top + FRAME
    if not leg["play_started"] or end - leg["play_ts"] > _EVENT_HORIZON:
        return
    for k in range(end - begin):
        leg["ring"][begin + k & _MASK] = np.uint8(silence_of(leg["law"]))
        leg["present"][begin + k & _MASK] = 1
    leg["play_top"] = end


@stage
def take(leg: np.void, hub: np.void) -> None:
    """Play the next frame behind the history, moving what was played before into it."""
    frame = leg["frame"]
    copy(frame, 0, frame, FRAME, HISTORY)
    leg["marks_before"] = leg["marks"]
    leg["marks"] = 0
    if not leg["play_started"]:
        leg["marks"] = SILENT
        fill(frame, HISTORY, FRAME, silence_of(leg["law"]))
        return
    _observe(leg, hub)
    leg["wire_whole"] = 0
    if not _copy_whole(leg):
        _patch(leg, hub)
    else:
        if leg["coding"] == G722:
            g722.decode_frame(leg, hub)
        if leg["lost_run"] != 0:
            rejoin(leg, HISTORY, FRAME, hub)
    if leg["stretch"] + leg["shrink"] > 0 and _adjust(leg, hub):
        return
    _advance(leg, FRAME)


@stage
def _observe(leg: np.void, hub: np.void) -> None:
    """Follow the least fill, or in a bridge the least waiting time, of two seconds: the rest may go."""
    level = leg["play_top"] - leg["play_ts"]
    if level > 0:
        leg["low"] = min(leg["low"], level)
    waited_ns = hub["real_ns"] - leg["newest_ns"]
    leg["slack_ns"] = min(leg["slack_ns"], (level - FRAME) * _SAMPLE_NS + waited_ns)
    leg["hurry"] = max(leg["hurry"] - 1, 0)
    leg["calm"] += 1
    if leg["calm"] >= _CALM_FRAMES and leg["bridge"] < 0:
        leg["calm"] = 0
        leg["cushion"] = max(leg["cushion"] - _RELAX, hub["cushion"])
    leg["window"] += 1
    if leg["window"] < _WINDOW_FRAMES:
        return
    if leg["bridge"] < 0:
        surplus = leg["low"] - FRAME - leg["cushion"]
        leg["shrink"] = surplus if leg["low"] < RING and surplus >= _RELAX else 0
    elif leg["shrink"] == 0 and leg["stretch"] == 0:
        _aim(leg)
    _begin_window(leg)


@stage
def _aim(leg: np.void) -> None:
    """Ask for another slot when every packet of the window waited longer than it must, or hardly at all."""
    if leg["calm"] >= _WINDOW_FRAMES:
        leg["cushion"] //= 2
    spare_ns = leg["slack_ns"] - _MARGIN_NS - leg["cushion"] * _SAMPLE_NS
    leg["shift"] = 0
    if spare_ns < -_MARGIN_NS // 2:
        leg["shift"] = 1
    elif TICK_NS <= spare_ns < RING * _SAMPLE_NS:
        leg["shift"] = -(spare_ns // TICK_NS)


@stage
def moved(leg: np.void, slot: int) -> None:
    """The leg has another slot; beyond the first or last one of a frame lie those of other frames."""
    leg["shrink"] += max(-(slot // GROUPS), 0) * FRAME
    leg["stretch"] += max(slot // GROUPS, 0) * FRAME


@stage
def _copy_whole(leg: np.void) -> bool:
    """The usual case, a frame without a hole, in at most two straight copies; False if there is a hole."""
    ring = leg["ring"]
    present = leg["present"]
    at = leg["play_ts"] & _MASK
    first = min(FRAME, RING - at)
    if add_up(present, at, first) + add_up(present, 0, FRAME - first) < FRAME:
        return False
    copy(leg["frame"], HISTORY, ring, at, first)
    copy(leg["frame"], HISTORY + first, ring, 0, FRAME - first)
    return True


@stage
def _patch(leg: np.void, hub: np.void) -> None:
    """A frame with holes, run by run."""
    ring = leg["ring"]
    present = leg["present"]
    base = leg["play_ts"]
    done = 0
    while done < FRAME:
        mark = present[base + done & _MASK]
        run = 1
        while done + run < FRAME and present[base + done + run & _MASK] == mark:
            run += 1
        if mark:
            for k in range(done, done + run):
                leg["frame"][HISTORY + k] = ring[base + k & _MASK]
            if leg["coding"] == G722:
                g722.decode(leg, hub, HISTORY + done, run)
            rejoin(leg, HISTORY + done, run, hub)
        elif leg["noise"] > 0:
            leg["marks"] |= SILENT
            comfort(leg, HISTORY + done, run, hub)
        else:
            conceal(leg, HISTORY + done, run, hub)
        done += run


@stage
def _advance(leg: np.void, count: int) -> None:
    at = leg["play_ts"] & _MASK
    first = min(count, RING - at)
    fill(leg["present"], at, first, 0)
    fill(leg["present"], 0, count - first, 0)
    leg["play_ts"] += count


@stage
def _adjust(leg: np.void, hub: np.void) -> bool:
    """In the quiet, play a frame twice (True: stay) or leave some out; far too much goes at once.

    In a bridge delay weighs more: there sound is spliced, softly, if the quiet does not come in a second.
    """
    if _is_loud(leg, hub) and leg["shrink"] < RING // 2:
        leg["pending"] += 1
        if leg["bridge"] < 0 or (leg["pending"] < _PATIENCE_FRAMES and leg["hurry"] == 0):
            return False
        begin(leg, HISTORY + FRAME, hub)
        leg["lost_run"] = 1
    leg["pending"] = 0
    if leg["stretch"] > 0:
        leg["stretch"] -= FRAME
        return True
    cut = min(leg["shrink"], FRAME)
    leg["shrink"] -= cut
    _advance(leg, cut)
    return False


@stage
def _is_loud(leg: np.void, hub: np.void) -> bool:
    decode = hub["decode"][leg["law"]]
    energy = 0
    for k in range(FRAME):
        value = wide(decode[leg["frame"][HISTORY + k]])
        energy += value * value
    return bool(energy > _QUIET_ENERGY)
