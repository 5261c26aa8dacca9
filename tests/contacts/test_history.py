"""What of a contact's past decides its outcome, and how long it lasted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contacts.facts.contact import ParticipantRole
from contacts.history import History
from contacts.outcomes import ContactOutcome, QueueExit, TransferResult

Past = Callable[[History], None]


def answered(history: History) -> None:
    history.answered = True


def exited(how: QueueExit) -> Past:
    def exit_queue(history: History) -> None:
        history.last_exit = how

    return exit_queue


def talked(role: ParticipantRole, name: str = "alice") -> Past:
    return lambda history: history.talks(role, name)


def failed(history: History) -> None:
    history.failure = "a bug"


def lost_agent(history: History) -> None:
    history.lost_agent()


def flow_ended(history: History) -> None:
    history.flow_ended = True


def not_reached(history: History) -> None:
    history.not_reached = True


def transfer_refused(history: History) -> None:
    history.last_transfer = TransferResult.BUSY


AGENT = talked(ParticipantRole.AGENT)
OTHER = talked(ParticipantRole.THIRD_PARTY, "+4930")


@pytest.mark.parametrize(
    ("past", "outcome"),
    [
        ((), ContactOutcome.NOT_ANSWERED),
        ((flow_ended,), ContactOutcome.COMPLETED),
        ((answered,), ContactOutcome.LEFT_IN_FLOW),
        ((answered, flow_ended), ContactOutcome.COMPLETED),
        ((answered, exited(QueueExit.ABANDONED)), ContactOutcome.ABANDONED),
        ((answered, exited(QueueExit.SHORT_ABANDONED)), ContactOutcome.SHORT_ABANDONED),
        ((answered, exited(QueueExit.OVERFLOWED)), ContactOutcome.OVERFLOWED),
        ((answered, exited(QueueExit.NOBODY)), ContactOutcome.NOT_SERVED),
        ((answered, exited(QueueExit.FAILED)), ContactOutcome.FAILED),
        # Overflow, and then the flow's goodbye: the queue's exit is what reports ask for.
        ((answered, exited(QueueExit.OVERFLOWED), flow_ended), ContactOutcome.OVERFLOWED),
        ((answered, AGENT), ContactOutcome.SERVED),
        ((answered, exited(QueueExit.ANSWERED), AGENT), ContactOutcome.SERVED),
        ((answered, OTHER), ContactOutcome.TRANSFERRED),
        ((answered, AGENT, OTHER), ContactOutcome.TRANSFERRED),
        ((answered, OTHER, AGENT), ContactOutcome.SERVED),
        # Whoever was served does not become a failure by what goes wrong afterwards.
        ((answered, AGENT, failed), ContactOutcome.SERVED),
        ((answered, failed), ContactOutcome.FAILED),
        ((answered, exited(QueueExit.ABANDONED), failed), ContactOutcome.FAILED),
        # An agent who was lost did not serve; the customer gave up waiting for the next.
        ((answered, exited(QueueExit.ANSWERED), AGENT, lost_agent), ContactOutcome.ABANDONED),
        ((answered, AGENT, lost_agent, AGENT), ContactOutcome.SERVED),
        ((answered, transfer_refused), ContactOutcome.NOT_SERVED),
        ((not_reached,), ContactOutcome.NOT_ANSWERED),
        ((answered, not_reached), ContactOutcome.NOT_ANSWERED),
        ((not_reached, failed), ContactOutcome.FAILED),
    ],
)
def test_the_past_decides_the_outcome(past: tuple[Past, ...], outcome: ContactOutcome) -> None:
    history = History()
    for happened in past:
        happened(history)
    assert history.outcome() is outcome


def test_who_served_is_named_once_in_the_order_of_their_talks() -> None:
    history = History()
    for role, name in (
        (ParticipantRole.AGENT, "alice"),
        (ParticipantRole.THIRD_PARTY, "+4930"),
        (ParticipantRole.AGENT, "bob"),
        (ParticipantRole.AGENT, "alice"),
    ):
        history.talks(role, name)
    assert history.served_by == ["alice", "bob"]


def test_a_lost_agent_is_still_among_those_who_talked() -> None:
    history = History()
    history.talks(ParticipantRole.AGENT, "alice")
    history.lost_agent()
    assert history.served_by == ["alice"]
    assert history.talked_with is None


def test_a_contact_lasts_until_the_customer_leaves_and_not_until_the_paperwork_is_done() -> None:
    history = History()
    for now in (100.0, 103.5, 120.0):
        history.passed(now)
    history.left()
    history.passed(180.0)
    assert history.lasted_s() == 20.0


def test_a_customer_who_comes_back_is_counted_to_the_last_hang_up() -> None:
    history = History()
    history.passed(0.0)
    history.left()
    history.passed(600.0)
    history.passed(660.0)
    history.left()
    assert history.lasted_s() == 660.0


def test_who_never_called_is_counted_to_the_newest_event() -> None:
    history = History()
    assert history.lasted_s() == 0.0
    history.passed(50.0)
    history.passed(80.0)
    assert history.lasted_s() == 30.0
