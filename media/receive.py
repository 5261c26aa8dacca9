"""From the sockets of a leg into its playout buffer: source check, RTP, digits, RTCP."""

from typing import Final

import numpy as np

from media import dtmf, playout, rtcp, rtp
from media.compiled import stage
from media.g711 import ALAW_SILENCE, ULAW_SILENCE
from media.layout import ALAW, BATCH, Address, Event, Limit, Memory, Octets, Slot, Words
from media.octets import get16, get32, put16, put32
from media.ring import post
from media.syscalls import AF_INET, AF_UNSPEC, MSG_DONTWAIT, TIMESTAMP_CONTROL, connect, recvmmsg

_MOST_BATCHES: Final = 4
_LATCH_NS: Final = 1_000_000_000
_CONTROL_SIZE: Final = 64
_CONTROL_WORDS: Final = _CONTROL_SIZE // 8
_NAME_SIZE: Final = 16
_TRUNCATED: Final = 0x20

NOTHING: Final = -1
HEARD: Final = -2


@stage
def silence_of(law: int) -> int:
    return ALAW_SILENCE if law == ALAW else ULAW_SILENCE


@stage
def arrival(controls: Words, index: int, fallback_ns: int) -> int:
    """The kernel's time of arrival, so that the rhythm of our draining is not taken for jitter."""
    at = index * _CONTROL_WORDS
    if controls[at + 1] != TIMESTAMP_CONTROL:
        return fallback_ns
    return controls[at + 2] * 1_000_000_000 + controls[at + 3]


@stage
def fill_sockaddr(sockaddr: Octets, ip: int, port: int) -> None:
    """struct sockaddr_in; the family is in host order, which is little-endian on what we run on."""
    sockaddr[0] = AF_INET
    sockaddr[1] = 0
    put16(sockaddr, 2, port)
    put32(sockaddr, 4, ip)


@stage
def settle(memory: Memory, leg: np.void) -> None:
    """Connect the socket: the kernel then drops other sources and saves the route look-up of every send."""
    fill_sockaddr(memory.sockaddr, leg["remote_ip"], leg["remote_port"])
    connect(leg["fd"], memory.addresses[Address.SOCKADDR], _NAME_SIZE)
    leg["latched"] = 1


@stage
def unsettle(memory: Memory, leg: np.void) -> None:
    memory.sockaddr[:] = AF_UNSPEC
    connect(leg["fd"], memory.addresses[Address.SOCKADDR], _NAME_SIZE)
    leg["latched"] = 0


@stage
def admit(memory: Memory, leg: np.void, ip: int, port: int) -> bool:
    """Accept the negotiated address only. The port may differ (NAT) until the negotiated one is heard, or a second."""
    if not leg["connected"] or ip != leg["remote_ip"]:
        return False
    if leg["latched"]:
        return port == leg["remote_port"]
    if port == leg["sdp_port"]:
        leg["remote_port"] = port
        settle(memory, leg)
        return True
    if leg["remote_port"] == leg["sdp_port"]:
        leg["remote_port"] = port
    if port != leg["remote_port"]:
        return False
    if memory.words[Slot.NOW_NS] - leg["connected_ns"] > _LATCH_NS:
        settle(memory, leg)
    return True


@stage
def accept(
    leg: np.void, ring: Octets, present: Octets, packet: Octets, size: int, arrival_ns: int, max_cushion: int
) -> int:
    """One RTP packet from the right source: a digit, HEARD, or NOTHING when it was refused."""
    start = rtp.payload_start(packet, size)
    kind = np.int64(packet[1]) & 0x7F
    is_event = kind == leg["dtmf_type"]
    if start < 0 or (kind != leg["payload_type"] and not is_event):
        leg["rx_rejected"] += 1
        return NOTHING
    previous = leg["rx_highest"]
    verdict = rtp.track(leg, packet)
    if verdict in (rtp.DUPLICATE, rtp.REJECTED):
        return HEARD if verdict == rtp.DUPLICATE else NOTHING
    timestamp = get32(packet, 4)
    count = size - rtp.padding(packet, size) - start
    leg["rx_packets"] += 1
    leg["rx_bytes"] += count
    if verdict == rtp.RESTARTED:
        leg["play_started"] = 0
        leg["digit_seen"] = 0
    if is_event:
        return _accept_event(leg, ring, present, packet, start, count, timestamp)
    rtp.measure_jitter(leg, timestamp, arrival_ns)
    newest = verdict == rtp.RESTARTED or leg["rx_highest"] > previous
    playout.insert(leg, ring, present, timestamp, packet, start, count, newest, max_cushion)
    return HEARD


@stage
def _accept_event(
    leg: np.void, ring: Octets, present: Octets, packet: Octets, start: int, count: int, timestamp: int
) -> int:
    if count < dtmf.PAYLOAD:
        return HEARD
    duration = get16(packet, start + 2)
    playout.cover_event(leg, ring, present, timestamp, duration, silence_of(leg["law"]))
    digit = dtmf.receive(leg, packet, start, timestamp)
    return HEARD if digit == dtmf.NO_DIGIT else digit


@stage
def drain(memory: Memory, row: int) -> None:
    """Take what waits in the RTP socket, a bounded number; more stays for the next turn."""
    leg = memory.legs[row]
    for _ in range(_MOST_BATCHES):
        got = recvmmsg(leg["fd"], memory.addresses[Address.MESSAGES], BATCH, MSG_DONTWAIT, 0)
        for index in range(got):
            _take_rtp(memory, row, index)
            _rearm(memory, index)
        if got < BATCH:
            return


@stage
def _rearm(memory: Memory, index: int) -> None:
    """Put back what the kernel overwrites in a message header."""
    message = memory.messages[index]
    message["name_size"] = _NAME_SIZE
    message["control_size"] = _CONTROL_SIZE
    message["flags"] = 0
    memory.controls[index * _CONTROL_WORDS + 1] = 0


@stage
def _take_rtp(memory: Memory, row: int, index: int) -> None:
    leg = memory.legs[row]
    name = memory.names[index]
    message = memory.messages[index]
    if message["flags"] & _TRUNCATED or not admit(memory, leg, get32(name, 4), get16(name, 2)):
        leg["rx_rejected"] += 1
        return
    if not leg["may_receive"]:
        return
    real_ns = arrival(memory.controls, index, memory.words[Slot.REAL_NS])
    heard = accept(
        leg,
        memory.ring[row],
        memory.present[row],
        memory.packets[index],
        message["size"] & 0xFFFF_FFFF,
        real_ns,
        memory.limits[Limit.MAX_CUSHION],
    )
    if heard == NOTHING:
        return
    memory.words[Slot.PACKETS_IN] += 1
    leg["rx_last_ns"] = memory.words[Slot.NOW_NS]
    if leg["silent"]:
        leg["silent"] = 0
        post(memory, Event.RESUMED, row, 0, 0)
    if heard >= 0:
        post(memory, Event.DIGIT, row, heard, 0)


@stage
def drain_rtcp(memory: Memory, row: int) -> None:
    """Once a second; the kernel's arrival time keeps the round trip exact."""
    leg = memory.legs[row]
    got = recvmmsg(leg["rtcp_fd"], memory.addresses[Address.MESSAGES], BATCH, MSG_DONTWAIT, 0)
    for index in range(got):
        message = memory.messages[index]
        if leg["connected"] and get32(memory.names[index], 4) == leg["remote_ip"]:
            real_ns = arrival(memory.controls, index, memory.words[Slot.REAL_NS])
            rtcp.read_compound(leg, memory.packets[index], message["size"] & 0xFFFF_FFFF, real_ns)
        _rearm(memory, index)


@stage
def watch(memory: Memory, row: int) -> None:
    """Report a party that should be heard and is not."""
    leg = memory.legs[row]
    if leg["silent"] or not leg["connected"] or not leg["may_receive"]:
        return
    quiet_ns = memory.words[Slot.NOW_NS] - leg["rx_last_ns"]
    if quiet_ns > memory.limits[Limit.SILENCE_NS]:
        leg["silent"] = 1
        post(memory, Event.SILENT, row, quiet_ns, 0)
