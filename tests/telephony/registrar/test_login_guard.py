"""Who guesses passwords waits; who has one does not."""

from __future__ import annotations

import pytest

from telephony.registrar.login_guard import LoginGuard

HERE = "192.0.2.1"


def test_finding_39_each_wrong_password_after_the_third_doubles_the_wait() -> None:
    guard = LoginGuard()
    waits: list[float] = []
    now = 0.0
    for _ in range(12):
        guard.failed(HERE, "alice", now)
        waits.append(guard.wait_s(HERE, "alice", now))
        now += waits[-1]
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_finding_39_thousands_of_guesses_take_hours() -> None:
    guard, now, tried = LoginGuard(), 0.0, 0
    while now < 3600:
        if guard.wait_s(HERE, "alice", now) == 0:
            guard.failed(HERE, "alice", now)
            tried += 1
        now += 0.25
    assert tried < 70


def test_one_agent_with_a_wrong_password_keeps_nobody_else_out() -> None:
    guard = LoginGuard()
    for _ in range(50):
        guard.failed(HERE, "alice", 0.0)
    assert guard.wait_s(HERE, "alice", 0.0) > 0
    assert guard.wait_s(HERE, "bob", 0.0) == guard.wait_s("192.0.2.2", "alice", 0.0) == 0


def test_a_scanner_is_slowed_at_every_account_and_the_floor_behind_the_same_nat_is_not() -> None:
    guard = LoginGuard()
    guard.succeeded(HERE, "bob")
    for number in range(20):
        guard.failed(HERE, f"user{number}", 0.0)
    assert guard.wait_s(HERE, "carol", 1.0) == pytest.approx(59.0)
    assert guard.wait_s(HERE, "bob", 1.0) == 0


def test_the_right_password_and_time_let_bygones_be_bygones() -> None:
    guard = LoginGuard()
    for _ in range(9):
        guard.failed(HERE, "alice", 0.0)
    assert guard.wait_s(HERE, "alice", 901.0) == 0
    guard.succeeded(HERE, "alice")
    guard.failed(HERE, "alice", 1.0)
    assert guard.wait_s(HERE, "alice", 1.0) == 0


def test_what_is_remembered_is_bounded() -> None:
    guard = LoginGuard()
    for number in range(30_000):
        guard.failed(f"10.{number // 250}.{number % 250}", "x", 0.0)
    for _ in range(4):
        guard.failed(HERE, "x", 0.0)
    assert guard.wait_s(HERE, "x", 0.0) > 0
