"""How queues choose among free agents, and agents among queues."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from acd.effects import HangUpAgent, RingAgent, Rule, StopRinging
from acd.events import BreakEnded, BreakStarted, OfferFailure
from acd.settings import AcdSettings, AgentSettings, QueueSettings
from contacts.ids import AgentId
from contacts.outcomes import QueueExit

NewScene = Callable[..., Any]


def take(s: Any, contact: str, queue: str = "sales", talk_s: float = 0.0) -> str:
    """The contact comes, the agent rung answers, talks and hangs up."""
    s.enqueue(contact, queue)
    ring = s.rung()
    s.answer(ring.offer)
    s.run_until(s.now + talk_s)
    s.end_agent_call(ring.offer)
    return str(ring.agent)


def quick(**options: Any) -> dict[str, Any]:
    return {"wrap_up_s": 0, "announce_every_s": 0, **options}


def test_s22_round_robin_goes_on_after_the_agent_rung_last(scene: NewScene) -> None:
    s = scene(["ann", "bob", "cem"], sales=quick(strategy="round-robin"))
    s.sign_in("cem", "bob", "ann")
    assert [take(s, f"c{number}") for number in range(5)] == ["ann", "bob", "cem", "ann", "bob"]
    assert s.ever(RingAgent)[0][1].decision.rule is Rule.ROUND_ROBIN


def test_s22_each_queue_has_a_round_of_its_own(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick(strategy="round-robin"), support=quick(strategy="round-robin"))
    s.sign_in("ann", "bob")
    assert [take(s, "c1"), take(s, "c2", "support"), take(s, "c3")] == ["ann", "ann", "bob"]


def test_s22_fewest_calls_counts_calls_answered(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick(strategy="fewest-calls"), extra=quick())
    s.sign_in("ann")
    take(s, "c1")
    take(s, "c2")
    s.sign_in("bob")
    assert [take(s, "c3"), take(s, "c4")] == ["bob", "bob"]
    assert take(s, "c5") == "ann", "equal now, and available for longer"


def test_s22_least_occupancy_counts_work_not_calls(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick(strategy="least-occupancy"))
    s.sign_in("ann", "bob")
    assert take(s, "long", talk_s=600) == "ann"
    assert [take(s, f"short-{number}", talk_s=60) for number in range(3)] == ["bob", "bob", "bob"]


def test_s22_occupancy_of_long_ago_fades(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick(strategy="least-occupancy"))
    s.sign_in("ann", "bob")
    assert take(s, "long", talk_s=1200) == "ann"
    s.run_until(6 * 3600)
    assert take(s, "short", talk_s=60) == "bob"
    assert take(s, "next") == "ann", "the hours since weigh more than twenty minutes back then"


def test_s22_linear_takes_the_first_of_the_settings(scene: NewScene) -> None:
    s = scene(["ann", "bob", "cem"], sales=quick(strategy="linear"))
    s.sign_in("cem", "bob", "ann")
    assert [take(s, f"c{number}") for number in range(3)] == ["ann", "ann", "ann"]


def test_s22_random_draws_by_weight_and_the_same_again_in_a_replay(scene: NewScene) -> None:
    agents = [AgentSettings(name="ann", weight=3), AgentSettings(name="bob", weight=1)]

    def day() -> list[str]:
        s = scene(agents, sales=quick(strategy="random"))
        s.sign_in("ann", "bob")
        return [take(s, f"c{number}") for number in range(2000)]

    first = day()
    assert 1400 < Counter(first)["ann"] < 1600
    assert day() == first


@pytest.mark.parametrize(
    ("idle_since", "expected"),
    [("available", "ann"), ("last-call", "bob"), ("last-offer", "bob"), ("sign-in", "ann")],
)
def test_s22_the_meaning_of_idle_can_be_chosen(scene: NewScene, idle_since: str, expected: str) -> None:
    s = scene(["ann", "bob", "cem"], sales=quick(idle_since=idle_since), other=quick(strategy="linear"))
    for at, agent in enumerate(["ann", "bob", "cem"], 1):
        s.run_until(at * 10)
        s.sign_in(agent)
    take(s, "c1", "other", talk_s=100)
    s.sign_out("cem")
    s.run_until(s.now + 10)
    s.tell(BreakStarted(AgentId("bob")))
    s.tell(BreakEnded(AgentId("bob")))
    s.run_until(s.now + 10)
    s.sign_in("cem")
    s.run_until(s.now + 10)
    # ann: in since 10, called and available since 130; bob: available anew since 140; cem: in since 150.
    assert take(s, "c2") == expected


# Several agents rung at once


def test_s22_ring_all_rings_everybody_free_and_the_first_to_answer_has_the_caller(scene: NewScene) -> None:
    s = scene(["ann", "bob", "cem"], sales=quick(strategy="ring-all"))
    s.sign_in("ann", "bob", "cem")
    s.enqueue("c1")
    assert s.rings() == ["ann", "bob", "cem"]
    offers = {ring.agent: ring.offer for ring in s.of(RingAgent)}
    s.now = 3
    s.answer(offers["bob"])
    assert {stop.offer for stop in s.of(StopRinging)} == {offers["ann"], offers["cem"]}
    assert s.state("bob") == "talking"
    for loser in ("ann", "cem"):
        s.fail(offers[loser], OfferFailure.WITHDRAWN)
        assert s.agent(loser).paused_until is None, "they did nothing wrong"
    s.enqueue("c2")
    assert s.rings() == ["ann", "cem"]


def test_s22_ring_all_has_a_bound(scene: NewScene) -> None:
    s = scene([f"a{number}" for number in range(30)], sales=quick(strategy="ring-all", ring_at_most=4))
    s.sign_in(*(f"a{number}" for number in range(30)))
    s.enqueue("c1")
    assert s.rings() == ["a0", "a1", "a2", "a3"]


def test_s22_a_caller_rung_for_by_all_goes_on_only_when_the_last_gave_up(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick(strategy="ring-all"))
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    first, second = (ring.offer for ring in s.of(RingAgent))
    s.fail(first, OfferFailure.BUSY)
    assert s.queue().waiting[0].rings == ("bob",)
    s.fail(second, OfferFailure.BUSY)
    assert s.queue().waiting[0].rings == ()
    s.run_until(10)
    assert s.ever(RingAgent)[-1][1].contact == "c1"


def test_s22_of_two_who_answer_at_once_the_second_is_hung_up(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick(strategy="ring-all"))
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    first, second = (ring.offer for ring in s.of(RingAgent))
    s.answer(first)
    s.answer(second)
    assert [order.offer for order in s.of(HangUpAgent)] == [second]
    s.end_agent_call(second)
    assert s.state("bob") == "available"


def test_s22_a_caller_who_leaves_stops_all_phones(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick(strategy="ring-all"))
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    s.hang_up("c1")
    assert len(s.of(StopRinging)) == 2


def test_s22_progressive_rings_one_more_from_time_to_time(scene: NewScene) -> None:
    s = scene(
        ["ann", "bob", "cem", "dee"],
        sales=quick(strategy="progressive", ring_more_every_s=5, ring_at_most=3, ring_timeout_s=60),
    )
    s.sign_in("ann", "bob", "cem", "dee")
    s.enqueue("c1")
    s.run_until(30)
    assert [(at, ring.agent) for at, ring in s.ever(RingAgent)] == [(0, "ann"), (5, "bob"), (10, "cem")]
    s.answer(s.ever(RingAgent)[1][1].offer)
    assert s.state("bob") == "talking"
    s.run_until(100)
    assert len(s.ever(RingAgent)) == 3


# Ranks, weights, credit


def test_an_agent_serves_only_the_queues_named(scene: NewScene) -> None:
    s = scene([AgentSettings(name="ann", queues={"sales": 1})], sales=quick(), support=quick())
    s.sign_in("ann")
    s.enqueue("c1", "support")
    assert not s.rings()
    assert s.queue("support").waiting == ()
    s.enqueue("c2", "sales")
    assert s.rings() == ["ann"]


def test_a_queue_rings_the_better_rank_first_and_the_next_when_none_of_it_is_free(scene: NewScene) -> None:
    agents = [
        AgentSettings(name="backup", queues={"sales": 2}),
        AgentSettings(name="first", queues={"sales": 1}),
        AgentSettings(name="anywhere"),
    ]
    s = scene(agents, sales=quick())
    s.sign_in("backup")
    s.now = 10
    s.sign_in("first", "anywhere")
    s.enqueue("c1")
    s.enqueue("c2")
    s.enqueue("c3")
    assert [ring.agent for _, ring in s.ever(RingAgent)] == ["first", "anywhere", "backup"]


def test_an_agent_takes_the_queue_of_the_better_rank_first_however_long_others_wait(scene: NewScene) -> None:
    agents = [AgentSettings(name="ann", queues={"sales": 2, "support": 1})]
    s = scene(agents, sales=quick(), support=quick())
    s.enqueue("older", "sales")
    s.now = 100
    s.enqueue("newer", "support")
    s.sign_in("ann")
    assert s.rung().contact == "newer"


def test_a_heavier_queue_goes_first_for_agents_of_several(scene: NewScene) -> None:
    s = scene(["ann"], sales=quick(), emergency=quick(weight=10))
    s.enqueue("older", "sales", priority=9)
    s.now = 100
    s.enqueue("newer", "emergency")
    s.sign_in("ann")
    assert s.rung().contact == "newer"


def test_priority_as_credit_is_overtaken_by_age(scene: NewScene) -> None:
    s = scene(["ann"], sales=quick(priority_step_s=60))
    s.enqueue("old")
    s.now = 100
    s.enqueue("vip", priority=2)
    s.now = 130
    s.enqueue("late vip", priority=2)
    assert s.order() == ["vip", "old", "late vip"]
    assert [waiting.waited_s for waiting in s.queue().waiting] == [30, 130, 0], "the real wait is told"


def test_without_credit_priority_beats_any_wait(scene: NewScene) -> None:
    s = scene(["ann"], sales=quick())
    s.enqueue("old")
    s.now = 86400
    s.enqueue("vip", priority=1)
    assert s.order() == ["vip", "old"]


def test_a_wait_in_another_queue_before_counts_for_the_place(scene: NewScene) -> None:
    s = scene(["ann"], sales=quick(max_wait_s=60))
    s.now = 100
    s.enqueue("here first")
    s.now = 110
    s.enqueue("came over", age_s=50)
    assert s.order() == ["came over", "here first"]
    s.run_until(165)
    assert s.order() == ["came over"], "the longest wait is this queue's"
    s.run_until(170)
    assert s.order() == []


def test_a_full_queue_overflows_at_once(scene: NewScene) -> None:
    s = scene(["ann"], sales=quick(max_length=2))
    for contact in ("c1", "c2", "c3"):
        s.enqueue(contact)
    assert s.overflowed() == ["c3"]
    s.hang_up("c1")
    s.enqueue("c4")
    assert s.order() == ["c2", "c4"]


# Preferred skills


def test_s25_a_preferred_skill_decides_among_those_free_and_holds_up_nobody(scene: NewScene) -> None:
    s = scene({"plain": {"a": 1}, "french": {"a": 1, "french": 4}}, sales=quick(skills={"a": 1}))
    s.sign_in("plain")
    s.now = 10
    s.sign_in("french")
    s.enqueue("c1", preferred=(("french", 3),))
    assert s.rings() == ["french"]
    s.enqueue("c2", preferred=(("french", 3),))
    assert s.rings() == ["plain"]


def test_s25_the_first_preferred_skill_matters_most(scene: NewScene) -> None:
    s = scene(
        {"b": {"b": 9}, "a": {"a": 1}, "ab": {"a": 1, "b": 1}},
        sales=quick(preferred={"b": 1}),
    )
    s.sign_in("b", "a", "ab")
    s.enqueue("c1", preferred=(("a", 1),))
    assert s.rings() == ["ab"]
    s.enqueue("c2", preferred=(("a", 1),))
    assert s.rings() == ["a"]


# One agent alone


def test_a_caller_for_one_agent_waits_for_them_though_others_are_free(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick())
    s.sign_in("ann")
    s.serve("c1")
    s.sign_in("bob")
    s.enqueue("c2", agent="ann", agent_wait_s=60)
    assert not s.rings()
    s.end_agent_call("c1/1")
    assert s.rings() == ["ann"]


def test_a_caller_for_one_agent_goes_to_any_when_the_time_is_up(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick())
    s.sign_in("ann")
    s.serve("c1")
    s.sign_in("bob")
    s.enqueue("c2", agent="ann", agent_wait_s=60)
    s.run_until(59)
    assert not [ring for _, ring in s.ever(RingAgent) if ring.contact == "c2"]
    s.run_until(60)
    assert s.rings() == ["bob"]


def test_a_caller_for_one_agent_who_is_not_there_goes_to_any_at_once(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick())
    s.sign_in("bob")
    s.enqueue("c1", agent="ann", agent_wait_s=60)
    assert s.rings() == ["bob"]
    s.enqueue("c2", agent="nobody we know", agent_wait_s=60)
    assert s.order() == ["c1", "c2"]


def test_a_caller_for_one_agent_goes_to_any_when_that_agent_signs_out(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales=quick())
    s.sign_in("ann")
    s.serve("c1")
    s.sign_in("bob")
    s.enqueue("c2", agent="ann", agent_wait_s=600)
    s.sign_out("ann")
    s.end_agent_call("c1/1")
    assert s.rings() == ["bob"]


def test_a_caller_for_one_agent_keeps_the_place_among_all(scene: NewScene) -> None:
    s = scene(["ann"], sales=quick())
    s.enqueue("c1")
    s.sign_in("ann")
    s.now = 5
    s.enqueue("c2")
    s.now = 6
    s.enqueue("c3", agent="ann", agent_wait_s=600)
    s.answer("c1/1")
    s.end_agent_call("c1/1")
    assert s.rung().contact == "c2"


# Settings


def test_an_agent_of_a_queue_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValidationError, match="agent 'ann' serves queue 'slaes', which there is not"):
        AcdSettings(
            agents=(AgentSettings(name="ann", queues={"slaes": 1}),), queues=(QueueSettings(name="sales"),)
        )


def test_nobody_serves_a_queue_that_all_agents_leave_out(scene: NewScene) -> None:
    s = scene([AgentSettings(name="ann", queues={"sales": 1})], sales={}, support={"no_agents": "wait"})
    s.enqueue("c1", "support")
    assert [effect.outcome for effect in s.effects if hasattr(effect, "outcome")] == [QueueExit.NOBODY]
