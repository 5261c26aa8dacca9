"""Scanners are banned and let in again; whoever shares an address with somebody of ours is not."""

from __future__ import annotations

from telephony.bans import Bans
from telephony.settings import AdmissionSettings

SETTINGS = AdmissionSettings(ban_after=10, ban_s=60, longest_ban_s=200)
SCANNER, OFFICE = "203.0.113.9", "198.51.100.1"


def scan(
    bans: Bans, source: str, now: float, *, times: int = 10, rule_id: str = "source.unknown"
) -> list[bool]:
    return [bans.offended(source, rule_id, now) for _ in range(times)]


def test_a_source_that_does_nothing_but_what_is_refused_is_banned_and_let_in_again() -> None:
    bans = Bans(SETTINGS)
    assert scan(bans, SCANNER, 0.0) == [False] * 9 + [True]
    assert bans.holds(SCANNER, 59.0)
    assert bans.active(59.0) == (SCANNER,)
    assert bans.next_end(1.0) == 60.0
    assert not bans.holds(SCANNER, 60.0)
    assert bans.active(60.0) == ()


def test_each_further_ban_lasts_twice_as_long_up_to_the_longest() -> None:
    bans = Bans(SETTINGS)
    now, lasted = 0.0, []
    for _ in range(4):
        scan(bans, SCANNER, now)
        end = bans.next_end(now)
        assert end is not None
        lasted.append(end - now)
        now = end
    assert lasted == [60.0, 120.0, 200.0, 200.0]


def test_wrong_passwords_count_more_than_wrong_numbers() -> None:
    bans = Bans(SETTINGS)
    assert scan(bans, SCANNER, 0.0, times=2, rule_id="login.wrong-password") == [False, True]


def test_what_an_honest_peer_may_meet_bans_nobody() -> None:
    bans = Bans(SETTINGS)
    assert not any(scan(bans, SCANNER, 0.0, times=100, rule_id="load.calls"))


def test_refusals_that_are_spread_over_hours_ban_nobody() -> None:
    bans = Bans(SETTINGS)
    assert not any(bans.offended(SCANNER, "source.unknown", 61.0 * n) for n in range(50))


def test_a_floor_of_phones_is_not_shut_out_with_one_of_them() -> None:
    bans = Bans(SETTINGS)
    bans.trust(OFFICE, 0.0)
    assert not any(scan(bans, OFFICE, 1.0, times=100, rule_id="login.wrong-password"))
    assert any(scan(bans, SCANNER, 1.0)), "the scanner beside it"
    assert any(scan(bans, OFFICE, 4000.0)), "an hour after the last login it is like any other"


def test_what_is_remembered_of_spoofed_sources_is_bounded() -> None:
    bans = Bans(SETTINGS)
    for number in range(20_000):
        bans.offended(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "source.unknown", 0.0)
    scan(bans, SCANNER, 0.0)
    assert bans.active(1.0) == (SCANNER,)
