"""One deadline per timer."""

from acd.deadlines import DispatchDeadlines, PauseOver, WaitTooLong
from contacts.ids import AgentId, ContactId

A, B = WaitTooLong(ContactId("a")), WaitTooLong(ContactId("b"))


def test_the_next_deadline_is_the_earliest_that_was_not_cancelled() -> None:
    deadlines = DispatchDeadlines()
    deadlines.set(A, 5.0)
    deadlines.set(B, 3.0)
    assert deadlines.next() == 3.0
    deadlines.cancel(B)
    assert deadlines.next() == 5.0
    deadlines.cancel(A)
    assert deadlines.next() is None


def test_setting_a_timer_again_moves_it() -> None:
    deadlines = DispatchDeadlines()
    deadlines.set(A, 5.0)
    deadlines.set(A, 9.0)
    assert list(deadlines.due(8.0)) == []
    assert list(deadlines.due(9.0)) == [A]
    assert list(deadlines.due(9.0)) == []


def test_what_is_due_comes_in_order_and_a_timer_cancelled_meanwhile_does_not() -> None:
    deadlines = DispatchDeadlines()
    deadlines.set(B, 2.0)
    deadlines.set(A, 1.0)
    due = deadlines.due(5.0)
    assert next(due) == A
    deadlines.cancel(B)
    deadlines.set(PauseOver(AgentId("ann")), 3.0)
    assert list(due) == [PauseOver(AgentId("ann"))]


def test_moving_a_timer_very_often_keeps_it_at_its_last_place() -> None:
    deadlines = DispatchDeadlines()
    deadlines.set(B, 10_000.5)
    for at in range(20_000):
        deadlines.set(A, float(at))
    assert list(deadlines.due(10_001.0)) == [B]
    assert deadlines.next() == 19_999.0
