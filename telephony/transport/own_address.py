"""Which address to give to peers when listening on all of them."""

from __future__ import annotations

import socket
from ipaddress import ip_address

# RFC 5737 and RFC 3849 addresses: connecting a datagram socket sends nothing, it only chooses a route.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def own_address(listening: str) -> str:
    """The address itself, or for a wildcard the one the default route leaves from, else loopback."""
    address = ip_address(listening)
    if not address.is_unspecified:
        return listening
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE[family], 9))
        except OSError:
            return "127.0.0.1" if address.version == 4 else "::1"
        return str(probe.getsockname()[0])
