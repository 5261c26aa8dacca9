"""What a review found wrong in dispatch, each with a test that failed before it was mended."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from acd.dispatch import Dispatch
from acd.effects import (
    AgentStateChanged,
    AnnouncePosition,
    QueueStayEnded,
    ReturnToQueue,
    RingAgent,
    StopRinging,
)
from acd.event_json import NotAnEventError, event_from_json, event_to_json
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    ContactEnqueued,
    ContactLeft,
    ConversationHeld,
    LeaveReason,
    OfferFailure,
    SettingsChanged,
)
from acd.matching import KEPT_UNUSED, GroupKey, Matching
from acd.queue_places import IMPROVED_AT_ONCE
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings
from acd.skills import Requirement
from acd.state import NotAStateError
from contacts.ids import AgentId, ContactId, DeviceId, QueueId
from contacts.outcomes import QueueExit

NewScene = Callable[..., Any]
ANN, SALES = AgentId("ann"), QueueId("sales")


def outcomes(s: Any, contact: str) -> list[QueueExit]:
    return [effect.outcome for _, effect in s.ever(QueueStayEnded) if effect.contact == contact]


# 16: distinct requirements, and announcements without a bound


def cost_of_an_event(requirements: int) -> float:
    """Processor seconds per arrival and hang-up with so many distinct requirements waiting."""
    skills = {f"s{number}": 10 for number in range(40)}
    names = sorted(skills)
    dispatch = Dispatch(
        AcdSettings(
            agents=tuple(AgentSettings(name=f"a{number}", skills=skills) for number in range(50)),
            queues=(QueueSettings(name="sales", no_agents=NoAgents.WAIT, announce_every_s=0),),
        )
    )
    for number in range(requirements):
        first, rest = number % 40, number // 40
        wanted = {names[first]: 1 + rest % 10, names[(first + 1 + rest // 10) % 40]: 1}
        dispatch.handle(ContactEnqueued(ContactId(f"c{number}"), SALES, Requirement.of(wanted)), 0.0)
    began = time.process_time()
    for number in range(300):
        dispatch.handle(AgentRegistered(AgentId("a1"), DeviceId("d")), 1.0 + number)
        dispatch.handle(ContactLeft(ContactId(f"c{number}"), LeaveReason.HUNG_UP), 1.5 + number)
    return (time.process_time() - began) / 300


def test_finding_16_distinct_requirements_do_not_cost_linearly() -> None:
    few, many = cost_of_an_event(500), cost_of_an_event(5000)
    assert many < 4 * few


def test_finding_16_requirements_that_nobody_waits_with_are_dropped() -> None:
    matching = Matching(())
    for number in range(3 * KEPT_UNUSED):
        matching.group(GroupKey(QueueId(f"q{number}"), Requirement()))
    assert len(matching) <= KEPT_UNUSED


def test_finding_16_a_requirement_that_somebody_waits_with_is_kept() -> None:
    matching = Matching(())
    key = GroupKey(SALES, Requirement.of({"german": 3}))
    group = matching.group(key)
    matching.join(group)
    for number in range(2 * KEPT_UNUSED):
        matching.group(GroupKey(QueueId(f"q{number}"), Requirement()))
    assert matching.group(key) is group
    matching.leave(group)
    for number in range(2 * KEPT_UNUSED):
        matching.group(GroupKey(QueueId(f"p{number}"), Requirement()))
    assert matching.group(key) is not group


def test_finding_16_an_improvement_is_told_to_a_few_at_once_and_in_the_end_to_all(scene: NewScene) -> None:
    s = scene(["ann"], sales={"announce_improvement": True, "announce_gap_s": 10, "announce_every_s": 0})
    for number in range(1000):
        s.enqueue(f"c{number}")
    s.now = 20
    s.hang_up("c0")
    assert len(s.of(AnnouncePosition)) == IMPROVED_AT_ONCE
    s.run_until(40)
    told = {effect.contact: effect.position for at, effect in s.ever(AnnouncePosition) if at >= 20}
    assert told == {f"c{number}": number for number in range(1, 1000)}
    assert s.dispatch.next_deadline() is None


def test_finding_16_callers_far_back_hear_of_it_though_somebody_leaves_all_the_time(scene: NewScene) -> None:
    s = scene(["ann"], sales={"announce_improvement": True, "announce_gap_s": 10, "announce_every_s": 0})
    for number in range(600):
        s.enqueue(f"c{number}")
    s.run_until(20)
    for number in range(100):
        s.run_until(20 + number * 0.2)
        s.hang_up(f"c{number}")
    assert [a for at, a in s.ever(AnnouncePosition) if a.contact == "c599" and at >= 20]


# 24: ghosts


def test_finding_24_the_pause_doubles_with_every_offer_not_taken(scene: NewScene) -> None:
    s = scene(["ann"], sales={"pause_after_no_answer_s": 10, "ring_timeout_s": 15})
    s.sign_in("ann")
    s.enqueue("c1")
    s.run_until(3000)
    rung = [at for at, _ in s.ever(RingAgent)]
    # Nobody's phone says that it stopped, so here the offer's failure is told at the timeout.
    assert rung == [0.0]
    s = scene(["ann"], sales={"pause_after_no_answer_s": 10, "ring_timeout_s": 15})
    s.sign_in("ann")
    s.enqueue("c1")
    pauses = []
    for _ in range(8):
        s.fail(s.rung().offer, OfferFailure.BUSY)
        pauses.append(s.agent("ann").paused_until - s.now)
        s.run_until(s.agent("ann").paused_until)
    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600]
    assert s.agent("ann").misses == 8


def test_finding_24_an_answer_resets_the_pause(scene: NewScene) -> None:
    s = scene(["ann"], sales={"pause_after_no_answer_s": 10, "wrap_up_s": 0})
    s.sign_in("ann")
    s.enqueue("c1")
    for _ in range(3):
        s.fail(s.rung().offer, OfferFailure.BUSY)
        s.run_until(s.agent("ann").paused_until)
    ring = s.rung()
    s.answer(ring.offer)
    s.end_agent_call(ring.offer)
    s.enqueue("c2")
    s.fail(s.rung().offer, OfferFailure.BUSY)
    assert s.agent("ann").paused_until == s.now + 10


def test_finding_24_a_fresh_registration_ends_the_pause_and_a_refresh_does_not(scene: NewScene) -> None:
    s = scene(["ann"], sales={"pause_after_no_answer_s": 60})
    s.sign_in("ann")
    s.enqueue("c1")
    s.fail(s.rung().offer)
    s.tell(AgentRegistered(ANN, DeviceId("phone"), refresh=True))
    assert s.agent("ann").paused_until == 60
    s.now = 5
    s.tell(AgentRegistered(ANN, DeviceId("phone")))
    assert s.rung().contact == "c1"
    assert (s.agent("ann").paused_until, s.agent("ann").misses) == (None, 0)


def test_finding_24_an_absent_agent_holds_a_caller_for_less_and_less_of_the_time(scene: NewScene) -> None:
    s = scene(["absent"], sales={"ring_timeout_s": 15})
    s.sign_in("absent")
    s.enqueue("c1")
    held = 0.0
    while s.now < 1800:
        (stopped,) = s.of(RingAgent)
        s.run_until(s.now + 15)
        held += 15
        s.fail(stopped.offer, OfferFailure.WITHDRAWN)
        s.run_until(s.agent("absent").paused_until)
    assert held <= 0.1 * s.now


# 25 and U8: an empty queue


def test_finding_25_nobody_signed_in_ends_the_wait_at_once(scene: NewScene) -> None:
    s = scene(["ann"], sales={"no_agents": "overflow"})
    assert s.enqueue("c1") == (QueueStayEnded(ContactId("c1"), SALES, QueueExit.NOBODY, 0.0),)


def test_finding_25_signed_in_counts_not_free(scene: NewScene) -> None:
    s = scene({"talks": {"german": 5}, "other": {}}, sales={"no_agents": "overflow"})
    s.sign_in("talks", "other")
    s.serve("c1")
    s.enqueue("c2", skills={"german": 5})
    assert s.order() == ["c2"]
    s.enqueue("c3", skills={"german": 6})
    assert outcomes(s, "c3") == [QueueExit.NOBODY]


def test_u8_everybody_signs_out_while_a_caller_waits(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"no_agents": "overflow", "no_agents_after_s": 30, "wrap_up_s": 0})
    s.sign_in("ann", "bob")
    first, second = s.serve("c1"), s.serve("c2")
    s.enqueue("c3")
    s.end_agent_call(first.offer)
    s.now = 10
    s.fail(s.rung().offer)
    s.sign_out(first.agent)
    s.run_until(100)
    assert not outcomes(s, "c3"), "somebody who could take them talks"
    s.sign_out(second.agent)
    s.run_until(500)
    s.end_agent_call(second.offer)
    s.run_until(529)
    assert not outcomes(s, "c3")
    s.run_until(530)
    assert outcomes(s, "c3") == [QueueExit.NOBODY]


def test_u8_somebody_who_signs_in_again_in_time_keeps_the_callers(scene: NewScene) -> None:
    s = scene(["ann"], sales={"no_agents": "overflow", "no_agents_after_s": 30, "wrap_up_s": 0})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.enqueue("c2")
    s.sign_out("ann")
    s.end_agent_call(ring.offer)
    s.run_until(29)
    s.sign_in("ann")
    assert s.rung().contact == "c2"
    s.run_until(60)
    assert not outcomes(s, "c2")


def test_u8_a_queue_may_keep_its_callers_without_agents(scene: NewScene) -> None:
    s = scene(["ann"], sales={"no_agents": "wait"})
    s.enqueue("c1")
    s.sign_in("ann")
    s.fail(s.rung().offer)
    s.sign_out("ann")
    s.run_until(86400)
    assert s.order() == ["c1"]


def test_u8_a_thousand_callers_leave_a_few_at_a_time(scene: NewScene) -> None:
    s = scene(["ann"], sales={"no_agents": "overflow", "no_agents_after_s": 30})
    s.sign_in("ann")
    for number in range(1000):
        s.enqueue(f"c{number}")
    s.sign_out("ann")
    s.fail("c0/1")
    s.run_until(60)
    assert s.order() == []
    per_moment = [at for at, _ in s.ever(QueueStayEnded)]
    assert max(per_moment.count(at) for at in set(per_moment)) <= 50


# 6 and 18: agents who drop, callers who are taken elsewhere


def test_finding_06_a_lost_agent_gives_the_caller_back_before_everybody_else(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"wrap_up_s": 30})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.now = 50
    s.enqueue("urgent", priority=9)
    s.now = 60
    s.tell(AgentCallEnded(ring.offer, lost=True))
    assert s.of(ReturnToQueue) == [ReturnToQueue(ContactId("c1"))]
    assert s.order() == ["c1", "urgent"]
    assert s.queue().waiting[0].waited_s == 60, "the age they have"
    s.sign_in("bob")
    assert (s.rung().agent, s.rung().contact) == ("bob", "c1")
    s.answer(s.rung().offer)
    assert outcomes(s, "c1") == [QueueExit.ANSWERED, QueueExit.ANSWERED]


def test_finding_06_a_lost_agent_gets_no_offer_until_a_phone_registers_anew(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.tell(AgentCallEnded(ring.offer, lost=True))
    assert s.state("ann") == "offline"
    s.run_until(3600)
    assert len(s.ever(RingAgent)) == 1
    s.tell(AgentRegistered(ANN, DeviceId("phone"), refresh=True))
    assert s.rung().contact == "c1"


def test_finding_06_an_agent_who_hangs_up_ends_the_conversation(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.end_agent_call(ring.offer)
    assert not s.of(ReturnToQueue)
    assert s.order() == []


def test_finding_06_a_caller_given_back_has_the_whole_longest_wait_again(scene: NewScene) -> None:
    s = scene(["ann"], sales={"max_wait_s": 60})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.run_until(300)
    s.tell(AgentCallEnded(ring.offer, lost=True))
    s.run_until(359)
    assert s.order() == ["c1"]
    s.run_until(360)
    assert outcomes(s, "c1") == [QueueExit.ANSWERED, QueueExit.OVERFLOWED]


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (LeaveReason.HUNG_UP, QueueExit.ABANDONED),
        (LeaveReason.TRANSFERRED, QueueExit.TRANSFERRED),
        (LeaveReason.PULLED, QueueExit.TRANSFERRED),
        (LeaveReason.FAILED, QueueExit.FAILED),
    ],
)
def test_finding_18_how_a_caller_left_is_how_the_wait_is_recorded(
    scene: NewScene, reason: LeaveReason, outcome: QueueExit
) -> None:
    s = scene(["ann"])
    s.enqueue("c1")
    s.now = 20
    s.tell(ContactLeft(ContactId("c1"), reason))
    assert outcomes(s, "c1") == [outcome]


def test_who_hangs_up_within_seconds_is_counted_apart(scene: NewScene) -> None:
    s = scene(["ann"], sales={"short_abandon_s": 5})
    s.enqueue("c1")
    s.enqueue("c2")
    s.now = 4.9
    s.hang_up("c1")
    s.now = 5
    s.hang_up("c2")
    assert outcomes(s, "c1") == [QueueExit.SHORT_ABANDONED]
    assert outcomes(s, "c2") == [QueueExit.ABANDONED]


# U9: who waits and who talks


def test_u9_the_snapshot_shows_who_talks_and_who_is_on_hold(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    ring = s.serve("c1")
    s.now = 7
    s.tell(ConversationHeld(ring.offer, held=True))
    (talking,) = s.dispatch.snapshot(s.now).talking
    assert (talking.contact, talking.agent, talking.queue, talking.since) == ("c1", "ann", "sales", 0)
    assert talking.held
    assert s.agent("ann").held
    s.tell(ConversationHeld(ring.offer, held=False))
    assert not s.agent("ann").held


# Settings that change


def test_a_new_agent_takes_who_waits_already(scene: NewScene) -> None:
    s = scene({"ann": {}})
    s.enqueue("c1")
    s.tell(changed(agents=("ann", "bob")))
    s.sign_in("bob")
    assert (s.rung().agent, s.rung().contact) == ("bob", "c1")


def test_a_skill_that_an_agent_got_counts_for_callers_who_wait(scene: NewScene) -> None:
    s = scene({"ann": {}, "bob": {"german": 5}})
    s.sign_in("ann")
    s.enqueue("c1", skills={"german": 3})
    assert not s.of(RingAgent)
    settings = AcdSettings(
        agents=(AgentSettings(name="ann", skills={"german": 3}),), queues=(QueueSettings(name="sales"),)
    )
    s.now = 30
    s.tell(SettingsChanged(settings))
    assert (s.rung().agent, s.rung().contact) == ("ann", "c1")
    assert s.queue().waiting[0].waited_s == 30


def test_callers_of_a_queue_that_is_gone_overflow_and_who_talks_goes_on(scene: NewScene) -> None:
    s = scene(["ann", "bob"], old={}, sales={"wrap_up_s": 0})
    s.sign_in("ann")
    talking = s.serve("c1", "old")
    s.enqueue("c2", "old")
    s.enqueue("c3", "sales")
    s.tell(changed(agents=("ann", "bob")))
    assert outcomes(s, "c2") == [QueueExit.OVERFLOWED]
    assert s.state("ann") == "talking"
    s.end_agent_call(talking.offer)
    s.run_until(10)
    assert s.rung().contact == "c3"


def test_a_caller_rung_for_from_a_queue_that_is_gone_overflows_and_the_phone_stops(scene: NewScene) -> None:
    s = scene(["ann"], old={}, sales={})
    s.sign_in("ann")
    s.enqueue("c1", "old")
    ring = s.rung()
    s.tell(changed())
    assert s.of(StopRinging) == [StopRinging(ring.offer)]
    assert outcomes(s, "c1") == [QueueExit.OVERFLOWED]


def test_an_agent_who_is_gone_ends_their_call_and_is_forgotten(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"wrap_up_s": 30})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.enqueue("c2")
    s.tell(changed(agents=("bob",)))
    assert s.state("ann") == "talking"
    s.end_agent_call(ring.offer)
    assert [agent.agent for agent in s.dispatch.snapshot(s.now).agents] == ["bob"]
    s.sign_out("ann")
    assert s.effects == ()
    s.run_until(60)
    s.sign_in("bob")
    assert s.rung().contact == "c2"


def test_a_caller_for_whom_a_gone_agent_was_rung_goes_to_another(scene: NewScene) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("ann", "bob")
    s.enqueue("c1")
    ring = s.rung()
    s.tell(changed(agents=("bob",)))
    assert s.of(StopRinging) == [StopRinging(ring.offer)]
    assert s.rung().agent == "bob"
    s.fail(ring.offer, OfferFailure.WITHDRAWN)


def test_a_longest_wait_that_was_shortened_counts_for_callers_who_wait(scene: NewScene) -> None:
    s = scene(["ann"], sales={"max_wait_s": 600})
    s.enqueue("c1")
    s.run_until(100)
    s.tell(changed(sales={"max_wait_s": 60}))
    assert outcomes(s, "c1") == [QueueExit.OVERFLOWED]


def test_the_same_settings_again_change_nothing(scene: NewScene) -> None:
    s = scene(["ann", "bob"])
    s.sign_in("ann")
    s.serve("c1")
    s.enqueue("c2")
    before = s.dispatch.snapshot(s.now)
    s.tell(changed(agents=("ann", "bob")))
    assert s.effects == ()
    assert s.dispatch.snapshot(s.now) == before


def changed(agents: tuple[str, ...] = ("ann",), **queues: dict[str, Any]) -> SettingsChanged:
    options = {"sales": {}, **queues}
    return SettingsChanged(
        AcdSettings(
            agents=tuple(AgentSettings(name=name) for name in agents),
            queues=tuple(
                QueueSettings(name=name, **{"no_agents": "wait", **each}) for name, each in options.items()
            ),
        )
    )


# What is kept


def test_a_dump_is_plain_json_and_deciding_goes_on_from_it(scene: NewScene) -> None:
    s = scene(["ann", "bob"], sales={"wrap_up_s": 20, "max_wait_s": 100})
    s.sign_in("ann", "bob")
    ring = s.serve("c1")
    s.enqueue("c2")
    s.enqueue("c3", priority=2)
    restored = Dispatch.restore(json.loads(json.dumps(s.dispatch.dump())))
    assert restored.snapshot(5.0) == s.dispatch.snapshot(5.0)
    assert restored.handle(AgentCallEnded(ring.offer), 5.0) == s.dispatch.handle(
        AgentCallEnded(ring.offer), 5.0
    )


@pytest.mark.parametrize(
    "broken", [{}, {"version": 1}, {"contacts": 3}], ids=["empty", "nothing else", "a number"]
)
def test_what_is_no_dump_is_refused(scene: NewScene, broken: dict[str, object]) -> None:
    with pytest.raises(NotAStateError):
        Dispatch.restore(broken)
    whole = scene(["ann"]).dispatch.dump()
    with pytest.raises(NotAStateError):
        Dispatch.restore({**whole, "version": 99})


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(NotAnEventError):
        event_from_json({"event": "no such thing"})
    with pytest.raises(NotAnEventError):
        event_from_json(7)


def test_an_event_names_itself_in_its_json_form() -> None:
    event = ContactEnqueued(ContactId("c1"), SALES, Requirement.of({"german": 3}), priority=2)
    plain = event_to_json(event)
    assert plain["event"] == "contact enqueued"
    assert json.loads(json.dumps(plain))["requirement"] == {"levels": [["german", 3]]}
    assert event_from_json(plain) == event


def test_states_of_a_lost_agent_lead_back_only_by_a_registration(scene: NewScene) -> None:
    s = scene(["ann"], sales={"wrap_up_s": 0})
    s.sign_in("ann")
    ring = s.serve("c1")
    s.tell(AgentCallEnded(ring.offer, lost=True))
    s.sign_out("ann")
    s.sign_in("ann")
    causes = [effect.cause.value for _, effect in s.ever(AgentStateChanged)]
    assert causes[-3:] == ["call ended", "registered", "offered"]


def test_callers_whose_last_agent_the_settings_dropped_leave_after_a_while(scene: NewScene) -> None:
    s = scene({"ann": {}, "bob": {}}, sales={"no_agents": "overflow", "no_agents_after_s": 30})
    s.sign_in("ann")
    s.serve("c1")
    s.enqueue("c2")
    s.tell(changed(agents=("bob",), sales={"no_agents": "overflow", "no_agents_after_s": 30}))
    s.run_until(29)
    assert s.order() == ["c2"]
    s.run_until(30)
    assert outcomes(s, "c2") == [QueueExit.NOBODY]
