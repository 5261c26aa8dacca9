"""What is turned away unread, and what comes in whatever the load."""

from __future__ import annotations

from ipaddress import ip_network

from telephony.endpoint import unloaded
from telephony.gate import BANNED, Gate
from telephony.settings import AdmissionSettings, RegistrarSettings, SipSettings, TrunkSettings

TRUNK, PHONE, STRANGER = "192.0.2.1", "10.0.0.1", "203.0.113.9"
SETTINGS = SipSettings(
    trunks=(TrunkSettings(name="carrier", networks=(ip_network("192.0.2.0/24"),)),),
    registrar=RegistrarSettings(networks=(ip_network("10.0.0.0/8"),)),
    admission=AdmissionSettings(max_delay_s=0.25, retry_after_s=7, ban_after=20, ban_s=60),
)


def message(method: str, call_id: str = "new") -> bytes:
    return f"{method} sip:100@x SIP/2.0\r\nCall-ID: {call_id}\r\n\r\n".encode()


class Entrance:
    """A gate, the calls that it is told are known, and the bans that it told."""

    def __init__(self) -> None:
        self.banned: frozenset[str] = frozenset()
        self.gate = Gate(SETTINGS, lambda _: unloaded(), self.ban)

    def ban(self, sources: frozenset[str]) -> None:
        self.banned = sources

    def rule(self, method: str, host: str, now: float, call_id: str = "new") -> str:
        refusal = self.gate.unread(message(method, call_id), host, lambda known: known == "known", now)
        if refusal is None:
            return ""
        if refusal is not BANNED:
            self.gate.may_answer(refusal, host, now)
        return refusal.rule_id

    def fall_behind(self, now: float) -> None:
        for step in range(10):
            self.gate.delay.saw(0.4, now - 1 + 0.1 * step)


def test_signalling_that_is_behind_turns_new_calls_away_with_a_time_to_come_again() -> None:
    entrance = Entrance()
    entrance.fall_behind(10.0)
    assert entrance.rule("INVITE", TRUNK, 9.95) == "load.signalling"
    refusal = entrance.gate.admission.signalling(0.4)
    assert refusal is not None
    assert (refusal.status, refusal.headers) == (503, (("Retry-After", "7"),))


def test_signalling_that_is_behind_hears_all_that_is_said_in_calls_in_progress() -> None:
    entrance = Entrance()
    entrance.fall_behind(10.0)
    assert [entrance.rule(each, TRUNK, 9.95, "known") for each in ("INVITE", "BYE", "ACK")] == ["", "", ""]
    assert [entrance.rule(each, TRUNK, 9.95) for each in ("BYE", "ACK", "CANCEL", "OPTIONS")] == [""] * 4


def test_new_calls_fit_again_half_a_second_after_the_queue_is_gone() -> None:
    entrance = Entrance()
    entrance.fall_behind(10.0)
    assert entrance.rule("INVITE", TRUNK, 10.6) == ""


def test_a_scanner_is_banned_and_the_phone_beside_it_goes_on() -> None:
    entrance = Entrance()
    rules = [entrance.rule("INVITE", STRANGER, 1.0) for _ in range(21)]
    assert rules == ["source.unknown"] * 20 + ["source.banned"]
    assert entrance.banned == {STRANGER}
    assert entrance.rule("REGISTER", PHONE, 1.0) == ""
    assert entrance.rule("INVITE", TRUNK, 1.0) == ""
    entrance.gate.lift_bans(61.0)
    assert not entrance.banned
    assert entrance.rule("INVITE", STRANGER, 61.0) == "source.unknown"


def test_who_is_in_a_call_with_us_is_never_banned() -> None:
    entrance = Entrance()
    assert entrance.rule("INFO", STRANGER, 1.0, "known") == ""
    assert {entrance.rule("INVITE", STRANGER, 2.0) for _ in range(100)} == {"source.unknown"}
    assert not entrance.banned


def test_a_trunk_is_never_banned() -> None:
    entrance = Entrance()
    for _ in range(100):
        entrance.gate.note(BANNED, TRUNK, 1.0)
        entrance.rule("INVITE", TRUNK, 1.0)
    assert not entrance.banned


def test_a_flood_of_strangers_turns_no_call_of_a_trunk_away() -> None:
    entrance = Entrance()
    for number in range(300):
        entrance.rule("INVITE", f"203.0.{number % 256}.{number // 256}", 9.9)
    entrance.fall_behind(10.0)
    assert entrance.rule("INVITE", TRUNK, 9.95) == ""
    assert {entrance.rule("BYE", TRUNK, 9.95) for _ in range(100)} == {""}
    assert entrance.rule("INVITE", TRUNK, 9.95) == "load.signalling", "the trunk's own load does"


def test_a_ban_ends_for_datagrams_too_once_somebody_of_ours_is_there() -> None:
    entrance = Entrance()
    for _ in range(21):
        entrance.rule("INVITE", STRANGER, 1.0)
    assert entrance.banned == {STRANGER}
    entrance.gate.trust(STRANGER, 2.0)
    assert not entrance.banned
    assert {entrance.rule("INVITE", STRANGER, 3.0) for _ in range(100)} == {"source.unknown"}
    assert not entrance.banned


def test_a_carrier_that_was_banned_as_a_stranger_is_heard_once_the_settings_name_it() -> None:
    entrance = Entrance()
    for host in (STRANGER, "203.0.113.77"):
        for _ in range(21):
            entrance.rule("INVITE", host, 1.0)
    second = TrunkSettings(name="second", networks=(ip_network(STRANGER),))
    entrance.gate.reconfigure(SETTINGS.model_copy(update={"trunks": (*SETTINGS.trunks, second)}), 2.0)
    assert entrance.banned == {"203.0.113.77"}
    assert entrance.rule("INVITE", STRANGER, 2.0) == ""
