"""Where a message goes next, or where one came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import ip_address
from typing import NewType

from telephony.sip.uri import Uri

ConnectionId = NewType("ConnectionId", int)

DEFAULT_PORT = 5060
DEFAULT_TLS_PORT = 5061


class Transport(Enum):
    """The transports of RFC 3261 section 18, by their name in a Via."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"

    # A hop is a key for every message; the hash of Enum is written in Python.
    __hash__ = object.__hash__

    @property
    def reliable(self) -> bool:
        return self is not Transport.UDP

    @property
    def default_port(self) -> int:
        return DEFAULT_TLS_PORT if self is Transport.TLS else DEFAULT_PORT


_NAMES = frozenset(transport.value for transport in Transport)
PLAIN_TRANSPORTS = (Transport.UDP, Transport.TCP)
"""Those that need no certificate."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One next hop; with a connection, that one is used while it lives, and the address only after it."""

    transport: Transport
    host: str
    port: int
    connection: ConnectionId | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport.value.lower()}:{host}:{self.port}"


@lru_cache(maxsize=4096)
def udp_hop(address: str, port: int) -> Hop:
    """The same hop for the same peer, for a while: most datagrams come from few."""
    return Hop(Transport.UDP, address, port)


@lru_cache(maxsize=1024)
def is_address(host: str) -> bool:
    """Whether it is an IP address, and no name that somebody must look up."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def transport_for(uri: Uri, otherwise: Transport) -> Transport:
    """What a URI asks for: TLS for sips (RFC 3261 section 26.2.2), else its transport parameter."""
    if uri.scheme == "sips":
        return Transport.TLS
    wanted = (uri.params.get("transport") or "").upper()
    return Transport(wanted) if wanted in _NAMES else otherwise
