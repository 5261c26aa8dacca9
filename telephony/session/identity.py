"""Who we say we are: the addresses and names in what we send."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address, ip_network

from telephony.sip.hop import Hop, Transport, is_address
from telephony.sip.timers import TimerValues
from telephony.sip.transactions import MAGIC_COOKIE
from telephony.sip.uri import format_host_port

_PRIVATE = tuple(ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))

Tokens = Callable[[], str]
"""Draws an unguessable token; given from outside, so that cores stay deterministic."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Our address for each transport we speak, as peers reach it, and the name of the program.

    `advertised` is the one that the internet reaches us at; peers on our side of the NAT get the other.
    """

    addresses: Mapping[Transport, tuple[str, int]]
    product: str = "Trunkline"
    advertised: str | None = None

    def address_for(self, peer: Hop) -> tuple[str, int]:
        """Where that peer reaches us."""
        # A peer may name a transport that we do not listen on: sending to it fails, which says it all.
        host, port = self.addresses.get(peer.transport) or next(iter(self.addresses.values()))
        if self.advertised is None or _is_inside(peer.host):
            return host, port
        return self.advertised, port

    def via(self, to: Hop, branch: str) -> str:
        """The Via of a request sent there; it always asks for rport (RFC 3581)."""
        sent_by = format_host_port(*self.address_for(to))
        return f"SIP/2.0/{to.transport.value} {sent_by};branch={branch};rport"

    def contact(self, peer: Hop, user: str | None = None) -> str:
        """Where the peer sends its next requests: over the transport that it speaks."""
        userinfo = f"{user}@" if user else ""
        transport = "" if peer.transport is Transport.UDP else f";transport={peer.transport.value.lower()}"
        return f"<sip:{userinfo}{format_host_port(*self.address_for(peer))}{transport}>"


@lru_cache(maxsize=1024)
def _is_inside(host: str) -> bool:
    """Loopback, private and link-local addresses; a name is looked up by the world's name servers."""
    if not is_address(host):
        return False
    address = ip_address(host)
    return address.is_loopback or address.is_link_local or any(address in each for each in _PRIVATE)


@dataclass(frozen=True, slots=True)
class Means:
    """What every session draws on."""

    identity: Identity
    tokens: Tokens
    timers: TimerValues = field(default_factory=TimerValues)

    def draw(self, below: int) -> int:
        """A number the RFC wants chosen at random, from 0 up to but not including `below`."""
        return zlib.crc32(self.tokens().encode()) % below


def lasting_token(of: str) -> str:
    """The same in every run of the program, and guessed by nobody who does not know what it is made of."""
    return hashlib.blake2b(of.encode(), digest_size=8, person=b"trunkline-call").hexdigest()


def new_branch(tokens: Tokens) -> str:
    return f"{MAGIC_COOKIE}{tokens()}"
