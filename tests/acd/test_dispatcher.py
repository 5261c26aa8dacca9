"""The shell: orders reach the ports, reports come back, the timer rings by itself."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.agent_registry import NotConfiguredError
from acd.dispatch import Dispatch
from acd.dispatcher import Dispatcher
from acd.effects import Effect, RingAgent
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    BreakEnded,
    BreakStarted,
    ContactEnqueued,
    ContactLeft,
    Event,
    LeaveReason,
    OfferAnswered,
    OfferFailed,
    OfferFailure,
    TimePassed,
)
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings
from acd.skills import Requirement
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId
from contacts.outcomes import QueueExit
from tests.patience import PATIENCE_S

ANN, BOB = AgentId("ann"), AgentId("bob")
C1, C2, SALES = ContactId("c1"), ContactId("c2"), QueueId("sales")


class Ports:
    """Phones, waiting room and ledger in one; remembers orders; `on_ring` is what the phones do at once."""

    def __init__(self) -> None:
        self.orders: list[tuple[Any, ...]] = []
        self.decisions: list[tuple[Event, tuple[Effect, ...]]] = []
        self.on_ring: Callable[[OfferId], None] = lambda offer: None
        self.overflowed = asyncio.Event()

    def ring(self, offer: OfferId, agent: AgentId, contact: ContactId, timeout_s: float) -> None:
        self.orders.append(("ring", offer, agent, contact, timeout_s))
        self.on_ring(offer)

    def stop_ringing(self, offer: OfferId) -> None:
        self.orders.append(("stop", offer))

    def hang_up(self, offer: OfferId) -> None:
        self.orders.append(("hang up", offer))

    def announce_position(self, contact: ContactId, position: int, of: int) -> None:
        self.orders.append(("announce", contact, position, of))

    def bridge(self, contact: ContactId, agent: AgentId, offer: OfferId) -> None:
        self.orders.append(("bridge", contact, agent, offer))

    def return_to_queue(self, contact: ContactId) -> None:
        self.orders.append(("return", contact))

    def call_customer(self, contact: ContactId, offer: OfferId | None) -> None:
        self.orders.append(("call customer", contact, offer))

    def stop_calling_customer(self, contact: ContactId) -> None:
        self.orders.append(("stop calling", contact))

    def left(self, contact: ContactId, queue: QueueId, how: QueueExit, waited_s: float) -> None:
        self.orders.append(("left", contact, how))
        if how is QueueExit.OVERFLOWED:
            self.overflowed.set()

    def decided(self, event: Event, effects: tuple[Effect, ...], now: float) -> None:
        self.decisions.append((event, effects))


@pytest.fixture
def ports() -> Ports:
    return Ports()


@pytest.fixture
async def dispatcher(ports: Ports) -> Dispatcher:
    settings = AcdSettings(
        agents=(AgentSettings(name="ann", display="Ann"), AgentSettings(name="bob")),
        queues=(QueueSettings(name="sales", wrap_up_s=0, ring_timeout_s=15, no_agents=NoAgents.WAIT),),
    )
    return Dispatcher(settings, ports, ports, ports)


async def test_a_contact_is_announced_rung_and_bridged(dispatcher: Dispatcher, ports: Ports) -> None:
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    dispatcher.post(ContactEnqueued(C1, SALES))
    offer = OfferId("c1/1")
    dispatcher.post(OfferAnswered(offer))
    dispatcher.post(ContactLeft(C1, LeaveReason.HUNG_UP))
    assert ports.orders == [
        ("announce", C1, 1, 1),
        ("ring", offer, ANN, C1, 15),
        ("bridge", C1, ANN, offer),
        ("left", C1, QueueExit.ANSWERED),
        ("hang up", offer),
    ]
    dispatcher.post(AgentCallEnded(offer))
    assert [agent.state.value for agent in dispatcher.snapshot().agents] == ["available", "offline"]


async def test_a_caller_who_leaves_and_one_whom_nobody_can_serve_reach_the_ports(
    dispatcher: Dispatcher, ports: Ports
) -> None:
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    dispatcher.post(ContactEnqueued(C1, SALES))
    dispatcher.post(ContactLeft(C1, LeaveReason.HUNG_UP))
    dispatcher.post(ContactEnqueued(C2, SALES, Requirement.of({"german": 1})))
    assert ports.orders[2:] == [
        ("stop", OfferId("c1/1")),
        ("left", C1, QueueExit.SHORT_ABANDONED),
        ("left", C2, QueueExit.NOBODY),
    ]


async def test_a_failure_reported_from_inside_the_order_to_ring_is_decided_next(
    dispatcher: Dispatcher, ports: Ports
) -> None:
    ports.on_ring = lambda offer: dispatcher.post(OfferFailed(offer, OfferFailure.UNREACHABLE))
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    dispatcher.post(AgentRegistered(BOB, DeviceId("phone")))
    dispatcher.post(ContactEnqueued(C1, SALES))
    assert [order[2] for order in ports.orders if order[0] == "ring"] == [ANN, BOB]
    assert [waiting.rings for waiting in dispatcher.snapshot().queues[0].waiting] == [()]


async def test_the_timer_rings_by_itself(dispatcher: Dispatcher, ports: Ports) -> None:
    dispatcher.post(ContactEnqueued(C1, SALES, max_wait_s=0.02))
    await asyncio.wait_for(ports.overflowed.wait(), PATIENCE_S)
    assert dispatcher.snapshot().queues[0].waiting == ()


async def test_a_stopped_floor_leaves_no_timer(dispatcher: Dispatcher, ports: Ports) -> None:
    dispatcher.post(ContactEnqueued(C1, SALES, max_wait_s=0.01))
    dispatcher.stop()
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ports.overflowed.wait(), 0.05)


async def test_phones_that_raise_count_as_an_unreachable_agent(dispatcher: Dispatcher, ports: Ports) -> None:
    def broken(offer: OfferId) -> None:
        if len([order for order in ports.orders if order[0] == "ring"]) == 1:
            raise RuntimeError("no such line")

    ports.on_ring = broken
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    dispatcher.post(AgentRegistered(BOB, DeviceId("phone")))
    with capture_logs() as logs:
        dispatcher.post(ContactEnqueued(C1, SALES))
    assert [order[2] for order in ports.orders if order[0] == "ring"] == [ANN, BOB]
    assert ("acd.order_failed", "RingAgent") in {(line["event"], line.get("order")) for line in logs}


async def test_a_name_that_is_not_configured_is_refused_to_whoever_posted_it(dispatcher: Dispatcher) -> None:
    with pytest.raises(NotConfiguredError):
        dispatcher.post(ContactEnqueued(C1, QueueId("nowhere")))
    dispatcher.post(ContactEnqueued(C1, SALES))
    assert [waiting.contact for waiting in dispatcher.snapshot().queues[0].waiting] == [C1]


async def test_the_ledgers_events_alone_decide_the_same_again(dispatcher: Dispatcher, ports: Ports) -> None:
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    dispatcher.post(ContactEnqueued(C1, SALES))
    dispatcher.post(OfferFailed(OfferId("c1/1"), OfferFailure.BUSY))
    dispatcher.post(TimePassed())
    again = Dispatch(
        AcdSettings(
            agents=(AgentSettings(name="ann"), AgentSettings(name="bob")),
            queues=(QueueSettings(name="sales", wrap_up_s=0, ring_timeout_s=15, no_agents=NoAgents.WAIT),),
        )
    )
    orders = [[type(e) for e in again.handle(event, 0.0)] for event, _ in ports.decisions]
    assert orders == [[type(e) for e in effects] for _, effects in ports.decisions]
    assert any(RingAgent in kinds for kinds in orders)


async def test_the_snapshot_shows_display_names(dispatcher: Dispatcher) -> None:
    assert [agent.display for agent in dispatcher.snapshot().agents] == ["Ann", "bob"]


async def test_u7_a_break_is_started_and_ended_by_name(dispatcher: Dispatcher, ports: Ports) -> None:
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    dispatcher.post(BreakStarted(ANN, "lunch"))
    (ann, _) = dispatcher.snapshot().agents
    assert (ann.state.value, ann.break_reason) == ("break", "lunch")
    dispatcher.post(ContactEnqueued(C1, SALES))
    assert not [order for order in ports.orders if order[0] == "ring"]
    dispatcher.post(BreakEnded(ANN))
    assert [order[2] for order in ports.orders if order[0] == "ring"] == [ANN]


async def test_u7_a_break_of_nobody_is_an_error(dispatcher: Dispatcher) -> None:
    with pytest.raises(NotConfiguredError):
        dispatcher.post(BreakStarted(AgentId("nobody"), "lunch"))


async def test_settings_are_applied_while_somebody_waits(dispatcher: Dispatcher, ports: Ports) -> None:
    dispatcher.post(ContactEnqueued(C1, SALES))
    dispatcher.apply(AcdSettings(agents=(AgentSettings(name="cem"),), queues=(QueueSettings(name="sales"),)))
    dispatcher.post(AgentRegistered(AgentId("cem"), DeviceId("phone")))
    assert [order[2] for order in ports.orders if order[0] == "ring"] == [AgentId("cem")]
    again = Dispatch.restore(dispatcher.dump())
    assert [waiting.contact for waiting in again.snapshot(0.0).queues[0].waiting] == [C1]


async def test_a_caller_who_is_to_join_a_queue_that_is_gone_hears_of_it_whenever_they_were_told(
    dispatcher: Dispatcher, ports: Ports
) -> None:
    """At once as an error, or, posted while something is being decided, as the end of the stay."""
    nowhere = ContactEnqueued(C2, QueueId("gone"))
    with pytest.raises(NotConfiguredError):
        dispatcher.post(nowhere)
    ports.on_ring = lambda offer: dispatcher.post(nowhere)
    dispatcher.post(AgentRegistered(ANN, DeviceId("phone")))
    dispatcher.post(ContactEnqueued(C1, SALES))
    assert ("left", C2, QueueExit.FAILED) in ports.orders
    assert [waiting.contact for waiting in dispatcher.snapshot().queues[0].waiting] == [C1]
