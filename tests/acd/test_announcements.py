"""What callers are told while they wait, and how long they may."""

from collections.abc import Callable
from typing import Any

from acd.effects import AnnouncePosition, QueueStayEnded, RingAgent
from contacts.ids import ContactId, QueueId
from contacts.outcomes import QueueExit

C1, SALES = ContactId("c1"), QueueId("sales")
NewScene = Callable[..., Any]


def told(s: Any, contact: str) -> list[tuple[float, int, int]]:
    return [(at, a.position, a.of) for at, a in s.ever(AnnouncePosition) if a.contact == contact]


def test_the_position_is_told_on_joining_and_at_every_interval(scene: NewScene) -> None:
    s = scene(["ann"], sales={"announce_every_s": 30})
    s.enqueue("c1")
    s.now = 1
    s.enqueue("c2")
    s.run_until(70)
    assert told(s, "c1") == [(0, 1, 1), (30, 1, 2), (60, 1, 2)]
    assert told(s, "c2") == [(1, 2, 2), (31, 2, 2), (61, 2, 2)]


def test_a_flow_may_ask_for_another_interval_than_the_queue_has(scene: NewScene) -> None:
    s = scene(["ann"], sales={"announce_every_s": 30})
    s.enqueue("often", announce_every_s=10)
    s.enqueue("once", announce_every_s=0)
    s.run_until(35)
    assert [at for at, _, _ in told(s, "often")] == [0, 10, 20, 30]
    assert [at for at, _, _ in told(s, "once")] == [0]


def test_the_position_is_told_before_an_agent_is_rung_at_once(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.enqueue("c1")
    assert type(s.effects[0]) is AnnouncePosition
    assert s.rung().contact == "c1"


def test_a_higher_priority_goes_ahead_in_the_position_too(scene: NewScene) -> None:
    s = scene(["ann"])
    s.enqueue("c1")
    s.enqueue("vip", priority=1)
    s.run_until(30)
    assert told(s, "vip") == [(0, 1, 2), (30, 1, 2)]
    assert told(s, "c1")[1] == (30, 2, 2)


def test_positions_are_counted_per_queue(scene: NewScene) -> None:
    s = scene(["ann"], sales={}, support={})
    s.enqueue("c1", "sales")
    s.enqueue("c2", "support")
    assert told(s, "c2") == [(0, 1, 1)]


def test_a_caller_for_whom_an_agent_rings_keeps_their_position(scene: NewScene) -> None:
    s = scene(["ann"], sales={"ring_timeout_s": 60})
    s.sign_in("ann")
    s.enqueue("c1")
    s.enqueue("c2")
    s.run_until(30)
    assert told(s, "c1")[-1] == (30, 1, 2)
    assert told(s, "c2")[-1] == (30, 2, 2)


def test_no_announcement_after_the_answer(scene: NewScene) -> None:
    s = scene(["ann"])
    s.sign_in("ann")
    s.serve("c1")
    s.run_until(300)
    assert told(s, "c1") == [(0, 1, 1)]


def test_an_interval_of_zero_tells_the_position_only_on_joining(scene: NewScene) -> None:
    s = scene(["ann"], sales={"announce_every_s": 0})
    s.enqueue("c1")
    assert s.dispatch.next_deadline() is None


def test_an_improved_position_is_told_where_configured(scene: NewScene) -> None:
    s = scene(["ann"], sales={"announce_improvement": True, "announce_gap_s": 10})
    for contact in ("c1", "c2", "c3"):
        s.enqueue(contact)
    s.now = 12
    s.hang_up("c2")
    assert told(s, "c3")[-1] == (12, 2, 2)
    assert told(s, "c1") == [(0, 1, 1)]
    s.now = 14
    s.hang_up("c1")
    assert told(s, "c3")[-1] == (12, 2, 2), "they heard a position two seconds ago"
    s.run_until(42)
    assert told(s, "c3")[-1] == (42, 1, 1), "the interval starts anew with every announcement"


def test_an_improved_position_is_not_told_where_not_configured(scene: NewScene) -> None:
    s = scene(["ann"])
    s.enqueue("c1")
    s.enqueue("c2")
    s.now = 20
    s.hang_up("c1")
    assert told(s, "c2") == [(0, 2, 2)]


def test_a_caller_overflows_after_the_queues_longest_wait(scene: NewScene) -> None:
    s = scene(["ann"], sales={"max_wait_s": 60})
    s.enqueue("c1")
    s.run_until(59)
    assert not s.overflowed()
    s.run_until(60)
    assert s.effects[-1:] == (QueueStayEnded(C1, SALES, QueueExit.OVERFLOWED, 60.0),)
    s.sign_in("ann")
    assert not s.ever(RingAgent)


def test_a_contacts_own_longest_wait_replaces_the_queues(scene: NewScene) -> None:
    s = scene(["ann"], sales={"max_wait_s": 60})
    s.enqueue("c1", max_wait_s=5)
    s.run_until(5)
    assert s.overflowed() == ["c1"]


def test_the_snapshot_shows_who_waits_for_how_long_and_whom_an_agent_is_rung_for(scene: NewScene) -> None:
    s = scene({"ann": {"a": 1}, "bob": {}})
    s.enqueue("c1")
    s.now = 4
    s.enqueue("c2", skills={"a": 1})
    s.now = 5
    s.sign_in("bob")
    s.now = 10
    queue = s.queue()
    assert [(w.contact, w.position, w.waited_s, w.rings) for w in queue.waiting] == [
        ("c1", 1, 10, ("bob",)),
        ("c2", 2, 6, ()),
    ]
    assert queue.longest_wait_s == 10
    assert s.agent("bob").contact == "c1"
    assert s.agent("bob").since == 5
