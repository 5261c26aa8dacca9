"""What a leg hears: playback before bridge or room before silence, packed into RTP."""

import numpy as np

from media import dtmf, g722, playback, rooms, rtcp, rtp, srtp
from media.addresses import fill_sockaddr
from media.compiled import stage
from media.layout import FRAME, G722, HISTORY, OUTGOING, Event, Memory
from media.octets import convert, copy, fill
from media.pointers import MISSING
from media.ring import post
from media.silence import silence_of
from media.syscalls import MSG_DONTWAIT, MSG_NOSIGNAL, send, sendto

_MARKER = 0x80
_NOBODY = -1


@stage
def mix(memory: Memory, row: int, frame: int) -> None:
    """Write the leg's next frame in its own law to `outgoing`; a sound plays on while nothing may be sent."""
    leg = memory.legs[row]
    out = memory.hub["outgoing"]
    memory.hub["through"] = _NOBODY
    if leg["playing"]:
        if playback.play(leg, memory.arena, memory.hub, rtp.HEADER):
            post(memory, Event.PLAYBACK_FINISHED, row, leg["playback"], 0)
    elif leg["bridge"] >= 0:
        other = memory.legs[leg["bridge"]]
        if other["wire_whole"]:
            memory.hub["through"] = leg["bridge"]
        if other["law"] == leg["law"]:
            copy(out, rtp.HEADER, other["frame"], HISTORY, FRAME)
        else:
            table = memory.hub["translate"][2 * other["law"] + leg["law"]]
            convert(out, rtp.HEADER, other["frame"], HISTORY, FRAME, table)
    elif leg["room"] >= 0:
        rooms.mix(memory, row, frame)
    else:
        fill(out, rtp.HEADER, FRAME, silence_of(leg["law"]))


@stage
def transmit(memory: Memory, leg: np.void, size: int) -> None:
    """Hand the assembled packet to the kernel; a full queue or a vanished peer loses it and is counted."""
    hub = memory.hub
    address = hub["outgoing_at"]
    wire = size
    if leg["srtp_out"] != MISSING:
        wire = srtp.seal_packet(hub, leg, hub["srtp_protect"], size)
    if wire < 0:
        sent = wire
    elif leg["latched"]:
        sent = send(leg["fd"], address, wire, MSG_DONTWAIT | MSG_NOSIGNAL)
    else:
        name_size = fill_sockaddr(leg, memory.hub["sockaddr"], leg["remote_port"])
        sockaddr = memory.hub["sockaddr_at"]
        sent = sendto(leg["fd"], address, wire, MSG_DONTWAIT | MSG_NOSIGNAL, sockaddr, name_size)
    leg["tx_sequence"] = leg["tx_sequence"] + 1 & 0xFFFF
    if sent < 0:
        leg["tx_errors"] += 1
        return
    leg["tx_packets"] += 1
    leg["tx_bytes"] += size - rtp.HEADER
    memory.hub["packets_out"] += 1


@stage
def send_audio(memory: Memory, row: int, timestamp: int) -> None:
    """Send the frame behind the header in `outgoing`, regrouped if the peer wants another packet size."""
    leg = memory.legs[row]
    out = memory.hub["outgoing"]
    if leg["coding"] == G722:
        _as_g722(memory, leg)
    if leg["ptime"] == FRAME:
        _send_samples(memory, leg, timestamp, FRAME)
        return
    stored = leg["outbuf"]
    held = leg["out_fill"]
    if held == 0:
        leg["out_ts"] = timestamp
    copy(stored, held, out, rtp.HEADER, FRAME)
    held += FRAME
    size = leg["ptime"]
    while held >= size:
        copy(out, rtp.HEADER, stored, 0, size)
        _send_samples(memory, leg, leg["out_ts"], size)
        leg["out_ts"] += size
        held -= size
        copy(stored, 0, stored, size, held)
    leg["out_fill"] = held


@stage
def _as_g722(memory: Memory, leg: np.void) -> None:
    """The frame in `outgoing`; what comes whole from another such leg is passed on as it is."""
    hub = memory.hub
    if hub["through"] == _NOBODY:
        g722.encode(leg, hub, hub["outgoing"], rtp.HEADER)
    else:
        copy(hub["outgoing"], rtp.HEADER, memory.legs[hub["through"]]["wire"], 0, FRAME)


@stage
def _send_samples(memory: Memory, leg: np.void, timestamp: int, count: int) -> None:
    kind = leg["tx_type"] | (0 if leg["tx_started"] else _MARKER)
    leg["tx_started"] = 1
    rtp.write_header(
        memory.hub["outgoing"],
        kind,
        leg["tx_sequence"],
        timestamp + leg["tx_ts"] & 0xFFFF_FFFF,
        leg["tx_ssrc"],
    )
    transmit(memory, leg, rtp.HEADER + count)


@stage
def send_event(memory: Memory, leg: np.void) -> None:
    """One packet of a key press in place of a frame of audio."""
    leg["out_fill"] = 0
    first = dtmf.write_event(leg, memory.hub["outgoing"], rtp.HEADER)
    kind = leg["tx_events"] | (_MARKER if first else 0)
    timestamp = leg["send_ts"] + leg["tx_ts"] & 0xFFFF_FFFF
    rtp.write_header(memory.hub["outgoing"], kind, leg["tx_sequence"], timestamp, leg["tx_ssrc"])
    transmit(memory, leg, rtp.HEADER + dtmf.PAYLOAD)


@stage
def report_interval(hub: np.void) -> int:
    """RFC 3550 6.2: between half and one and a half times the interval, so that reports do not bunch up."""
    hub["seed"] = hub["seed"] * 1_103_515_245 + 12_345 & 0x7FFF_FFFF
    return int(hub["rtcp_frames"] * (512 + (hub["seed"] >> 16 & 1023)) >> 10)


@stage
def report(memory: Memory, row: int, timestamp: int, bye: bool) -> None:
    """Send an RTCP report to the port beside the one that RTP goes to."""
    leg = memory.legs[row]
    size = rtcp.write_report(leg, memory.hub, timestamp + leg["tx_ts"], bye)
    if leg["srtp_out"] != MISSING:
        size = srtp.seal_packet(memory.hub, leg, memory.hub["srtp_protect_rtcp"], size)
    if size < 0:
        return
    name_size = fill_sockaddr(leg, memory.hub["sockaddr"], leg["remote_port"] + 1 & 0xFFFF)
    sendto(
        leg["rtcp_fd"],
        memory.hub["outgoing_at"],
        min(size, OUTGOING),
        MSG_DONTWAIT | MSG_NOSIGNAL,
        memory.hub["sockaddr_at"],
        name_size,
    )
