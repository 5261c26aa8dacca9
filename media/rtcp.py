"""RTCP sender and receiver reports, CNAME and BYE (RFC 3550 section 6) over one leg's record."""

from typing import Final

import numpy as np

from media.compiled import stage
from media.layout import Octets
from media.octets import get16, get32, put16, put32, wide
from media.rtp import lost_packets

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
_DESCRIPTION: Final = 202
_BYE: Final = 203
_CNAME: Final = 1
_NTP_EPOCH_S: Final = 2_208_988_800
_SECOND_NS: Final = 1_000_000_000
_SENDER_INFO: Final = 28
_BLOCK: Final = 24


@stage
def ntp_short(real_ns: int) -> int:
    """The middle 32 bits of the NTP time: 1/65536 s."""
    seconds = real_ns // _SECOND_NS + _NTP_EPOCH_S
    return (seconds & 0xFFFF) << 16 | (real_ns % _SECOND_NS << 16) // _SECOND_NS


@stage
def _put_block(leg: np.void, out: Octets, at: int, real_ns: int) -> None:
    expected = leg["rx_highest"] - leg["rx_base"] + 1
    interval = expected - leg["rx_expected_prior"]
    missing = interval - (leg["rx_received"] - leg["rx_received_prior"])
    leg["rx_expected_prior"] = expected
    leg["rx_received_prior"] = leg["rx_received"]
    fraction = min(missing * 256 // interval, 255) if interval > 0 and missing > 0 else 0
    put32(out, at, leg["rx_ssrc"])
    put32(out, at + 4, fraction << 24 | min(lost_packets(leg), 0x7F_FFFF))
    put32(out, at + 8, leg["rx_highest"] & 0xFFFF_FFFF)
    put32(out, at + 12, leg["rx_jitter_q4"] >> 4)
    put32(out, at + 16, leg["last_report"])
    delay = 0
    if leg["last_report_ns"] > 0:
        delay = (real_ns - leg["last_report_ns"]) * 8 // (_SECOND_NS // 8192)
    put32(out, at + 20, max(delay, 0) & 0xFFFF_FFFF)


@stage
def _put_description(leg: np.void, out: Octets, at: int, cname: Octets) -> int:
    """SDES with CNAME alone; the item list ends with at least one zero octet on a 32-bit border."""
    size = 4 + 4 + 2 + len(cname)
    padded = (size // 4 + 1) * 4
    out[at : at + padded] = 0
    out[at] = 0x81
    out[at + 1] = _DESCRIPTION
    put16(out, at + 2, padded // 4 - 1)
    put32(out, at + 4, leg["tx_ssrc"])
    out[at + 8] = _CNAME
    out[at + 9] = len(cname)
    for k in range(len(cname)):
        out[at + 10 + k] = cname[k]
    return at + padded


@stage
def write_report(leg: np.void, hub: np.void, timestamp: int, bye: bool) -> int:
    """A compound packet: sender report (receiver report if nothing was sent), CNAME, on request BYE."""
    out = hub["outgoing"]
    real_ns = hub["real_ns"]
    blocks = 1 if leg["rx_started"] else 0
    at = 8
    if leg["tx_packets"] > 0:
        seconds = real_ns // _SECOND_NS + _NTP_EPOCH_S
        put32(out, 8, seconds & 0xFFFF_FFFF)
        put32(out, 12, (real_ns % _SECOND_NS << 32) // _SECOND_NS)
        put32(out, 16, timestamp & 0xFFFF_FFFF)
        put32(out, 20, leg["tx_packets"] & 0xFFFF_FFFF)
        put32(out, 24, leg["tx_bytes"] & 0xFFFF_FFFF)
        at = _SENDER_INFO
    out[0] = np.uint8(0x80 | blocks)
    out[1] = SENDER_REPORT if leg["tx_packets"] > 0 else RECEIVER_REPORT
    put32(out, 4, leg["tx_ssrc"])
    if blocks:
        _put_block(leg, out, at, real_ns)
        at += _BLOCK
    put16(out, 2, at // 4 - 1)
    at = _put_description(leg, out, at, hub["cname"])
    if bye:
        out[at] = 0x81
        out[at + 1] = _BYE
        put16(out, at + 2, 1)
        put32(out, at + 4, leg["tx_ssrc"])
        at += 8
    return at


@stage
def read_compound(leg: np.void, packet: Octets, size: int, arrival_ns: int) -> None:
    """Take the reports out of a compound packet; anything malformed ends the reading."""
    at = 0
    while at + 8 <= size and packet[at] >> 6 == 2:
        length = 4 * (get16(packet, at + 2) + 1)
        if at + length > size:
            return
        kind = packet[at + 1]
        blocks = wide(packet[at]) & 31
        first = at + 8
        if kind == SENDER_REPORT and length >= _SENDER_INFO:
            leg["last_report"] = get32(packet, at + 10)
            leg["last_report_ns"] = arrival_ns
            first = at + _SENDER_INFO
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            end: int = min(at + length, first + blocks * _BLOCK)
            _read_blocks(leg, packet, first, end, arrival_ns)
        at += length


@stage
def _read_blocks(leg: np.void, packet: Octets, start: int, end: int, arrival_ns: int) -> None:
    """RFC 3550 6.4.1: round trip = arrival - LSR - DLSR, if the peer has had a report of ours."""
    for at in range(start, end - _BLOCK + 1, _BLOCK):
        if get32(packet, at) != leg["tx_ssrc"]:
            continue
        counters = get32(packet, at + 4)
        leg["peer_fraction_q8"] = counters >> 24
        lost = counters & 0xFF_FFFF
        leg["peer_lost"] = lost - 0x100_0000 if lost & 0x80_0000 else lost
        last_report = get32(packet, at + 16)
        if last_report != 0:
            trip = (ntp_short(arrival_ns) - last_report - get32(packet, at + 20)) & 0xFFFF_FFFF
            if trip < 0x8000_0000:
                leg["round_trip_q16"] = trip
