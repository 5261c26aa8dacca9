"""An agent's state follows from what their devices and calls do."""

from collections.abc import Callable
from typing import Any

import pytest

from acd.agent_registry import NotConfiguredError
from acd.dispatch import Dispatch
from acd.effects import RingAgent
from acd.events import (
    AgentRegistered,
    BreakEnded,
    BreakStarted,
    ContactEnqueued,
    OtherCallEnded,
    OtherCallStarted,
    WrapUpDone,
)
from acd.queue_places import ContactAlreadyHereError
from acd.settings import AcdSettings, QueueSettings
from contacts.ids import AgentId, CallId, ContactId, DeviceId, QueueId

ANN, PRIVATE = AgentId("ann"), CallId("private")
NewScene = Callable[..., Any]


def test_an_agent_with_two_devices_is_offline_when_the_last_is_gone(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann", device="desk")
    s.sign_in("ann", device="softphone")
    s.sign_out("ann", device="desk")
    assert s.state("ann") == "available"
    s.sign_out("ann", device="softphone")
    assert s.state("ann") == "offline"


def test_a_refreshed_registration_changes_nothing(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.now = 60
    s.sign_in("ann")
    assert s.effects == ()
    assert s.agent("ann").since == 0


def test_an_agent_whose_binding_expires_talks_on_until_the_call_ends(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    ring = s.serve("c1")
    s.sign_out("ann")
    assert s.state("ann") == "talking"
    s.end_agent_call(ring.offer)
    assert s.state("ann") == "offline"


def test_wrap_up_goes_on_after_a_short_loss_of_the_binding(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 30})
    s.sign_in("ann")
    s.end_agent_call(s.serve("c1").offer)
    s.sign_out("ann")
    assert s.state("ann") == "offline"
    s.sign_in("ann")
    assert s.state("ann") == "wrap-up"
    s.run_until(30)
    assert s.state("ann") == "available"


def test_a_break_asked_for_while_talking_starts_after_the_wrap_up(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 10})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.tell(BreakStarted(ANN, "lunch"))
    assert s.state("ann") == "talking"
    s.end_agent_call(ring.offer)
    assert s.state("ann") == "wrap-up"
    s.run_until(10)
    assert s.state("ann") == "break"
    assert s.agent("ann").facts.break_reason == "lunch"


def test_a_break_asked_for_and_given_up_while_talking_never_happens(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.tell(BreakStarted(ANN))
    s.tell(BreakEnded(ANN))
    s.end_agent_call(ring.offer)
    assert s.state("ann") == "available"


def test_an_agent_on_a_break_is_not_rung_until_it_ends(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.tell(BreakStarted(ANN))
    s.enqueue("c1")
    s.run_until(100)
    assert not s.ever(RingAgent)
    s.tell(BreakEnded(ANN))
    assert s.rung().contact == "c1"


def test_a_call_outside_the_queue_makes_an_agent_busy(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.tell(OtherCallStarted(ANN, PRIVATE))
    assert s.state("ann") == "talking"
    s.enqueue("c1")
    assert not s.of(RingAgent)
    s.tell(OtherCallEnded(ANN, PRIVATE))
    assert s.rung().contact == "c1"


def test_an_agent_is_busy_until_the_last_of_their_calls_ends(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.tell(OtherCallStarted(ANN, CallId("consultation")))
    s.end_agent_call(ring.offer)
    assert s.state("ann") == "talking"
    s.tell(OtherCallEnded(ANN, CallId("consultation")))
    assert s.state("ann") == "available"


def test_no_wrap_up_where_the_queue_has_none(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    s.end_agent_call(s.serve("c1").offer)
    assert s.state("ann") == "available"
    assert s.dispatch.next_deadline() is None


def test_wrap_up_is_that_of_the_contacts_queue(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 5}, support={"wrap_up_s": 50})
    s.sign_in("ann")
    s.end_agent_call(s.serve("c1", "support").offer)
    s.run_until(49)
    assert s.state("ann") == "wrap-up"
    s.run_until(50)
    assert s.state("ann") == "available"


def test_an_agent_may_end_their_wrap_up_early_and_gets_the_next_caller(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 30})
    s.sign_in("ann")
    s.end_agent_call(s.serve("c1").offer)
    s.enqueue("c2")
    s.now = 3
    s.tell(WrapUpDone(ANN))
    assert s.rung().contact == "c2"
    s.answer(s.rung().offer)
    s.run_until(31)
    assert s.state("ann") == "talking"


def test_an_agent_or_queue_that_is_not_configured_is_refused() -> None:
    dispatch = Dispatch(AcdSettings(queues=(QueueSettings(name="sales"),)))
    with pytest.raises(NotConfiguredError, match="'ghost'"):
        dispatch.handle(AgentRegistered(AgentId("ghost"), DeviceId("phone")), 0.0)
    with pytest.raises(NotConfiguredError, match="'nowhere'"):
        dispatch.handle(ContactEnqueued(ContactId("c1"), QueueId("nowhere")), 0.0)


def test_a_caller_is_in_one_place(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0}, support={})
    s.enqueue("c1")
    with pytest.raises(ContactAlreadyHereError):
        s.enqueue("c1", "support")
    s.sign_in("ann")
    s.answer(s.rung().offer)
    with pytest.raises(ContactAlreadyHereError):
        s.enqueue("c1", "support")
    s.end_agent_call("c1/1")
    s.enqueue("c1", "support")
    assert s.order("support") == ["c1"]
