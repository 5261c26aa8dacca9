"""Places that are kept without anybody on the line."""

import json
from collections.abc import Callable
from typing import Any

from acd.dispatch import Dispatch
from acd.effects import AnnouncePosition, Bridge, CallCustomer, HangUpAgent, RingAgent, StopCallingCustomer
from acd.events import (
    BreakStarted,
    CallbackDue,
    CallFirst,
    CustomerNotReached,
    CustomerReached,
    PlaceKept,
)
from contacts.ids import AgentId, ContactId
from contacts.outcomes import QueueExit
from tests.acd.test_findings import outcomes

C1, C2 = ContactId("c1"), ContactId("c2")
NewScene = Callable[..., Any]


def three_wait(scene: NewScene, **options: Any) -> Any:
    """c1, c2 and c3 wait for ann, who talks."""
    s = scene(["ann"], sales={"wrap_up_s": 0, "announce_every_s": 30, **options})
    s.sign_in("ann")
    s.serve("talks")
    for at, contact in enumerate(("c1", "c2", "c3"), 1):
        s.now = float(at)
        s.enqueue(contact)
    return s


def test_s24_callback_keeps_place(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C2))
    assert s.order() == ["c1", "c2", "c3"]
    assert [waiting.callback for waiting in s.queue().waiting] == [False, True, False]
    s.end_agent_call("talks/1")
    assert s.rung().contact == "c1"
    s.answer(s.rung().offer)
    s.end_agent_call("c1/2")
    assert s.of(CallCustomer) == [CallCustomer(C2, None)]
    assert not s.rings(), "c3 does not get the agent who is kept free"
    s.tell(CustomerReached(C2))
    assert (s.rung().agent, s.rung().contact) == ("ann", "c2")
    s.answer(s.rung().offer)
    assert s.of(Bridge)
    assert outcomes(s, "c2") == [QueueExit.ANSWERED]


def test_s24_nothing_is_announced_to_somebody_who_is_not_there_and_they_do_not_overflow(
    scene: NewScene,
) -> None:
    s = three_wait(scene, max_wait_s=60)
    s.tell(PlaceKept(C1))
    s.run_until(300)
    assert not [at for at, told in s.ever(AnnouncePosition) if told.contact == "c1" and at > 1]
    assert s.order() == ["c1"]


def test_s24_the_positions_of_others_count_those_who_are_to_be_called(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1))
    s.run_until(40)
    assert [told.position for at, told in s.ever(AnnouncePosition) if told.contact == "c3" and at > 3] == [3]


def test_s24_a_customer_who_is_not_reached_keeps_the_place_for_another_attempt(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1))
    s.end_agent_call("talks/1")
    assert s.of(CallCustomer)
    s.tell(CustomerNotReached(C1, again=True))
    assert s.rung().contact == "c2", "the agent goes on with the next"
    assert s.order() == ["c1", "c2", "c3"]
    s.answer(s.rung().offer)
    s.end_agent_call("c2/2")
    assert s.rung().contact == "c3", "c1 may not be called yet"
    s.tell(CallbackDue(C1))
    s.answer("c3/3")
    s.end_agent_call("c3/3")
    assert s.of(CallCustomer) == [CallCustomer(C1, None)]


def test_s24_a_place_is_given_up_after_the_last_attempt(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1))
    s.end_agent_call("talks/1")
    s.tell(CustomerNotReached(C1, again=False))
    assert outcomes(s, "c1") == [QueueExit.FAILED]
    assert s.rung().contact == "c2"


def test_s24_a_customer_who_calls_again_has_the_place_back(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1))
    s.run_until(100)
    s.tell(CustomerReached(C1))
    assert [told.position for told in s.of(AnnouncePosition)] == [1]
    assert s.queue().waiting[0].waited_s == 99
    s.end_agent_call("talks/1")
    assert s.rung().contact == "c1"
    assert not s.ever(CallCustomer)


def test_s24_agent_first_the_customer_is_called_when_an_agent_is_on_the_line(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1, CallFirst.AGENT))
    s.end_agent_call("talks/1")
    ring = s.rung()
    assert ring.contact == "c1"
    s.answer(ring.offer)
    assert s.of(CallCustomer) == [CallCustomer(C1, ring.offer)]
    assert not s.of(Bridge)
    s.tell(CustomerReached(C1))
    assert s.of(Bridge) == [Bridge(C1, AgentId("ann"), ring.offer)]
    assert outcomes(s, "c1") == [QueueExit.ANSWERED]


def test_agent_first_a_customer_who_is_not_reached_frees_the_agent_without_wrap_up(scene: NewScene) -> None:
    s = three_wait(scene, wrap_up_s=30)
    s.tell(PlaceKept(C1, CallFirst.AGENT))
    s.end_agent_call("talks/1")
    s.run_until(40)
    ring = s.ever(RingAgent)[-1][1]
    s.answer(ring.offer)
    s.tell(CustomerNotReached(C1, again=True))
    assert s.of(HangUpAgent) == [HangUpAgent(ring.offer)]
    s.end_agent_call(ring.offer)
    assert s.rung().contact == "c2"


def test_agent_first_an_agent_who_hangs_up_meanwhile_ends_the_call_to_the_customer(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1, CallFirst.AGENT))
    s.end_agent_call("talks/1")
    ring = s.rung()
    s.answer(ring.offer)
    s.tell(BreakStarted(AgentId("ann")))
    s.end_agent_call(ring.offer)
    assert s.of(StopCallingCustomer) == [StopCallingCustomer(C1)]
    assert s.order()[0] == "c1"


def test_s41_no_more_customers_are_called_than_agents_are_kept_free(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"wrap_up_s": 0})
    for number in range(6):
        s.enqueue(f"c{number}", callback=CallFirst.CUSTOMER)
    s.sign_in("ann", "bob")
    assert len(s.ever(CallCustomer)) == 2
    s.tell(CustomerNotReached(ContactId("c0"), again=True))
    assert [call.contact for call in s.of(CallCustomer)] == ["c2"]


def test_a_customer_who_gives_up_the_callback_stops_the_call_and_frees_the_agent(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1))
    s.end_agent_call("talks/1")
    s.hang_up("c1")
    assert s.of(StopCallingCustomer) == [StopCallingCustomer(C1)]
    assert s.rung().contact == "c2"


def test_an_agent_kept_free_who_goes_away_leaves_the_customer_to_the_next(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    s.enqueue("c1", callback=CallFirst.CUSTOMER)
    s.sign_out("ann")
    s.tell(CustomerReached(C1))
    assert s.order() == ["c1"]
    s.sign_in("bob")
    assert s.rings() == ["bob"]


def test_a_callback_waits_where_nobody_is_signed_in(scene: NewScene) -> None:
    s = scene(["ann"], sales={"no_agents": "overflow", "no_agents_after_s": 5})
    s.enqueue("c1", callback=CallFirst.CUSTOMER)
    s.run_until(86400)
    assert s.order() == ["c1"]


def test_callbacks_survive_in_a_dump(scene: NewScene) -> None:
    s = three_wait(scene)
    s.tell(PlaceKept(C1))
    s.end_agent_call("talks/1")
    again = Dispatch.restore(json.loads(json.dumps(s.dispatch.dump())))
    assert again.handle(CustomerReached(C1), 5.0) == s.dispatch.handle(CustomerReached(C1), 5.0)
