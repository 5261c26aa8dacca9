"""Offers that meet hang-ups, timeouts and late answers."""

from collections.abc import Callable
from typing import Any

from acd.effects import (
    AgentStateChanged,
    Bridge,
    HangUpAgent,
    QueueStayEnded,
    RingAgent,
    StopRinging,
)
from acd.events import ContactLeft, LeaveReason, OfferFailure, OtherCallStarted
from contacts.ids import AgentId, CallId, ContactId, QueueId
from contacts.outcomes import QueueExit

C1, SALES = ContactId("c1"), QueueId("sales")
NewScene = Callable[..., Any]


def test_a_caller_who_hangs_up_stops_the_ringing(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.enqueue("c1")
    ring = s.rung()
    s.now = 3
    assert s.hang_up("c1") == (
        StopRinging(ring.offer),
        QueueStayEnded(C1, SALES, QueueExit.ABANDONED, 3.0, 0.0),
    )


def test_an_agent_is_ringing_until_their_phone_says_that_it_stopped(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.enqueue("c1")
    ring = s.rung()
    s.hang_up("c1")
    s.enqueue("c2")
    assert s.state("ann") == "ringing"
    assert not s.of(RingAgent)
    s.fail(ring.offer, OfferFailure.WITHDRAWN)
    assert s.rung().contact == "c2"


def test_an_answer_after_the_caller_left_is_hung_up_without_wrap_up(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.enqueue("c1")
    ring = s.rung()
    s.hang_up("c1")
    s.answer(ring.offer)
    assert s.of(HangUpAgent) == [HangUpAgent(ring.offer)]
    assert not s.of(Bridge)
    assert s.state("ann") == "talking"
    s.end_agent_call(ring.offer)
    assert s.state("ann") == "available"


def test_the_ring_timeout_is_kept_even_if_the_phone_never_reports(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"ring_timeout_s": 15})
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    ring = s.rung()
    assert ring.ring_timeout_s == 15
    s.run_until(14.9)
    assert s.state("bob") == "available"
    s.run_until(15)
    assert s.of(StopRinging) == [StopRinging(ring.offer)]
    assert s.rung().agent == "bob"


def test_an_answer_that_arrives_with_the_ring_timeout_counts(scene: NewScene) -> None:
    s = scene(["ann"], sales={"ring_timeout_s": 15})
    s.sign_in("ann")
    s.enqueue("c1")
    s.now = 15.0
    s.answer(s.rung().offer)
    assert s.of(Bridge)
    assert not s.of(StopRinging)


def test_a_caller_pulled_while_an_agent_rings_is_not_counted_as_abandoned(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.enqueue("c1")
    s.tell(ContactLeft(C1, LeaveReason.PULLED))
    assert [effect.outcome for effect in s.of(QueueStayEnded)] == [QueueExit.TRANSFERRED]
    assert s.of(StopRinging)


def test_a_caller_who_hangs_up_while_talking_takes_the_agents_leg_along(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    ring = s.serve("c1")
    assert s.hang_up("c1") == (HangUpAgent(ring.offer),)
    assert s.state("ann") == "talking"
    s.end_agent_call(ring.offer)
    assert s.state("ann") == "wrap-up"


def test_events_about_what_is_over_change_nothing(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.end_agent_call(ring.offer)
    assert s.end_agent_call(ring.offer) == ()
    assert s.answer(ring.offer) == ()
    assert s.fail(ring.offer) == ()
    assert s.hang_up("c1") == ()
    assert s.state("ann") == "available"


def test_a_second_report_of_the_same_answer_changes_nothing(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    ring = s.serve("c1")
    assert s.answer(ring.offer) == ()


def test_a_leg_that_ends_before_it_was_up_is_an_offer_not_taken(scene: NewScene) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    s.end_agent_call(s.rung().offer)
    assert s.rung().agent == "bob"
    assert s.state("ann") == "available"


def test_a_binding_lost_while_ringing_gives_the_caller_to_the_next_agent(scene: NewScene) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    ring = s.rung()
    s.sign_out("ann")
    assert s.of(StopRinging) == [StopRinging(ring.offer)]
    assert s.rung().agent == "bob"
    s.fail(ring.offer, OfferFailure.UNREACHABLE)
    assert s.state("ann") == "offline"


def test_an_agent_who_takes_another_call_while_ringing_loses_the_offer(scene: NewScene) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    s.tell(OtherCallStarted(AgentId("ann"), CallId("private")))
    assert s.state("ann") == "talking"
    assert s.rung().agent == "bob"


def test_overflow_waits_for_the_agent_being_rung_and_follows_if_they_do_not_answer(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"ring_timeout_s": 15, "max_wait_s": 20})
    s.enqueue("c1")
    s.now = 10
    s.sign_in("ann")
    s.run_until(24)
    assert not s.overflowed()
    s.run_until(25)
    assert [effect.outcome for effect in s.of(QueueStayEnded)] == [QueueExit.OVERFLOWED]
    assert s.order() == []


def test_overflow_is_forgotten_when_the_agent_answers(scene: NewScene) -> None:
    s = scene(["ann"], sales={"max_wait_s": 20})
    s.enqueue("c1")
    s.now = 19
    s.sign_in("ann")
    s.run_until(21)
    s.answer(s.ever(RingAgent)[0][1].offer)
    assert s.of(Bridge)
    s.run_until(100)
    assert not s.overflowed()


def test_state_changes_name_the_kind_of_fact_that_caused_them(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 5})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.end_agent_call(ring.offer)
    s.run_until(10)
    changes = [(c.old.value, c.new.value, c.cause.value) for _, c in s.ever(AgentStateChanged)]
    assert changes == [
        ("offline", "available", "registered"),
        ("available", "ringing", "offered"),
        ("ringing", "talking", "answered"),
        ("talking", "wrap-up", "call ended"),
        ("wrap-up", "available", "wrap-up finished"),
    ]
