"""Who may call in: trunks known by their networks (pure admission)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from telephony.settings import TrunkSettings

NOT_ALLOWED: Final = "trunk.not-allowed"


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier's side of the line."""

    name: str
    networks: tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The source belongs to this trunk."""

    trunk: Trunk


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer `status`; `rule_id` and `reason` are for the log."""

    status: int
    rule_id: str
    reason: str


class Trunks:
    """The allow-list; the first trunk with a matching network wins."""

    def __init__(self, settings: Iterable[TrunkSettings]) -> None:
        self._trunks = tuple(Trunk(trunk.name, trunk.networks) for trunk in settings)

    def admit(self, source_ip: str) -> Admitted | Refused:
        try:
            address = ip_address(source_ip)
        except ValueError:
            return Refused(403, NOT_ALLOWED, "source is not an IP address")
        # A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        for trunk in self._trunks:
            if any(address in network for network in trunk.networks):
                return Admitted(trunk)
        return Refused(403, NOT_ALLOWED, "source is in no trunk's networks")
