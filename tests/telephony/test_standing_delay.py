"""A queue that stands is told from an instant of work."""

from __future__ import annotations

from telephony.standing_delay import StandingDelay


def test_one_late_message_is_no_backlog() -> None:
    delay = StandingDelay()
    delay.saw(0.9, 10.0)
    assert delay.delay_s(10.0) == 0.0
    delay.saw(0.0, 10.1)
    assert delay.delay_s(10.3) == 0.0


def test_a_queue_that_stands_is_a_backlog_of_its_least_delay() -> None:
    delay = StandingDelay()
    for step in range(10):
        delay.saw(0.5 + 0.1 * (step % 2), 10.0 + 0.1 * step)
    assert delay.delay_s(10.95) == 0.5


def test_a_queue_that_was_worked_off_is_forgotten_within_half_a_second() -> None:
    delay = StandingDelay()
    for step in range(10):
        delay.saw(0.5, 10.0 + 0.1 * step)
    assert delay.delay_s(11.0) == 0.5
    assert delay.delay_s(12.0) == 0.0
    delay.saw(0.6, 12.0)
    assert delay.delay_s(12.1) == 0.0, "the first after a pause is one late message"
