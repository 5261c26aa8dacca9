"""Socket names of both families as three numbers: the 16 bytes of the address in two words, and the port.

An IPv4 address is mapped into IPv6 (RFC 4291 2.5.5.2), as in `media.description`.
"""

from typing import Final

import numpy as np

from media.compiled import stage
from media.layout import Octets
from media.octets import fill, get16, get32, put16, put32, signed32, wide
from media.syscalls import AF_INET, AF_INET6

_MAPPED: Final = 0xFFFF << 32
_LAST_FOUR: Final = 0xFFFF_FFFF
_SIZE: Final = 16
_SIZE_6: Final = 28


@stage
def _get64(octets: Octets, at: int) -> int:
    return signed32(get32(octets, at)) << 32 | get32(octets, at + 4)


@stage
def _put64(octets: Octets, at: int, value: int) -> None:
    put32(octets, at, value >> 32 & _LAST_FOUR)
    put32(octets, at + 4, value & _LAST_FOUR)


@stage
def high_of(name: Octets) -> int:
    """Of struct sockaddr_in or sockaddr_in6."""
    return _get64(name, 8) if wide(name[0]) == AF_INET6 else 0


@stage
def low_of(name: Octets) -> int:
    return _get64(name, 16) if wide(name[0]) == AF_INET6 else _MAPPED | get32(name, 4)


@stage
def port_of(name: Octets) -> int:
    return get16(name, 2)


@stage
def fill_sockaddr(leg: np.void, sockaddr: Octets, port: int) -> int:
    """The far end in the family of the leg's socket; returns the size of the name.

    The family is in host order, which is little-endian on what we run on.
    """
    fill(sockaddr, 0, _SIZE_6, 0)
    put16(sockaddr, 2, port)
    if leg["ipv6"]:
        sockaddr[0] = AF_INET6
        _put64(sockaddr, 8, leg["remote_high"])
        _put64(sockaddr, 16, leg["remote_low"])
        return _SIZE_6
    sockaddr[0] = AF_INET
    put32(sockaddr, 4, leg["remote_low"] & _LAST_FOUR)
    return _SIZE
