"""RTP: header, sequence numbers, loss and jitter (RFC 3550), over one leg's record."""

from typing import Final

import numpy as np

from media.compiled import stage
from media.layout import Octets
from media.octets import get16, get32, put16, put32, wide

HEADER: Final = 12
INVALID: Final = -1

FRESH: Final = 0
RESTARTED: Final = 1
DUPLICATE: Final = 2
REJECTED: Final = 3

_MAX_DROPOUT: Final = 3000
_MAX_MISORDER: Final = 100
_RECENT: Final = 62
_RECENT_MASK: Final = (1 << _RECENT) - 1


@stage
def payload_start(packet: Octets, size: int) -> int:
    """Where the payload begins behind CSRCs and header extension, or INVALID; padding must fit too."""
    if size < HEADER or packet[0] >> 6 != 2:
        return INVALID
    start = HEADER + 4 * (wide(packet[0]) & 15)
    if packet[0] & 0x10:
        if start + 4 > size:
            return INVALID
        start += 4 + 4 * get16(packet, start + 2)
    if start + padding(packet, size) > size:
        return INVALID
    return start


@stage
def padding(packet: Octets, size: int) -> int:
    """Octets of padding at the end; a count of zero is malformed and reads as more than any packet has."""
    if packet[0] & 0x20 == 0:
        return 0
    count = wide(packet[size - 1])
    return count if count > 0 else size + 1


@stage
def begin_stream(leg: np.void, sequence: int, ssrc: int) -> None:
    """RFC 3550 A.1 init_seq, keeping the losses of the source heard before."""
    if leg["rx_started"]:
        leg["rx_lost_before"] += max(leg["rx_highest"] - leg["rx_base"] + 1 - leg["rx_received"], 0)
        leg["rx_ssrc_changes"] += 1 if ssrc != leg["rx_ssrc"] else 0
    leg["rx_started"] = 1
    leg["rx_ssrc"] = ssrc
    leg["rx_candidate"] = -1
    leg["rx_base"] = sequence
    leg["rx_highest"] = sequence
    leg["rx_next_bad"] = -1
    leg["rx_recent"] = 1
    leg["rx_received"] = 1
    leg["rx_expected_prior"] = 0
    leg["rx_received_prior"] = 0
    leg["rx_jitter_q4"] = 0
    leg["rx_transit"] = 0


@stage
def track(leg: np.void, packet: Octets) -> int:
    """Judge a packet by its source and sequence number; RESTARTED asks the playout buffer to begin anew."""
    sequence = get16(packet, 2)
    ssrc = get32(packet, 8)
    if not leg["rx_started"]:
        begin_stream(leg, sequence, ssrc)
        return RESTARTED
    if ssrc != leg["rx_ssrc"]:
        return _other_source(leg, sequence, ssrc)
    leg["rx_candidate"] = -1
    ahead = (sequence - leg["rx_highest"] + 0x8000 & 0xFFFF) - 0x8000
    if ahead > _MAX_DROPOUT or ahead < -_MAX_MISORDER:
        return _jumped(leg, sequence, ssrc)
    leg["rx_next_bad"] = -1
    if ahead > 0:
        leg["rx_highest"] += ahead
        leg["rx_recent"] = (leg["rx_recent"] << ahead & _RECENT_MASK if ahead < _RECENT else 0) | 1
    elif -ahead < _RECENT:
        if leg["rx_recent"] >> -ahead & 1:
            leg["rx_duplicates"] += 1
            return DUPLICATE
        leg["rx_recent"] |= 1 << -ahead
    leg["rx_received"] += 1
    return FRESH


@stage
def _other_source(leg: np.void, sequence: int, ssrc: int) -> int:
    """A new SSRC is believed at its second packet in a row, so that one stray packet changes nothing."""
    if leg["rx_candidate"] != ssrc:
        leg["rx_candidate"] = ssrc
        leg["rx_rejected"] += 1
        return REJECTED
    begin_stream(leg, sequence, ssrc)
    return RESTARTED


@stage
def _jumped(leg: np.void, sequence: int, ssrc: int) -> int:
    """RFC 3550 A.1: two consecutive packets after a large jump mean that the sender restarted."""
    if leg["rx_next_bad"] == sequence:
        begin_stream(leg, sequence, ssrc)
        return RESTARTED
    leg["rx_next_bad"] = sequence + 1 & 0xFFFF
    leg["rx_rejected"] += 1
    return REJECTED


@stage
def measure_jitter(leg: np.void, timestamp: int, arrival_ns: int) -> None:
    """RFC 3550 A.8 in integers; `rx_transit` is zero until the first packet."""
    transit = (arrival_ns // 125_000 - timestamp) & 0xFFFF_FFFF
    previous = leg["rx_transit"]
    leg["rx_transit"] = transit
    if previous == 0:
        return
    distance = abs((transit - previous + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000)
    if distance < 80_000:
        leg["rx_jitter_q4"] += distance - (leg["rx_jitter_q4"] + 8 >> 4)


def count_lost(leg: np.void) -> int:
    """Packets of all sources so far that never came; never negative."""
    if not leg["rx_started"]:
        return 0
    missing = leg["rx_highest"] - leg["rx_base"] + 1 - leg["rx_received"]
    return int(leg["rx_lost_before"] + max(missing, 0))


lost_packets: Final = stage(count_lost)


@stage
def write_header(packet: Octets, payload_type: int, sequence: int, timestamp: int, ssrc: int) -> None:
    """`payload_type` includes the marker bit."""
    packet[0] = 0x80
    packet[1] = np.uint8(payload_type)
    put16(packet, 2, sequence)
    put32(packet, 4, timestamp)
    put32(packet, 8, ssrc)
