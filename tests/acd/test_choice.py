"""Which agent a contact gets, and which contact an agent gets."""

from collections.abc import Callable
from typing import Any

import pytest

from acd.effects import Bridge, QueueStayEnded, RingAgent, Rule
from acd.events import OfferFailure
from contacts.ids import AgentId, ContactId, QueueId
from contacts.outcomes import QueueExit

ANN, C1, SALES = AgentId("ann"), ContactId("c1"), QueueId("sales")
NewScene = Callable[..., Any]


def test_a_contact_rings_the_agent_who_has_been_available_longest(scene: NewScene) -> None:
    s = scene(["ann", "bob", "cem"])
    for agent in ("bob", "cem", "ann"):
        s.now += 1
        s.sign_in(agent)
    s.now = 10
    s.enqueue("c1")
    assert s.rung().agent == "bob"
    assert s.rung().decision.rule is Rule.LONGEST_IDLE
    assert s.rung().decision.idle_s == 9
    s.enqueue("c2")
    assert s.rung().agent == "cem"


def test_idle_time_counts_from_the_end_of_the_last_call(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"wrap_up_s": 0})
    s.sign_in("ann", "bob")
    first = s.serve("c1")
    assert first.agent == "ann"
    s.now = 60
    s.end_agent_call(first.offer)
    s.enqueue("c2")
    assert s.rung().agent == "bob"


def test_agents_who_signed_in_at_the_same_time_are_rung_in_the_order_of_signing_in(scene: NewScene) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("bob", "ann")
    s.enqueue("c1")
    assert s.rung().agent == "bob"


def test_s59_level_three_caller_never_offered_to_level_two(scene: NewScene) -> None:
    s = scene({"two": {"german": 2}, "three": {"german": 3}}, sales={"wrap_up_s": 0})
    s.sign_in("two")
    s.enqueue("c1", skills={"german": 3})
    s.run_until(3600)
    assert not s.ever(RingAgent)
    s.sign_in("three")
    assert [(ring.agent, ring.contact) for ring in s.of(RingAgent)] == [("three", "c1")]
    s.fail(s.rung().offer)
    s.run_until(7200)
    assert {ring.agent for _, ring in s.ever(RingAgent)} == {"three"}


def test_s59_an_agent_has_one_voice_contact_at_a_time(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    ring = s.serve("c1")
    s.enqueue("c2")
    s.run_until(3600)
    assert not [r for _, r in s.ever(RingAgent) if r.contact == "c2"]
    s.end_agent_call(ring.offer)
    s.run_until(3610)
    assert s.rung().contact == "c2"


def test_every_skill_demanded_is_needed(scene: NewScene) -> None:
    s = scene({"ann": {"german": 9}, "bob": {"german": 5, "billing": 5}})
    s.sign_in("ann", "bob")
    s.enqueue("c1", skills={"german": 5, "billing": 1})
    assert s.rung().agent == "bob"


def test_what_the_caller_demands_refines_what_the_queue_demands(scene: NewScene) -> None:
    s = scene(
        {"ann": {"sale": 1}, "bob": {"sale": 7}, "cem": {"french": 9}, "dee": {"sale": 7, "french": 1}},
        sales={"skills": {"sale": 5}},
    )
    s.sign_in("ann", "bob", "cem", "dee")
    s.enqueue("c1")
    assert s.rung().agent == "bob"
    s.enqueue("c2", skills={"french": 1})
    assert s.rung().agent == "dee"
    s.enqueue("c3", skills={"sale": 1})
    assert s.rung().agent == "ann"


def test_a_freed_agent_takes_the_highest_priority_then_the_oldest(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    for at, (contact, priority) in enumerate([("old", 0), ("vip-1", 5), ("vip-2", 5), ("new", 0)]):
        s.now = float(at)
        s.enqueue(contact, priority=priority)
    s.now = 20
    s.sign_in("ann")
    served = []
    for _ in range(4):
        ring = s.rung()
        served.append(ring.contact)
        assert ring.decision.rule is Rule.NEXT_IN_LINE
        s.answer(ring.offer)
        s.end_agent_call(ring.offer)
    assert served == ["vip-1", "vip-2", "old", "new"]


def test_an_agent_shared_by_queues_takes_the_oldest_of_them_all(scene: NewScene) -> None:
    s = scene({"ann": {"a": 5, "b": 5}}, first={"skills": {"a": 1}}, second={"skills": {"b": 1}})
    s.enqueue("older", "second")
    s.now = 1
    s.enqueue("newer", "first")
    s.sign_in("ann")
    assert s.rung().contact == "older"


def test_priority_counts_across_queues_before_age(scene: NewScene) -> None:
    s = scene({"ann": {"a": 5, "b": 5}}, first={"skills": {"a": 1}}, second={"skills": {"b": 1}})
    s.enqueue("older", "second")
    s.now = 1
    s.enqueue("urgent", "first", priority=1)
    s.sign_in("ann")
    assert s.rung().contact == "urgent"


def test_an_agent_takes_a_younger_contact_when_they_lack_the_skill_for_the_older(scene: NewScene) -> None:
    s = scene({"ann": {"a": 5}, "bob": {"b": 5}})
    s.enqueue("older", skills={"b": 1})
    s.now = 1
    s.enqueue("newer", skills={"a": 1})
    s.sign_in("ann")
    assert s.rung().contact == "newer"


def test_nobody_configured_has_the_skills_ends_the_wait_at_once(scene: NewScene) -> None:
    s = scene({"ann": {"german": 2}})
    assert s.enqueue("c1", skills={"german": 3}) == (QueueStayEnded(C1, SALES, QueueExit.NOBODY, 0.0),)
    assert s.order() == []


def test_a_contact_waits_for_a_qualified_agent_who_is_not_signed_in(scene: NewScene) -> None:
    s = scene({"ann": {"german": 3}})
    s.enqueue("c1", skills={"german": 3})
    assert s.order() == ["c1"]
    s.sign_in("ann")
    assert s.rung().contact == "c1"


def test_the_answer_bridges_before_anything_else_is_said_to_the_caller(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.enqueue("c1")
    ring = s.rung()
    s.now = 4
    s.answer(ring.offer)
    assert s.of(Bridge) == [Bridge(C1, ANN, ring.offer)]
    assert s.of(QueueStayEnded) == [QueueStayEnded(C1, SALES, QueueExit.ANSWERED, 4.0, 0.0)]
    assert s.order() == []


@pytest.mark.parametrize(
    "reason", [OfferFailure.NO_ANSWER, OfferFailure.BUSY, OfferFailure.REJECTED, OfferFailure.UNREACHABLE]
)
def test_an_offer_not_taken_goes_to_the_next_agent_at_once(scene: NewScene, reason: OfferFailure) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    assert s.rung().agent == "ann"
    s.fail(s.rung().offer, reason)
    assert s.rung().agent == "bob"
    assert s.rung().contact == "c1"


def test_ring_no_answer_returns_the_caller_to_its_exact_place(scene: NewScene) -> None:
    s = scene(["ann"])
    for at, contact in enumerate(["c1", "c2", "c3"]):
        s.now = float(at)
        s.enqueue(contact)
    s.sign_in("ann")
    assert s.order() == ["c1", "c2", "c3"]
    s.now = 9
    s.fail(s.rung().offer)
    assert s.order() == ["c1", "c2", "c3"]
    assert s.queue().waiting[0].waited_s == 9
    s.run_until(19)
    assert s.rung().contact == "c1"


def test_whoever_does_not_take_an_offer_rests_and_goes_to_the_end(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"pause_after_no_answer_s": 10})
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    s.fail(s.rung().offer)
    assert s.agent("ann").paused_until == 10
    assert s.state("ann") == "available"
    bobs = s.rung()
    s.enqueue("c2")
    assert not s.of(RingAgent)
    s.hang_up("c1")
    s.fail(bobs.offer, OfferFailure.WITHDRAWN)
    assert (s.rung().agent, s.rung().contact) == ("bob", "c2")
    s.run_until(11)
    s.enqueue("c3")
    assert s.rung().agent == "ann"


def test_an_absent_agent_does_not_hold_up_a_caller_while_others_are_idle(scene: NewScene) -> None:
    s = scene(["absent", "ann", "bob"], sales={"wrap_up_s": 0, "ring_timeout_s": 15})
    s.sign_in("absent", "ann", "bob")
    s.enqueue("c1")
    s.run_until(15)
    assert s.rung().agent == "ann"
    s.answer(s.rung().offer)
    s.fail("c1/1", OfferFailure.WITHDRAWN)
    s.run_until(60)
    s.enqueue("c2")
    assert s.rung().agent == "bob"


def test_an_agent_whose_offer_was_withdrawn_by_the_caller_keeps_their_turn(scene: NewScene) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("ann")
    s.now = 5
    s.sign_in("bob")
    s.enqueue("c1")
    ring = s.rung()
    s.now = 8
    s.hang_up("c1")
    s.fail(ring.offer, OfferFailure.WITHDRAWN)
    s.enqueue("c2")
    assert s.rung().agent == "ann"
    assert s.rung().decision.idle_s == 8
