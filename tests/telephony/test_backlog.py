"""A queue that stands is told from an instant of work."""

from __future__ import annotations

from telephony.backlog import Backlog


def test_one_late_message_is_no_backlog() -> None:
    backlog = Backlog()
    backlog.saw(0.9, 10.0)
    assert backlog.delay_s(10.0) == 0.0
    backlog.saw(0.0, 10.1)
    assert backlog.delay_s(10.3) == 0.0


def test_a_queue_that_stands_is_a_backlog_of_its_least_delay() -> None:
    backlog = Backlog()
    for step in range(10):
        backlog.saw(0.5 + 0.1 * (step % 2), 10.0 + 0.1 * step)
    assert backlog.delay_s(10.95) == 0.5


def test_a_queue_that_was_worked_off_is_forgotten_within_half_a_second() -> None:
    backlog = Backlog()
    for step in range(10):
        backlog.saw(0.5, 10.0 + 0.1 * step)
    assert backlog.delay_s(11.0) == 0.5
    assert backlog.delay_s(12.0) == 0.0
    backlog.saw(0.6, 12.0)
    assert backlog.delay_s(12.1) == 0.0, "the first after a pause is one late message"
