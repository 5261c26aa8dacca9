"""Big-endian fields of packets, and plain loops for moving octets (cheaper to compile than slices)."""

import numpy as np

from media.compiled import stage
from media.layout import FRAME, Octets


@stage
def get16(packet: Octets, at: int) -> int:
    return np.int64(packet[at]) << 8 | np.int64(packet[at + 1])


@stage
def get32(packet: Octets, at: int) -> int:
    return get16(packet, at) << 16 | get16(packet, at + 2)


@stage
def put16(packet: Octets, at: int, value: int) -> None:
    packet[at] = np.uint8(value >> 8 & 0xFF)
    packet[at + 1] = np.uint8(value & 0xFF)


@stage
def put32(packet: Octets, at: int, value: int) -> None:
    put16(packet, at, value >> 16 & 0xFFFF)
    put16(packet, at + 2, value & 0xFFFF)


@stage
def signed32(value: int) -> int:
    """The distance between two 32-bit counters, across their wrap-around."""
    return (value + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000


@stage
def copy(target: Octets, at: int, source: Octets, start: int, count: int) -> None:
    """Front to back, so that overlapping octets may move forward only."""
    for k in range(count):
        target[at + k] = source[start + k]


@stage
def convert(target: Octets, at: int, source: Octets, start: int, table: Octets) -> None:
    """One frame through a table of 256 codes."""
    for k in range(FRAME):
        target[at + k] = table[source[start + k]]


@stage
def fill(target: Octets, at: int, count: int, value: int) -> None:
    for k in range(count):
        target[at + k] = np.uint8(value)
