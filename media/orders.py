"""Commands of the control side, applied between two ticks."""

from typing import Final

import numpy as np

from media import dtmf, g722, outgoing, playback, playout, rooms, slots, talk
from media.compiled import fence, stage
from media.layout import FRAME, G722, HISTORY, ORDER_WORDS, ULAW, Command, Described, Memory, Words
from media.octets import fill
from media.receive import unsettle
from media.silence import silence_of

NONE: Final = -1


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
            leg["room"] = NONE
            memory.legs[other]["room"] = NONE
            playout.join(leg)
            playout.join(memory.legs[other])
    elif kind == Command.UNBRIDGE:
        _unbridge(memory, row)
    elif kind == Command.RECORD:
        _end_recording(memory, row)
        leg["recording"] = order[3]
    elif kind == Command.LISTEN:
        _listen(memory, leg, order, frame)
    elif kind == Command.ROOM:
        _enter_room(memory, row, order)
    elif kind == Command.SHIELD:
        leg["shielded"] = order[3]


@stage
def _enter_room(memory: Memory, row: int, order: Words) -> None:
    """Words: room or none, part, gain, and whether the room is new to its users."""
    _unbridge(memory, row)
    if order[6]:
        rooms.clear(memory, order[3])
    rooms.enter(memory, row, order[3], order[4], order[5])


@stage
def _listen(memory: Memory, leg: np.void, order: Words, frame: int) -> None:
    """Words: the ring, or none, and the number of its use. It starts empty."""
    leg["listen"] = order[3]
    if order[3] >= 0:
        listener = memory.listeners[order[3]]
        listener["oldest"] = (frame - leg["opened_frame"]) * FRAME
        listener["newest"] = listener["oldest"]
        listener["law"] = leg["law"]
        fence()
        listener["use"] = order[4]
    talk.reset(leg)


@stage
def _open(memory: Memory, row: int, order: Words, frame: int) -> None:
    """Words: file descriptors, SSRC, first sequence number and timestamp, whether the sockets are IPv6."""
    leg = memory.legs[row]
    leg["generation"] = order[2]
    leg["open"] = 1
    leg["fd"] = order[3] & 0xFFFF_FFFF
    leg["rtcp_fd"] = order[3] >> 32
    leg["tx_ssrc"] = order[4]
    leg["tx_sequence"] = order[5]
    leg["tx_ts"] = order[6]
    leg["ipv6"] = order[7]
    leg["opened_frame"] = frame
    leg["tx_type"] = NONE
    leg["tx_events"] = NONE
    leg["rx_type"] = NONE
    leg["rx_events"] = NONE
    leg["rx_candidate"] = NONE
    leg["tone_key"] = NONE
    leg["tone_told"] = NONE
    leg["rx_next_bad"] = NONE
    leg["bridge"] = NONE
    leg["room"] = NONE
    leg["recording"] = NONE
    leg["listen"] = NONE
    leg["round_trip_q16"] = NONE
    leg["cushion"] = memory.hub["cushion"]
    leg["rtcp_due"] = frame + (row * 7 % 50) + 25
    leg["rtcp_poll"] = frame + row % 50
    playout.reset(leg)
    g722.begin(leg)
    fill(leg["frame"], 0, HISTORY + FRAME, silence_of(ULAW))
    leg["served_frame"] = frame - 1
    leg["sent_frame"] = frame - 1
    slots.enter(memory, row, slots.emptiest(memory))


@stage
def _connect(memory: Memory, row: int, order: Words) -> None:
    """The same far end keeps its latch, but not over a hold, in which a NAT may forget the port."""
    leg = memory.legs[row]
    now_ns = memory.hub["now_ns"]
    high, low, port = order[Described.ADDRESS_HIGH], order[Described.ADDRESS], order[Described.PORT]
    resumed = order[Described.MAY_RECEIVE] and not leg["may_receive"]
    same = leg["sdp_high"] == high and leg["sdp_low"] == low and leg["sdp_port"] == port
    if not leg["connected"] or resumed or not same:
        if leg["latched"]:
            unsettle(memory, leg)
        leg["chosen"] = 0
        leg["trial_count"] = 0
        leg["remote_high"] = high
        leg["remote_low"] = low
        leg["sdp_high"] = high
        leg["sdp_low"] = low
        leg["sdp_port"] = port
        leg["remote_port"] = port
        leg["connected_ns"] = now_ns
    leg["connected"] = 1
    _speak(memory, leg, order)
    if order[Described.MAY_SEND] and not leg["may_send"]:
        leg["tx_started"] = 0
    leg["may_send"] = order[Described.MAY_SEND]
    leg["may_receive"] = order[Described.MAY_RECEIVE]
    leg["signalled_high"] = order[Described.SIGNALLED_HIGH]
    leg["signalled_low"] = order[Described.SIGNALLED]
    leg["srtp_out"] = order[Described.SRTP_OUT]
    leg["srtp_in"] = order[Described.SRTP_IN]
    leg["rx_last_ns"] = now_ns
    leg["silent"] = 0


@stage
def _speak(memory: Memory, leg: np.void, order: Words) -> None:
    """Codec, numbers and packet size; what was heard in another codec, or before a hold, is forgotten."""
    coding = order[Described.CODING]
    law = ULAW if coding == G722 else coding
    if leg["law"] != law and leg["listen"] >= 0:
        listener = memory.listeners[leg["listen"]]
        listener["oldest"] = listener["newest"]
        listener["law"] = law
    if (
        leg["coding"] != coding
        or leg["rx_type"] != order[Described.RX_TYPE]
        or not order[Described.MAY_RECEIVE]
    ):
        playout.reset(leg)
        g722.begin(leg)
        fill(leg["frame"], 0, HISTORY + FRAME, silence_of(law))
        fill(leg["sent"], 0, 2 * FRAME, silence_of(law))
        leg["out_fill"] = 0
    if leg["ptime"] != order[Described.PTIME]:
        leg["out_fill"] = 0
    leg["law"] = law
    leg["coding"] = coding
    leg["tx_type"] = order[Described.TX_TYPE]
    leg["tx_events"] = order[Described.TX_EVENTS]
    leg["rx_type"] = order[Described.RX_TYPE]
    leg["rx_events"] = order[Described.RX_EVENTS]
    leg["ptime"] = order[Described.PTIME]


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
    slots.leave(memory, row)
    leg["open"] = 0
    leg["playing"] = 0
    fence()
    leg["closed"] = leg["generation"]
    memory.hub["event_signal"] = 1
