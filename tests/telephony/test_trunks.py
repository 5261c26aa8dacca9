"""Who may call in."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from telephony.settings import RegistrarSettings, SipSettings, TrunkSettings
from telephony.trunks import Admitted, Refused, Trunks

CARRIER = TrunkSettings(name="carrier", networks=(ip_network("198.51.100.0/24"), ip_network("2001:db8::/32")))


def name_of(trunks: Trunks, source: str) -> str | None:
    verdict = trunks.admit(source)
    return verdict.trunk.name if isinstance(verdict, Admitted) else None


@pytest.mark.parametrize("source", ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"])
def test_by_default_only_loopback_may_call(source: str) -> None:
    assert name_of(Trunks(SipSettings().trunks), source) == "loopback"


@pytest.mark.parametrize(
    "source", ["192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1%eth0", "", "host", "0"]
)
def test_anybody_else_is_refused_with_a_rule_to_log(source: str) -> None:
    verdict = Trunks(SipSettings().trunks).admit(source)
    assert isinstance(verdict, Refused)
    assert (verdict.status, verdict.rule_id) == (403, "trunk.not-allowed")
    assert verdict.reason


def test_a_trunk_is_known_by_any_of_its_networks() -> None:
    trunks = Trunks((CARRIER, *SipSettings().trunks))
    assert name_of(trunks, "198.51.100.7") == "carrier"
    assert name_of(trunks, "2001:db8::7") == "carrier"
    assert name_of(trunks, "127.0.0.1") == "loopback"
    assert name_of(trunks, "198.51.101.7") is None


def test_the_first_matching_trunk_wins() -> None:
    everybody = TrunkSettings(name="everybody", networks=(ip_network("0.0.0.0/0"),))
    assert name_of(Trunks((CARRIER, everybody)), "198.51.100.7") == "carrier"
    assert name_of(Trunks((everybody, CARRIER)), "198.51.100.7") == "everybody"


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValidationError, match="same name"):
        SipSettings(trunks=(CARRIER, CARRIER))
    with pytest.raises(ValidationError, match="does not hold"):
        RegistrarSettings(default_expires_s=30)
    with pytest.raises(ValidationError):
        SipSettings(address="localhost")
    with pytest.raises(ValidationError):
        TrunkSettings.model_validate({"name": "x", "networks": ["198.51.100.1/24"]})
