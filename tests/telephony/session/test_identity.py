"""The address that each peer is told."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from telephony.session.identity import Identity
from telephony.settings import SipSettings
from telephony.sip.hop import Hop, Transport

HERE = Identity({Transport.UDP: ("10.0.0.5", 5060)}, advertised="203.0.113.7")


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        ("198.51.100.9", "203.0.113.7"),
        ("carrier.example", "203.0.113.7"),
        ("192.168.1.20", "10.0.0.5"),
        ("127.0.0.1", "10.0.0.5"),
        ("fe80::1", "10.0.0.5"),
    ],
)
def test_behind_a_nat_the_internet_and_the_office_are_told_different_addresses(peer: str, told: str) -> None:
    hop = Hop(Transport.UDP, peer, 5060)
    assert HERE.contact(hop, "x") == f"<sip:x@{told}:5060>"
    assert HERE.via(hop, "b").startswith(f"SIP/2.0/UDP {told}:5060;")


def test_an_advertised_address_is_one_word() -> None:
    assert SipSettings(advertised_address="pbx.example.com").advertised_address == "pbx.example.com"
    with pytest.raises(ValidationError):
        SipSettings(advertised_address="sip:me@x>")
