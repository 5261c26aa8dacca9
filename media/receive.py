"""From the sockets of a leg into its playout buffer: source check, RTP, digits, RTCP."""

from typing import Final

import numpy as np

from media import dtmf, playout, rtcp, rtp, srtp
from media.addresses import fill_sockaddr, high_of, low_of, port_of
from media.compiled import stage
from media.layout import CONTROL_WORDS, FRAME, RING, SOCKADDR, Event, Memory, Octets
from media.octets import fill, get16, get32, wide
from media.pointers import MISSING
from media.ring import post
from media.syscalls import (
    AF_UNSPEC,
    CONTROL_SIZE,
    FLAGS,
    MSG_DONTWAIT,
    NAME_SIZE,
    TIMESTAMP_CONTROL,
    connect,
    recvmsg,
)

_MOST_PACKETS: Final = 16
_MOST_REPORTS: Final = 4
_FRESH_NS: Final = 8_000_000
_LATCH_NS: Final = 1_000_000_000
_QUIET_NS: Final = 500_000_000
_TRIAL_NS: Final = 300_000_000
_TRIAL_PACKETS: Final = 3
_TRIAL_GAP: Final = 10
_TRUNCATED: Final = 0x20

_COMFORT_NOISE: Final = 13
_QUIETEST: Final = 127

NOTHING: Final = -1
HEARD: Final = -2


@stage
def arrival(hub: np.void) -> int:
    """The kernel's time of arrival, so that the rhythm of our draining is not taken for jitter.

    `arrived_ns` is for whoever steps the ticks by hand: then all packets that wait arrived at that time.
    """
    control = hub["control"]
    if hub["arrived_ns"] != 0:
        return int(hub["arrived_ns"])
    if control[1] != TIMESTAMP_CONTROL:
        return int(hub["real_ns"])
    return int(control[2] * 1_000_000_000 + control[3])


@stage
def settle(memory: Memory, leg: np.void) -> None:
    """Connect the socket: the kernel then drops other sources and saves the route look-up of every send."""
    size = fill_sockaddr(leg, memory.hub["sockaddr"], leg["remote_port"])
    connect(leg["fd"], memory.hub["sockaddr_at"], size)
    leg["latched"] = 1


@stage
def unsettle(memory: Memory, leg: np.void) -> None:
    fill(memory.hub["sockaddr"], 0, SOCKADDR, AF_UNSPEC)
    connect(leg["fd"], memory.hub["sockaddr_at"], SOCKADDR)
    leg["latched"] = 0


@stage
def admit(memory: Memory, leg: np.void, name: Octets, packet: Octets, size: int) -> bool:
    """Whether a packet comes from the party, or from somebody who only knows the port.

    The negotiated address and port are believed at once. Other ports of that address (NAT), and the address
    that the party signals from, must first send a few packets in order, and only while nothing is heard from
    the source believed so far: a sprayed packet is neither heard nor answered, a new port of a NAT is.
    """
    if not leg["connected"]:
        return False
    high, low, port = high_of(name), low_of(name), port_of(name)
    believed = high == leg["remote_high"] and low == leg["remote_low"] and port == leg["remote_port"]
    if believed and (leg["chosen"] or leg["latched"]):
        _settle_in_time(memory, leg)
        return True
    if leg["latched"]:
        return False
    negotiated = high == leg["sdp_high"] and low == leg["sdp_low"]
    if negotiated and port == leg["sdp_port"]:
        _choose(memory, leg, name)
        return True
    if not negotiated and (high != leg["signalled_high"] or low != leg["signalled_low"]):
        return False
    if leg["chosen"] and memory.hub["now_ns"] - leg["rx_last_ns"] < _QUIET_NS:
        return False
    if not _on_trial(memory, leg, name, packet, size):
        return False
    _choose(memory, leg, name)
    return True


@stage
def _choose(memory: Memory, leg: np.void, name: Octets) -> None:
    leg["remote_high"] = high_of(name)
    leg["remote_low"] = low_of(name)
    leg["remote_port"] = port_of(name)
    leg["chosen"] = 1
    leg["trial_count"] = 0
    _settle_in_time(memory, leg)


@stage
def _settle_in_time(memory: Memory, leg: np.void) -> None:
    """The negotiated source is final; another one may still be corrected by it for a second."""
    if leg["latched"]:
        return
    same = leg["remote_high"] == leg["sdp_high"] and leg["remote_low"] == leg["sdp_low"]
    if (same and leg["remote_port"] == leg["sdp_port"]) or memory.hub["now_ns"] - leg[
        "connected_ns"
    ] > _LATCH_NS:
        settle(memory, leg)


@stage
def _on_trial(memory: Memory, leg: np.void, name: Octets, packet: Octets, size: int) -> bool:
    """True with the packet that follows enough others of one source in order (RFC 3550 A.1, probation).

    A source on trial keeps its place until it has been quiet for a while, so that nobody can push it out.
    """
    kind = wide(packet[1]) & 0x7F
    if rtp.payload_start(packet, size) < 0 or (kind != leg["rx_type"] and kind != leg["rx_events"]):
        return False
    now_ns = memory.hub["now_ns"]
    sequence = get16(packet, 2)
    same = high_of(name) == leg["trial_high"] and low_of(name) == leg["trial_low"]
    if not same or port_of(name) != leg["trial_port"] or leg["trial_count"] == 0:
        if leg["trial_count"] > 0 and now_ns - leg["trial_ns"] < _TRIAL_NS:
            return False
        _begin_trial(leg, name, packet)
    elif get32(packet, 8) != leg["trial_ssrc"]:
        return False
    else:
        ahead = sequence - leg["trial_sequence"] & 0xFFFF
        leg["trial_count"] = leg["trial_count"] + 1 if 0 < ahead <= _TRIAL_GAP else 1
        leg["trial_sequence"] = sequence
    leg["trial_ns"] = now_ns
    return bool(leg["trial_count"] >= _TRIAL_PACKETS)


@stage
def _begin_trial(leg: np.void, name: Octets, packet: Octets) -> None:
    leg["trial_high"] = high_of(name)
    leg["trial_low"] = low_of(name)
    leg["trial_port"] = port_of(name)
    leg["trial_ssrc"] = get32(packet, 8)
    leg["trial_sequence"] = get16(packet, 2)
    leg["trial_count"] = 1


@stage
def accept(leg: np.void, packet: Octets, size: int, arrival_ns: int, hub: np.void) -> int:
    """One RTP packet from the right source: a digit, HEARD, or NOTHING when it was refused."""
    start = rtp.payload_start(packet, size)
    kind = wide(packet[1]) & 0x7F
    is_event = kind == leg["rx_events"]
    is_noise = kind == _COMFORT_NOISE
    if start < 0 or (kind != leg["rx_type"] and not is_event and not is_noise):
        leg["rx_rejected"] += 1
        return NOTHING
    count = size - rtp.padding(packet, size) - start
    previous = leg["rx_highest"]
    aside = is_event and _is_aside(leg, packet)
    verdict = rtp.FRESH if aside else rtp.track(leg, packet)
    if verdict == rtp.DUPLICATE:
        return HEARD
    if verdict == rtp.REJECTED:
        return NOTHING
    leg["rx_packets"] += 1
    leg["rx_bytes"] += count
    if verdict == rtp.RESTARTED:
        leg["play_started"] = 0
        leg["digit_seen"] = 0
    if is_event:
        return _accept_key(leg, packet, start, count, aside)
    leg["noise"] = _level(packet, start, count) if is_noise else 0
    if is_noise:
        return HEARD
    rtp.measure_jitter(leg, get32(packet, 4), arrival_ns)
    if 0 < count <= RING:
        newest = verdict == rtp.RESTARTED or leg["rx_highest"] > previous
        leg["newest_ns"] = arrival_ns if newest else leg["newest_ns"]
        begin = playout.place(leg, get32(packet, 4), count, newest, hub)
        playout.insert(leg, begin, packet, start, count)
    return HEARD


@stage
def _level(packet: Octets, start: int, count: int) -> int:
    """Of comfort noise, in -dBov and one more, so that nothing is none."""
    return 1 + (wide(packet[start]) & 0x7F if count > 0 else _QUIETEST)


@stage
def _is_aside(leg: np.void, packet: Octets) -> bool:
    """Some senders give keys a source of their own: the stream of sound goes on beside it."""
    return bool(leg["rx_started"] and get32(packet, 8) != leg["rx_ssrc"])


@stage
def _accept_key(leg: np.void, packet: Octets, start: int, count: int, aside: bool) -> int:
    if count < dtmf.PAYLOAD:
        return HEARD
    if not aside:
        playout.cover_event(leg, get32(packet, 4), get16(packet, start + 2))
    digit = dtmf.receive(leg, packet, start)
    return HEARD if digit == dtmf.NO_DIGIT else digit


@stage
def drain(memory: Memory, row: int) -> None:
    """Take what waits in the RTP socket, a bounded number; more stays for the next turn.

    A packet that has just come, when there is enough to play, is the last one: the next is a packet's length
    behind it. So the usual turn has one system call. If another one does wait, it is older at the next turn.
    """
    leg = memory.legs[row]
    hub = memory.hub
    for _ in range(_MOST_PACKETS):
        size = recvmsg(leg["fd"], hub["message_at"], MSG_DONTWAIT)
        if size < 0:
            return
        fresh = _has_just_come(hub)
        if leg["srtp_in"] != MISSING:
            size = srtp.open_packet(hub, leg, hub["srtp_unprotect"], size)
        if size >= 0:
            _take_rtp(memory, row, size)
        _rearm(hub)
        if fresh and leg["play_top"] - leg["play_ts"] >= FRAME:
            return


@stage
def _has_just_come(hub: np.void) -> bool:
    """By the kernel's clock; what is told by hand is the same for all that wait."""
    waited_ns = hub["real_ns"] - arrival(hub)
    return bool(hub["arrived_ns"] == 0 and 0 < waited_ns < _FRESH_NS)


@stage
def _rearm(hub: np.void) -> None:
    """Put back what the kernel overwrites in a message header."""
    message = hub["message"]
    message[NAME_SIZE] = SOCKADDR
    message[CONTROL_SIZE] = 8 * CONTROL_WORDS
    message[FLAGS] = 0
    hub["control"][1] = 0


@stage
def _take_rtp(memory: Memory, row: int, size: int) -> None:
    leg = memory.legs[row]
    hub = memory.hub
    packet = hub["packet"]
    if hub["message"][FLAGS] & _TRUNCATED or not admit(memory, leg, hub["name"], packet, size):
        leg["rx_rejected"] += 1
        return
    if not leg["may_receive"]:
        return
    heard = accept(leg, packet, size, arrival(hub), hub)
    if heard == NOTHING:
        return
    hub["packets_in"] += 1
    leg["rx_last_ns"] = hub["now_ns"]
    if leg["silent"]:
        leg["silent"] = 0
        post(memory, Event.RESUMED, row, 0, 0)
    if heard >= 0:
        post(memory, Event.DIGIT, row, heard, 0)


@stage
def drain_rtcp(memory: Memory, row: int) -> None:
    """Once a second; the kernel's arrival time keeps the round trip exact."""
    leg = memory.legs[row]
    hub = memory.hub
    for _ in range(_MOST_REPORTS):
        size = recvmsg(leg["rtcp_fd"], hub["message_at"], MSG_DONTWAIT)
        if size < 0:
            return
        same = high_of(hub["name"]) == leg["remote_high"] and low_of(hub["name"]) == leg["remote_low"]
        if same and leg["srtp_in"] != MISSING:
            size = srtp.open_packet(hub, leg, hub["srtp_unprotect_rtcp"], size)
        if leg["connected"] and same and size >= 0:
            rtcp.read_compound(leg, hub["packet"], size, arrival(hub))
        _rearm(hub)


@stage
def watch(memory: Memory, row: int) -> None:
    """Report a party that should be heard and is not; one that announced its silence (RFC 3389) is not.

    Its socket opens again for other sources: a NAT may have given it a new port.
    """
    leg = memory.legs[row]
    if not leg["connected"] or not leg["may_receive"]:
        return
    quiet_ns = memory.hub["now_ns"] - leg["rx_last_ns"]
    if leg["latched"] and quiet_ns > _LATCH_NS:
        unsettle(memory, leg)
    if quiet_ns > memory.hub["silence_ns"] and not leg["silent"] and leg["noise"] == 0:
        leg["silent"] = 1
        post(memory, Event.SILENT, row, quiet_ns, 0)
