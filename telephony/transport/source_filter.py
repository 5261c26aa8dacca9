"""Sources that the kernel shall drop before anybody is woken for them (Linux: classic BPF, no privilege).

A flood costs the more the later it is recognised: in the socket filter nearly nothing. IPv6 sources are left
to the caller; IPv4 ones that reach an IPv6 socket are found all the same, for the filter reads the IP header.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_IP_HEADER = 0xFFF00000  # SKF_NET_OFF
_LOAD_BYTE, _LOAD_WORD, _AND, _IF_EQUAL, _RETURN = 0x30, 0x20, 0x54, 0x15, 0x06
_ALL = 0xFFFFFFFF
_SOURCE_OFFSET = 12
MAX_SOURCES = 512


class Instruction(NamedTuple):
    """One of `struct sock_filter`."""

    code: int
    if_true: int
    if_false: int
    operand: int


def program(sources: Iterable[str]) -> tuple[Instruction, ...]:
    """Drops datagrams from those IPv4 addresses and lets all else through."""
    addresses = sorted({int(each) for each in map(_ipv4, sources) if each is not None})[:MAX_SOURCES]
    instructions = [
        Instruction(_LOAD_BYTE, 0, 0, _IP_HEADER),
        Instruction(_AND, 0, 0, 0xF0),
        Instruction(_IF_EQUAL, 1, 0, 0x40),
        Instruction(_RETURN, 0, 0, _ALL),
        Instruction(_LOAD_WORD, 0, 0, _IP_HEADER + _SOURCE_OFFSET),
    ]
    for address in addresses:
        instructions += [Instruction(_IF_EQUAL, 0, 1, address), Instruction(_RETURN, 0, 0, 0)]
    return (*instructions, Instruction(_RETURN, 0, 0, _ALL))


def drop(endpoint: socket.socket, sources: frozenset[str]) -> bool:
    """From now on, and nothing else; False where this system cannot."""
    if sys.platform != "linux":
        return False
    try:
        if not sources:
            endpoint.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
            return True
        instructions = program(sources)
        code = b"".join(struct.pack("=HBBI", *each) for each in instructions)
        held = ctypes.create_string_buffer(code, len(code))
        endpoint.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("HP", len(instructions), ctypes.addressof(held)),
        )
    except OSError:
        return False
    return True


def _ipv4(text: str) -> IPv4Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped
