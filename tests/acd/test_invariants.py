"""What no order of events can break, tried with random ones.

The machine keeps its own books (devices, legs, breaks, wrap-ups, stays in queues). It fills them only with
what it told dispatch and what dispatch ordered, and compares after every event.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from acd.agent_state import AgentState, derive
from acd.dispatch import Dispatch
from acd.effects import (
    AgentStateChanged,
    AnnouncePosition,
    Bridge,
    Effect,
    HangUpAgent,
    QueueStayEnded,
    ReturnToQueue,
    RingAgent,
    Rule,
    StopRinging,
)
from acd.event_json import event_from_json, event_to_json
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    AgentUnregistered,
    BreakEnded,
    BreakStarted,
    ContactEnqueued,
    ContactLeft,
    Event,
    LeaveReason,
    OfferAnswered,
    OfferFailed,
    OfferFailure,
    OtherCallEnded,
    OtherCallStarted,
    SettingsChanged,
    TimePassed,
    WrapUpDone,
)
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings
from acd.skills import Requirement
from contacts.ids import AgentId, CallId, ContactId, DeviceId, OfferId, QueueId
from contacts.outcomes import QueueExit

AGENTS: dict[str, dict[str, int]] = {
    "all": {"german": 9, "billing": 9},
    "german-2": {"german": 2},
    "german-3": {"german": 3, "billing": 1},
    "billing": {"billing": 5},
    "plain": {},
}
# The same agents after a course, and after all have forgotten something.
SKILLS = (
    AGENTS,
    {name: {**skills, "german": 3} for name, skills in AGENTS.items()},
    {name: {"billing": skills.get("billing", 1)} for name, skills in AGENTS.items()} | {"all": {"german": 2}},
)
QUEUES = (
    QueueSettings(
        name="open",
        no_agents=NoAgents.WAIT,
        wrap_up_s=0,
        ring_timeout_s=4,
        pause_after_no_answer_s=3,
        announce_improvement=True,
    ),
    QueueSettings(name="german", skills={"german": 2}, wrap_up_s=5, max_wait_s=20, ring_timeout_s=6),
    QueueSettings(
        name="billing", skills={"billing": 1}, wrap_up_s=2, announce_every_s=0, pause_after_no_answer_s=8
    ),
)
WRAP_UP_S = {queue.name: queue.wrap_up_s for queue in QUEUES}
DEMANDS: tuple[dict[str, int], ...] = (
    {},
    {"german": 3},
    {"billing": 5},
    {"german": 3, "billing": 1},
    {"german": 10},
)
CONTACTS = tuple(f"c{number}" for number in range(9))

agents = st.sampled_from(sorted(AGENTS))
elapsed = st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 17.0])


@dataclass
class AgentBook:
    devices: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    on_break: bool = False
    wrap_up_until: float | None = None
    ringing: str | None = None
    talking: str | None = None
    turn: int = 0
    lost: bool = False

    def state(self) -> AgentState:
        if self.talking or self.calls:
            return AgentState.TALKING
        if self.ringing:
            return AgentState.RINGING
        if self.lost or not self.devices:
            return AgentState.OFFLINE
        if self.wrap_up_until is not None:
            return AgentState.WRAP_UP
        return AgentState.BREAK if self.on_break else AgentState.AVAILABLE


@dataclass
class Stay:
    """A contact's time in one queue."""

    contact: str
    queue: str
    demand: dict[str, int]
    rank: tuple[int, int, float, int]
    since: float
    offer: str | None = None


@dataclass
class OfferBook:
    agent: str
    contact: str
    queue: str
    withdrawn: bool = False
    caller_left: bool = False
    bridged: bool = False


def configured(skills: dict[str, dict[str, int]]) -> AcdSettings:
    agents = tuple(AgentSettings(name=name, skills=levels) for name, levels in skills.items())
    return AcdSettings(agents=agents, queues=QUEUES)


class AnyOrderOfEvents(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.skills = AGENTS
        self.dispatch = Dispatch(configured(AGENTS))
        self.now = 0.0
        self.seen = self.dispatch.snapshot(self.now)
        self.agents = {name: AgentBook() for name in AGENTS}
        self.stays: dict[str, Stay] = {}
        self.conversations: dict[str, str] = {}
        self.offers: dict[str, OfferBook] = {}
        self.talking: dict[str, Stay] = {}
        self.enqueued = 0
        self.arrivals = 0
        self.outcomes: Counter[QueueExit] = Counter()
        self.turns = 0
        self.keeps_turn: str | None = None
        self.restored: Dispatch | None = None

    def tell(self, event: Event, elapsed_s: float = 0.0) -> None:
        free_before = self.free_agents()
        self.now += elapsed_s
        effects = self.dispatch.handle(event, self.now)
        if self.restored is not None:
            told = event_from_json(json.loads(json.dumps(event_to_json(event))))
            assert self.restored.handle(told, self.now) == effects
            assert self.restored.next_deadline() == self.dispatch.next_deadline()
        self.seen = self.dispatch.snapshot(self.now)
        for book in self.agents.values():
            if book.wrap_up_until is not None and book.wrap_up_until <= self.now:
                book.wrap_up_until = None
        for effect in effects:
            self.follow(effect)
            if (
                isinstance(event, ContactEnqueued)
                and isinstance(effect, RingAgent)
                and effect.contact == event.contact
                and effect.decision.rule is Rule.LONGEST_IDLE
            ):
                demand = self.stays[event.contact].demand
                candidates = [agent for agent in free_before if self.qualifies(agent, demand)]
                assert effect.agent == min(candidates, key=lambda agent: self.agents[agent].turn)
        self.keeps_turn = None
        assert (deadline := self.dispatch.next_deadline()) is None or deadline > self.now

    def qualifies(self, agent: str, demand: dict[str, int]) -> bool:
        return all(self.skills[agent].get(skill, 0) >= level for skill, level in demand.items())

    def free_agents(self) -> list[str]:
        statuses = self.seen.agents
        return [s.agent for s in statuses if s.state is AgentState.AVAILABLE and s.paused_until is None]

    def follow(self, effect: Effect) -> None:
        match effect:
            case RingAgent(offer, agent, contact):
                self.follow_ring(offer, agent, contact)
            case StopRinging(offer):
                self.follow_stop(offer)
            case AgentStateChanged(agent, _, AgentState.AVAILABLE) if agent != self.keeps_turn:
                self.turns += 1
                self.agents[agent].turn = self.turns
            case HangUpAgent(offer):
                assert self.agents[self.offers[offer].agent].talking == offer
            case Bridge() | ReturnToQueue():
                self.follow_conversation(effect)
            case QueueStayEnded():
                self.follow_outcome(effect)
            case AnnouncePosition(contact):
                assert contact in self.stays

    def follow_conversation(self, effect: Bridge | ReturnToQueue) -> None:
        match effect:
            case Bridge(contact, agent, offer):
                assert self.agents[agent].talking == offer
                assert self.stays[contact].offer == offer
                self.offers[offer].bridged = True
                self.conversations[contact] = offer
                self.talking[contact] = self.stays[contact]
            case ReturnToQueue(contact):
                stay = self.talking[contact]
                self.enqueued += 1
                self.stays[contact] = replace(stay, rank=(0, *stay.rank[1:]), since=self.now, offer=None)

    def follow_stop(self, offer: str) -> None:
        book = self.offers[offer]
        assert self.agents[book.agent].ringing == offer
        assert not book.withdrawn
        book.withdrawn = True
        if book.contact in self.stays:
            self.stays[book.contact].offer = None

    def follow_outcome(self, effect: QueueStayEnded) -> None:
        stay = self.stays.pop(effect.contact)
        assert stay.queue == effect.queue
        assert effect.waited_s == self.now - stay.since
        self.outcomes[effect.outcome] += 1
        assert (effect.outcome is QueueExit.ANSWERED) == (effect.contact in self.conversations)

    def follow_ring(self, offer: str, agent: str, contact: str) -> None:
        book, stay = self.agents[agent], self.stays[contact]
        assert book.state() is AgentState.AVAILABLE
        assert stay.offer is None
        assert self.qualifies(agent, stay.demand)
        rivals = [s for s in self.stays.values() if s.offer is None and self.qualifies(agent, s.demand)]
        assert stay.rank == min(rival.rank for rival in rivals), "not the first by priority, then age"
        book.ringing = stay.offer = offer
        self.offers[offer] = OfferBook(agent, contact, stay.queue)

    @initialize()
    def everybody_registers(self) -> None:
        for agent in AGENTS:
            self.device(agent, "desk", True, 0.0)

    @rule(
        agent=agents, device=st.sampled_from(["desk", "desk", "soft"]), there=st.booleans(), elapsed_s=elapsed
    )
    def device(self, agent: str, device: str, there: bool, elapsed_s: float) -> None:
        devices = self.agents[agent].devices
        (devices.add if there else devices.discard)(device)
        self.agents[agent].lost &= not there
        event = (AgentRegistered if there else AgentUnregistered)(AgentId(agent), DeviceId(device))
        self.tell(event, elapsed_s)

    @rule(agent=agents, elapsed_s=elapsed)
    def ask_for_break_or_end_it(self, agent: str, elapsed_s: float) -> None:
        book = self.agents[agent]
        book.on_break = not book.on_break
        self.tell((BreakStarted if book.on_break else BreakEnded)(AgentId(agent)), elapsed_s)

    @rule(agent=agents, call=st.sampled_from(["x", "x", "y"]), elapsed_s=elapsed)
    def start_or_end_other_call(self, agent: str, call: str, elapsed_s: float) -> None:
        calls = self.agents[agent].calls
        starts = call not in calls
        (calls.add if starts else calls.discard)(call)
        self.tell((OtherCallStarted if starts else OtherCallEnded)(AgentId(agent), CallId(call)), elapsed_s)

    @precondition(lambda self: any(book.wrap_up_until for book in self.agents.values()))
    @rule(agent=agents, elapsed_s=elapsed)
    def finish_wrap_up(self, agent: str, elapsed_s: float) -> None:
        self.agents[agent].wrap_up_until = None
        self.tell(WrapUpDone(AgentId(agent)), elapsed_s)

    @precondition(lambda self: len(self.stays) + len(self.conversations) < len(CONTACTS))
    @rule(
        data=st.data(),
        queue=st.sampled_from([queue.name for queue in QUEUES]),
        demand=st.sampled_from(DEMANDS),
        priority=st.sampled_from([0, 0, 0, 1, 2]),
        max_wait_s=st.sampled_from([None, None, 0.0, 3.0, 12.0]),
        elapsed_s=elapsed,
    )
    def enqueue(
        self,
        data: st.DataObject,
        queue: str,
        demand: dict[str, int],
        priority: int,
        max_wait_s: float | None,
        elapsed_s: float,
    ) -> None:
        elsewhere = [c for c in CONTACTS if c not in self.stays and c not in self.conversations]
        contact = data.draw(st.sampled_from(elsewhere))
        self.enqueued += 1
        defaults = next(settings.skills for settings in QUEUES if settings.name == queue)
        self.arrivals += 1
        rank = (1, -priority, self.now + elapsed_s, self.arrivals)
        self.stays[contact] = Stay(contact, queue, {**defaults, **demand}, rank, rank[2])
        requirement = Requirement.of(demand)
        self.tell(
            ContactEnqueued(ContactId(contact), QueueId(queue), requirement, priority, max_wait_s), elapsed_s
        )

    @precondition(lambda self: self.stays or self.conversations)
    @rule(data=st.data(), reason=st.sampled_from(LeaveReason), elapsed_s=elapsed)
    def caller_leaves(self, data: st.DataObject, reason: LeaveReason, elapsed_s: float) -> None:
        self.leave(data.draw(st.sampled_from(sorted({*self.stays, *self.conversations}))), reason, elapsed_s)

    def leave(self, contact: str, reason: LeaveReason, elapsed_s: float) -> None:
        self.conversations.pop(contact, None)
        if contact in self.stays and (offer := self.stays[contact].offer):
            self.offers[offer].caller_left = True
        self.tell(ContactLeft(ContactId(contact), reason), elapsed_s)

    def pick(self, data: st.DataObject, answered: bool) -> OfferId:
        which = [o for o, book in self.offers.items() if (self.agents[book.agent].talking == o) == answered]
        return OfferId(data.draw(st.sampled_from(sorted(which))))

    def is_ringing(self) -> bool:
        return any(book.ringing for book in self.agents.values())

    def is_talking(self) -> bool:
        return any(book.talking for book in self.agents.values())

    @precondition(is_ringing)
    @rule(data=st.data(), elapsed_s=elapsed)
    def answer(self, data: st.DataObject, elapsed_s: float) -> None:
        offer = self.pick(data, answered=False)
        book = self.agents[self.offers[offer].agent]
        book.ringing, book.talking = None, offer
        self.tell(OfferAnswered(offer), elapsed_s)

    @precondition(is_ringing)
    @rule(data=st.data(), reason=st.sampled_from(OfferFailure), elapsed_s=elapsed)
    def fail(self, data: st.DataObject, reason: OfferFailure, elapsed_s: float) -> None:
        offer = self.pick(data, answered=False)
        ended = self.offers.pop(offer)
        self.agents[ended.agent].ringing = None
        self.keeps_turn = ended.agent if ended.caller_left else None
        if ended.contact in self.stays and not ended.withdrawn:
            self.stays[ended.contact].offer = None
        self.tell(OfferFailed(offer, reason), elapsed_s)

    @precondition(is_talking)
    @rule(data=st.data(), lost=st.booleans(), elapsed_s=elapsed)
    def end_agent_call(self, data: st.DataObject, lost: bool, elapsed_s: float) -> None:
        offer = self.pick(data, answered=True)
        ended = self.offers.pop(offer)
        book = self.agents[ended.agent]
        book.talking = None
        if self.conversations.get(ended.contact) == offer:
            del self.conversations[ended.contact]
        wrap_up_s = WRAP_UP_S[ended.queue] if ended.bridged and not lost else 0
        book.lost = lost
        if wrap_up_s:
            book.wrap_up_until = self.now + elapsed_s + wrap_up_s
        self.tell(AgentCallEnded(offer, lost), elapsed_s)

    @rule(which=st.sampled_from(SKILLS), elapsed_s=elapsed)
    def change_settings(self, which: dict[str, dict[str, int]], elapsed_s: float) -> None:
        self.skills = which
        self.tell(SettingsChanged(configured(which)), elapsed_s)

    @rule()
    def restore_from_a_dump(self) -> None:
        """From here on a core that was made from the dump has to decide the same."""
        self.restored = Dispatch.restore(json.loads(json.dumps(self.dispatch.dump())))
        assert self.restored.snapshot(self.now) == self.seen

    @rule(elapsed_s=elapsed)
    def let_time_pass(self, elapsed_s: float) -> None:
        self.tell(TimePassed(), elapsed_s)

    @invariant()
    def every_state_is_the_one_that_the_facts_say(self) -> None:
        for status in self.seen.agents:
            assert status.state is derive(status.facts)
            assert status.state is self.agents[status.agent].state()

    @invariant()
    def nobody_is_busy_with_a_leg_that_does_not_exist(self) -> None:
        for status in self.seen.agents:
            book = self.agents[status.agent]
            assert (status.facts.ringing, status.facts.talking) == (book.ringing, book.talking)
            if status.facts.ringing and not self.offers[status.facts.ringing].withdrawn:
                assert book.devices
            assert status.paused_until is None or status.paused_until > self.now

    @invariant()
    def a_caller_is_in_one_place_and_an_agent_has_one_contact(self) -> None:
        snapshot = self.seen
        queued = [(w.contact, queue.queue) for queue in snapshot.queues for w in queue.waiting]
        assert sorted(queued) == sorted((stay.contact, stay.queue) for stay in self.stays.values())
        assert not set(self.stays) & set(self.conversations)
        with_agents = [status.contact for status in snapshot.agents if status.contact]
        assert len(with_agents) == len(set(with_agents))
        rung = [w.contact for queue in snapshot.queues for w in queue.waiting for _ in w.rings]
        assert sorted(with_agents) == sorted([*rung, *self.conversations])

    @invariant()
    def every_queue_is_in_order(self) -> None:
        for queue in self.seen.queues:
            ranks = [self.stays[waiting.contact].rank for waiting in queue.waiting]
            assert ranks == sorted(ranks)
            assert [waiting.position for waiting in queue.waiting] == list(range(1, len(ranks) + 1))

    @invariant()
    def no_caller_waits_while_an_agent_who_qualifies_is_free(self) -> None:
        free = self.free_agents()
        waiting = [stay for stay in self.stays.values() if stay.offer is None]
        assert not [(a, stay.contact) for a in free for stay in waiting if self.qualifies(a, stay.demand)]

    @invariant()
    def every_stay_has_one_outcome_or_goes_on(self) -> None:
        assert self.enqueued == self.outcomes.total() + len(self.stays)

    def teardown(self) -> None:
        for contact in CONTACTS:
            self.leave(contact, LeaveReason.HUNG_UP, 0.0)
        assert self.enqueued == self.outcomes.total()
        assert not any(queue.waiting for queue in self.seen.queues)


def test_s37_every_contact_ends_in_one_outcome_in_any_order_of_events() -> None:
    run_state_machine_as_test(
        AnyOrderOfEvents,
        settings=settings(
            max_examples=int(os.environ.get("DISPATCH_EXAMPLES", "150")),
            stateful_step_count=80,
            deadline=None,
        ),
    )
