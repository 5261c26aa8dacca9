"""Who may say what, and whether one more call fits."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from telephony.admission import Admission, Load, Standing
from telephony.settings import AdmissionSettings, RegistrarSettings, SipSettings, TrunkSettings

CARRIER = TrunkSettings(
    name="carrier", networks=(ip_network("198.51.100.0/24"), ip_network("2001:db8::/32")), max_calls=30
)
LOOPBACK = SipSettings().trunks
IDLE = Load(calls=10, max_calls=1000, trunk="carrier", trunk_calls=10)


def admission(*trunks: TrunkSettings) -> Admission:
    return Admission(SipSettings(trunks=trunks))


@pytest.mark.parametrize("source", ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"])
def test_by_default_only_loopback_may_call(source: str) -> None:
    assert Admission(SipSettings()).source(source).trunk == "loopback"


@pytest.mark.parametrize("source", ["192.0.2.1", "2001:db8::1", "::ffff:8.8.8.8", "", "host", "0"])
def test_anybody_else_is_a_stranger_who_may_begin_nothing(source: str) -> None:
    judge = Admission(SipSettings())
    stranger = judge.source(source)
    assert stranger.standing is Standing.STRANGER
    for method in ("INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE"):
        refusal = judge.request(method, stranger)
        assert refusal is not None
        assert (refusal.status, bool(refusal.rule_id)) == (403, True)


def test_a_trunk_is_known_by_any_of_its_networks() -> None:
    judge = admission(CARRIER, *LOOPBACK)
    assert judge.source("198.51.100.7").trunk == "carrier"
    assert judge.source("2001:db8::7").trunk == "carrier"
    assert judge.source("127.0.0.1").trunk == "loopback"
    assert judge.source("198.51.101.7").trunk is None


def test_the_first_matching_trunk_wins() -> None:
    everybody = TrunkSettings(name="everybody", networks=(ip_network("0.0.0.0/0"),))
    assert admission(CARRIER, everybody).source("198.51.100.7").trunk == "carrier"
    assert admission(everybody, CARRIER).source("198.51.100.7").trunk == "everybody"


def test_finding_39_phones_register_and_trunks_call_each_from_where_they_may_come() -> None:
    judge = admission(CARRIER)
    carrier, phone = judge.source("198.51.100.7"), judge.source("192.168.1.20")
    assert judge.request("INVITE", carrier) is None
    assert judge.request("OPTIONS", carrier) is judge.request("OPTIONS", phone) is None
    assert judge.request("REGISTER", phone) is None
    assert (judge.request("REGISTER", carrier) or IDLE) is not IDLE
    assert judge.request("INVITE", phone) is None, "the registrar asks for its password"
    stranger = judge.request("INVITE", judge.source("203.0.113.9"))
    assert stranger is not None
    assert stranger.rule_id == "source.unknown"


def test_settings_that_are_exchanged_hold_from_then_on() -> None:
    judge = admission(CARRIER)
    assert judge.source("127.0.0.1").trunk is None
    judge.reconfigure(SipSettings())
    assert judge.source("127.0.0.1").trunk == "loopback"
    assert judge.source("198.51.100.7").trunk is None


@pytest.mark.parametrize(
    ("busy", "rule_id"),
    [
        (replace(IDLE, draining=True), "load.finishing"),
        (replace(IDLE, recorder_ready=False), "load.recorder"),
        (replace(IDLE, journal_share=0.9), "load.journal"),
        (replace(IDLE, tick_share=0.85), "load.tick"),
        (replace(IDLE, calls=1000), "load.calls"),
        (replace(IDLE, trunk_calls=30), "load.trunk-calls"),
    ],
)
def test_a_call_that_does_not_fit_may_come_again_later(busy: Load, rule_id: str) -> None:
    refusal = admission(CARRIER).call(busy)
    assert refusal is not None
    assert (refusal.status, refusal.rule_id) == (503, rule_id)
    assert refusal.headers == (("Retry-After", "5"),)


def test_a_call_fits_below_every_limit() -> None:
    judge = admission(CARRIER)
    assert judge.call(IDLE) is None
    assert judge.call(replace(IDLE, calls=999, trunk_calls=29, tick_share=0.79, journal_share=0.79)) is None
    assert judge.call(replace(IDLE, trunk="another", trunk_calls=500)) is None
    tight = Admission(SipSettings(admission=AdmissionSettings(max_tick_share=0.5)))
    assert tight.call(replace(IDLE, tick_share=0.6)) is not None


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValidationError, match="same name"):
        SipSettings(trunks=(CARRIER, CARRIER))
    with pytest.raises(ValidationError, match="does not hold"):
        RegistrarSettings(default_expires_s=30)
    with pytest.raises(ValidationError):
        TrunkSettings.model_validate({"name": "x", "networks": ["198.51.100.1/24"]})


def test_finding_11_new_calls_are_refused_before_the_audio_engine_has_no_time_left() -> None:
    judge = Admission(SipSettings())
    refusal = judge.call(replace(IDLE, tick_share=0.85))
    assert refusal is not None
    assert (refusal.status, refusal.rule_id) == (503, "load.tick")
    assert refusal.retry_after_s
