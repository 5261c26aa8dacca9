"""Who we say we are: the addresses and names in what we send."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from telephony.sip.hop import Hop, Transport
from telephony.sip.timers import TimerValues
from telephony.sip.transactions import MAGIC_COOKIE
from telephony.sip.uri import format_host_port

Tokens = Callable[[], str]
"""Draws an unguessable token; given from outside, so that cores stay deterministic."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Our address for each transport we speak, as peers reach it, and the name of the program."""

    addresses: Mapping[Transport, tuple[str, int]]
    product: str = "Trunkline"

    def via(self, to: Hop, branch: str) -> str:
        """The Via of a request sent there; it always asks for rport (RFC 3581)."""
        sent_by = format_host_port(*self.addresses[to.transport])
        return f"SIP/2.0/{to.transport.value} {sent_by};branch={branch};rport"

    def contact(self, peer: Hop, user: str | None = None) -> str:
        """Where the peer sends its next requests: over the transport that it speaks."""
        userinfo = f"{user}@" if user else ""
        transport = "" if peer.transport is Transport.UDP else f";transport={peer.transport.value.lower()}"
        return f"<sip:{userinfo}{format_host_port(*self.addresses[peer.transport])}{transport}>"


@dataclass(frozen=True, slots=True)
class Means:
    """What every session draws on."""

    identity: Identity
    tokens: Tokens
    timers: TimerValues = field(default_factory=TimerValues)

    def draw(self, below: int) -> int:
        """A number the RFC wants chosen at random, from 0 up to but not including `below`."""
        return zlib.crc32(self.tokens().encode()) % below


def new_branch(tokens: Tokens) -> str:
    return f"{MAGIC_COOKIE}{tokens()}"
