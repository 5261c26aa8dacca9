"""Where a message goes next, or where one came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import ip_address
from typing import NewType

ConnectionId = NewType("ConnectionId", int)

DEFAULT_PORT = 5060


class Transport(Enum):
    """The transports of RFC 3261 section 18, by their name in a Via."""

    UDP = "UDP"
    TCP = "TCP"

    @property
    def reliable(self) -> bool:
        return self is not Transport.UDP


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


address_in = lru_cache(maxsize=1024)(ip_address)
"""An IP address as text, read once; raises ValueError."""


@lru_cache(maxsize=1024)
def is_address(host: str) -> bool:
    """Whether it is an IP address, and no name that somebody must look up."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
