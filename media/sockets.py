"""RTP and RTCP sockets, an even port and the odd one above it."""

import ipaddress
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from media.errors import MediaError, MediaExhausted
from media.settings import MediaSettings
from media.syscalls import SO_TIMESTAMPNS

_TRIES = 100
_RTCP_BUFFER = 16384


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """The address that sockets bind to, and the one that SDP tells."""

    bound: str
    advertised: str


def own_address(settings: MediaSettings) -> OwnAddress:
    """Resolves a name, which may take the time of a DNS query; raises MediaError that says what to write."""
    bound = _resolved("media.address", settings.address, ipv6=False)
    if settings.advertised_address is not None:
        return OwnAddress(
            bound, _resolved("media.advertised_address", settings.advertised_address, ipv6=False)
        )
    if ipaddress.IPv4Address(bound).is_unspecified:
        raise MediaError(
            f'media.address = "{settings.address}" cannot be told to a phone: '
            "write this machine's address there, or in media.advertised_address"
        )
    return OwnAddress(bound, bound)


def own_ipv6_address(settings: MediaSettings) -> OwnAddress | None:
    """None when there is none; raises MediaError that says what to write."""
    if settings.ipv6_address is None:
        return None
    bound = _resolved("media.ipv6_address", settings.ipv6_address, ipv6=True)
    if ipaddress.IPv6Address(bound).is_unspecified:
        raise MediaError('media.ipv6_address = "::" cannot be told to a phone: write this machine\'s address')
    return OwnAddress(bound, bound)


def _resolved(key: str, name: str, *, ipv6: bool) -> str:
    version = 6 if ipv6 else 4
    try:
        family = socket.AF_INET6 if ipv6 else socket.AF_INET
        found = socket.getaddrinfo(name, None, family, socket.SOCK_DGRAM)
    except OSError:
        raise MediaError(f'{key} = "{name}" is no IPv{version} address and no name of one') from None
    return str(found[0][4][0])


def _system_range() -> tuple[int, int]:
    """What the system chooses ports from; elsewhere than on Linux, what IANA leaves free (RFC 6335)."""
    try:
        first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
        return int(first), int(last)
    except (OSError, ValueError):
        return 49152, 65535


class PortPairs:
    """Hands out bound socket pairs; a range is walked round, so that a port rests as long as possible.

    A range that is all taken costs a bounded number of tries: what one call skipped the next one tries.
    """

    def __init__(self, settings: MediaSettings, own: OwnAddress) -> None:
        self._settings = settings
        self._address = own.bound
        self._ipv6 = ":" in own.bound
        self.advertised = own.advertised
        self._next = 0
        first, last = _system_range()
        self._system_first = first + first % 2
        self._system_pairs = (last - self._system_first + 1) // 2

    def bind(self) -> tuple[socket.socket, socket.socket]:
        for port in self.candidates():
            pair = self._try(port)
            if pair is not None:
                return pair
        raise MediaExhausted("no free pair of UDP ports for RTP: widen media.port_range")

    def candidates(self) -> Iterator[int]:
        """Even ports: in turn of a range that is set, at random of the one that the system chooses from."""
        if self._settings.port_range is None:
            for _ in range(_TRIES):
                yield self._system_first + 2 * secrets.randbelow(self._system_pairs)
            return
        first, last = self._settings.port_range
        first += first % 2
        pairs = (last - first + 1) // 2
        for _ in range(min(pairs, _TRIES)):
            yield first + 2 * self._next
            self._next = (self._next + 1) % pairs

    def _try(self, port: int) -> tuple[socket.socket, socket.socket] | None:
        """A taken port, or a taken neighbour, is given back.

        The ports are bound by number: Linux takes a port of its own choice away from a socket that is
        connected and later opened for all sources again.
        """
        rtp = self._open()
        try:
            rtcp = self._open()
        except MediaExhausted:
            rtp.close()
            raise
        try:
            rtp.bind((self._address, port))
            rtcp.bind((self._address, port + 1))
            rtcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RTCP_BUFFER)
        except OSError:
            rtp.close()
            rtcp.close()
            return None
        return rtp, rtcp

    def _open(self) -> socket.socket:
        try:
            family = socket.AF_INET6 if self._ipv6 else socket.AF_INET
            opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise MediaExhausted(f"no more sockets: {error}") from error
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if self._ipv6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, self._settings.dscp << 2)
        else:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, self._settings.dscp << 2)
        return opened
