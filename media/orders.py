"""Commands of the control side, applied between two ticks."""

from typing import Final

import numpy as np

from media import dtmf, outgoing, playback, playout, talk
from media.compiled import fence, stage
from media.layout import ALAW, FRAME, HISTORY, ORDER_WORDS, ULAW, Command, Memory, Words
from media.octets import fill
from media.receive import unsettle
from media.silence import silence_of

NONE: Final = -1
_PAYLOAD_PCMA: Final = 8


@stage
def apply_commands(memory: Memory, frame: int) -> None:
    """All that were published before this tick."""
    hub = memory.hub
    written = hub["command_written"]
    read = hub["command_read"]
    if read == written:
        return
    fence()
    size = len(memory.hub["commands"]) // ORDER_WORDS
    while read < written:
        at = read % size * ORDER_WORDS
        _apply(memory, memory.hub["commands"][at : at + ORDER_WORDS], frame)
        read += 1
    fence()
    hub["command_read"] = read


@stage
def _apply(memory: Memory, order: Words, frame: int) -> None:
    """Orders for a row that has changed hands since are ignored."""
    kind = order[0]
    row = order[1]
    if kind == Command.OPEN:
        _open(memory, row, order, frame)
    elif memory.legs[row]["generation"] != order[2] or not memory.legs[row]["open"]:
        return
    elif kind == Command.CONNECT:
        _connect(memory, row, order)
    elif kind == Command.CLOSE:
        _close(memory, row, frame)
    elif kind <= Command.DIGIT:
        _apply_sound(memory, row, order)
    else:
        _apply_neighbour(memory, row, order, frame)


@stage
def _apply_sound(memory: Memory, row: int, order: Words) -> None:
    leg = memory.legs[row]
    kind = order[0]
    if kind == Command.PLAY:
        playback.begin(leg, order[3], order[4], order[5])
    elif kind == Command.SEGMENT:
        playback.append(leg, order[3], order[4], order[5])
    elif kind == Command.STOP_PLAYBACK:
        leg["playing"] = 0
    elif kind == Command.DIGIT:
        dtmf.queue(leg, order[3])


@stage
def _apply_neighbour(memory: Memory, row: int, order: Words, frame: int) -> None:
    leg = memory.legs[row]
    kind = order[0]
    if kind == Command.BRIDGE:
        other = order[3]
        if memory.legs[other]["generation"] == order[4] and memory.legs[other]["open"]:
            _unbridge(memory, row)
            _unbridge(memory, other)
            leg["bridge"] = other
            memory.legs[other]["bridge"] = row
    elif kind == Command.UNBRIDGE:
        _unbridge(memory, row)
    elif kind == Command.RECORD:
        _end_recording(memory, row)
        leg["recording"] = order[3]
    elif kind == Command.LISTEN:
        _listen(leg, order, frame)


@stage
def _listen(leg: np.void, order: Words, frame: int) -> None:
    """A ring given for the first time starts empty; one that is listened to again has a gap."""
    if leg["listen"] != order[3]:
        leg["listen"] = order[3]
        leg["heard_from"] = (frame - leg["opened_frame"]) * FRAME
        leg["heard_end"] = leg["heard_from"]
    leg["listening"] = order[4]
    talk.reset(leg)


@stage
def _open(memory: Memory, row: int, order: Words, frame: int) -> None:
    """Words: file descriptors, SSRC, first sequence number and timestamp, group."""
    leg = memory.legs[row]
    leg["generation"] = order[2]
    leg["open"] = 1
    leg["fd"] = order[3] & 0xFFFF_FFFF
    leg["rtcp_fd"] = order[3] >> 32
    leg["tx_ssrc"] = order[4]
    leg["tx_sequence"] = order[5]
    leg["tx_ts"] = order[6]
    leg["group"] = order[7]
    leg["opened_frame"] = frame
    leg["payload_type"] = NONE
    leg["dtmf_type"] = NONE
    leg["rx_candidate"] = NONE
    leg["rx_next_bad"] = NONE
    leg["bridge"] = NONE
    leg["recording"] = NONE
    leg["listen"] = NONE
    leg["round_trip_q16"] = NONE
    leg["cushion"] = memory.hub["cushion"]
    leg["rtcp_due"] = frame + (row * 7 % 50) + 25
    leg["rtcp_poll"] = frame + row % 50
    playout.reset(leg)
    fill(leg["frame"], 0, HISTORY + FRAME, silence_of(ULAW))
    group = leg["group"]
    leg["place"] = memory.hub["active_count"][group]
    memory.active[group, leg["place"]] = row
    memory.hub["active_count"][group] += 1


@stage
def _connect(memory: Memory, row: int, order: Words) -> None:
    """Words: address, port, payload types, directions, packet size and the address that signalling came from.

    The same far end keeps its latch.
    """
    leg = memory.legs[row]
    now_ns = memory.hub["now_ns"]
    if not leg["connected"] or leg["sdp_ip"] != order[3] or leg["sdp_port"] != order[4]:
        if leg["latched"]:
            unsettle(memory, leg)
        leg["remote_ip"] = order[3]
        leg["sdp_ip"] = order[3]
        leg["sdp_port"] = order[4]
        leg["remote_port"] = order[4]
        leg["connected_ns"] = now_ns
    leg["connected"] = 1
    payload_type = order[5] & 0xFF
    law = ALAW if payload_type == _PAYLOAD_PCMA else ULAW
    leg["dtmf_type"] = (order[5] >> 8) - 1
    if payload_type != leg["payload_type"] or not order[6] & 2:
        playout.reset(leg)
        fill(leg["frame"], 0, HISTORY + FRAME, silence_of(law))
        leg["out_fill"] = 0
    leg["payload_type"] = payload_type
    leg["law"] = law
    leg["may_send"] = order[6] & 1
    leg["may_receive"] = order[6] >> 1 & 1
    leg["signalled_ip"] = order[7] >> 16
    ptime = order[7] & 0xFFFF
    if leg["ptime"] != ptime:
        leg["ptime"] = ptime
        leg["out_fill"] = 0
    leg["rx_last_ns"] = now_ns
    leg["silent"] = 0


@stage
def _unbridge(memory: Memory, row: int) -> None:
    other = memory.legs[row]["bridge"]
    if other >= 0:
        memory.legs[other]["bridge"] = NONE
        memory.legs[row]["bridge"] = NONE


@stage
def _end_recording(memory: Memory, row: int) -> None:
    recording = memory.legs[row]["recording"]
    if recording >= 0:
        fence()
        memory.recordings[recording]["ended"] = 1
        memory.legs[row]["recording"] = NONE


@stage
def _close(memory: Memory, row: int, frame: int) -> None:
    """Say goodbye, let go of the row and tell the control side, which then closes the sockets."""
    leg = memory.legs[row]
    if leg["connected"]:
        outgoing.report(memory, row, (frame - leg["opened_frame"]) * FRAME, True)
    _unbridge(memory, row)
    _end_recording(memory, row)
    group = leg["group"]
    last = memory.hub["active_count"][group] - 1
    moved = memory.active[group, last]
    memory.active[group, leg["place"]] = moved
    memory.legs[moved]["place"] = leg["place"]
    memory.hub["active_count"][group] = last
    leg["open"] = 0
    leg["playing"] = 0
    fence()
    leg["closed"] = leg["generation"]
    memory.hub["event_signal"] = 1
