"""No order of events breaks the promises, whatever strategies, ranks and steps of relaxation are set.

Unlike `test_invariants` this keeps no books of its own about who must be chosen; it asks the explanation.
`DISPATCH_EXAMPLES=2000` lets both try a night long.
"""

import json
import os
from collections import Counter
from typing import Any

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

from acd.dispatch import Dispatch
from acd.effects import Bridge, HangUpAgent, QueueStayEnded, ReturnToQueue, RingAgent
from acd.event_json import event_from_json, event_to_json
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    AgentUnregistered,
    BreakEnded,
    BreakStarted,
    CallbackDue,
    CallFirst,
    ContactEnqueued,
    ContactLeft,
    CustomerNotReached,
    CustomerReached,
    Event,
    LeaveReason,
    OfferAnswered,
    OfferFailed,
    OfferFailure,
    PlaceKept,
    SettingsChanged,
    TimePassed,
)
from acd.explanation import AgentVerdict
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings, RelaxStep
from acd.skills import Requirement
from acd.strategies import IdleSince, Strategy
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId

NAMES = ("ann", "bob", "cem", "dee", "eve")
QUEUES = ("one", "two", "three")
SKILLS = ("x", "y")
CONTACTS = tuple(f"c{number}" for number in range(8))
levels = st.integers(1, 4)
skills = st.dictionaries(st.sampled_from(SKILLS), levels)
elapsed = st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0, 5.0, 20.0])

agent_settings: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    skills=skills,
    queues=st.one_of(st.just({}), st.dictionaries(st.sampled_from(QUEUES), st.integers(1, 3))),
    weight=st.integers(1, 3),
)
queue_settings: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    strategy=st.sampled_from(Strategy),
    idle_since=st.sampled_from(IdleSince),
    weight=st.sampled_from([0, 0, 2]),
    priority_step_s=st.sampled_from([None, 10.0]),
    ring_at_most=st.integers(1, 3),
    ring_more_every_s=st.sampled_from([1.0, 3.0]),
    ring_timeout_s=st.sampled_from([4.0, 6.0]),
    relax=st.sampled_from([(), (RelaxStep(after_s=5, skill="x", level=1), RelaxStep(after_s=8, skill="x"))]),
    relax_when_nobody=st.booleans(),
    no_agents=st.sampled_from(NoAgents),
    no_agents_after_s=st.sampled_from([0.0, 4.0]),
    max_wait_s=st.sampled_from([None, 15.0]),
    max_length=st.sampled_from([None, 3]),
    wrap_up_s=st.sampled_from([0.0, 2.0]),
    pause_after_no_answer_s=st.just(3.0),
    announce_improvement=st.booleans(),
)


@st.composite
def all_settings(draw: st.DrawFn) -> AcdSettings:
    known = dict.fromkeys(SKILLS, 4)
    agents = [AgentSettings(name="knows-all", skills=known)]
    agents += [AgentSettings(name=name, **draw(agent_settings)) for name in NAMES]
    queues = [QueueSettings(name=name, skills=draw(skills), **draw(queue_settings)) for name in QUEUES]
    return AcdSettings(agents=tuple(agents), queues=tuple(queues))


class AnySettings(RuleBasedStateMachine):
    dispatch: Dispatch

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.stays = 0
        self.outcomes: Counter[str] = Counter()
        self.ringing: dict[str, str] = {}
        self.talking: dict[str, str] = {}
        self.hung_up: set[str] = set()
        self.not_due: set[str] = set()
        self.restored: Dispatch | None = None

    @initialize(chosen=all_settings())
    def configured(self, chosen: AcdSettings) -> None:
        self.dispatch = Dispatch(chosen)
        for name in NAMES:
            self.tell(AgentRegistered(AgentId(name), DeviceId("phone")), 0.0)

    def tell(self, event: Event, elapsed_s: float) -> None:
        self.now += elapsed_s
        effects = self.dispatch.handle(event, self.now)
        if self.restored is not None:
            told = event_from_json(json.loads(json.dumps(event_to_json(event))))
            assert self.restored.handle(told, self.now) == effects
            assert self.restored.snapshot(self.now) == self.dispatch.snapshot(self.now)
        for effect in effects:
            self.follow(effect)

    def follow(self, effect: Any) -> None:
        match effect:
            case RingAgent(offer, agent):
                assert agent not in self.ringing.values()
                assert agent not in self.talking.values()
                self.ringing[offer] = agent
            case Bridge(_, agent, offer):
                assert self.talking[offer] == agent
            case HangUpAgent(offer):
                assert offer in self.talking
                self.hung_up.add(offer)
            case ReturnToQueue():
                self.stays += 1
            case QueueStayEnded():
                self.outcomes[effect.outcome.value] += 1
                self.not_due.discard(effect.contact)

    @rule(agent=st.sampled_from(NAMES), there=st.booleans(), elapsed_s=elapsed)
    def phone(self, agent: str, there: bool, elapsed_s: float) -> None:
        event = AgentRegistered if there else AgentUnregistered
        self.tell(event(AgentId(agent), DeviceId("phone")), elapsed_s)

    @rule(agent=st.sampled_from(NAMES), ends=st.booleans(), elapsed_s=elapsed)
    def takes_a_break(self, agent: str, ends: bool, elapsed_s: float) -> None:
        self.tell((BreakEnded if ends else BreakStarted)(AgentId(agent)), elapsed_s)

    @rule(
        contact=st.sampled_from(CONTACTS),
        queue=st.sampled_from(QUEUES),
        wanted=skills,
        liked=st.lists(st.tuples(st.sampled_from(SKILLS), levels), max_size=2),
        priority=st.sampled_from([0, 0, 1]),
        agent=st.sampled_from([None, None, *NAMES, "nobody"]),
        age_s=st.sampled_from([0.0, 0.0, 7.0]),
        elapsed_s=elapsed,
    )
    def comes(
        self,
        contact: str,
        queue: str,
        wanted: dict[str, int],
        liked: list[tuple[str, int]],
        priority: int,
        agent: str | None,
        age_s: float,
        elapsed_s: float,
    ) -> None:
        if self.is_here(contact):
            return
        self.stays += 1
        self.tell(
            ContactEnqueued(
                ContactId(contact),
                QueueId(queue),
                Requirement.of(wanted),
                priority,
                preferred=tuple(liked),
                agent=AgentId(agent) if agent else None,
                agent_wait_s=6.0,
                age_s=age_s,
            ),
            elapsed_s,
        )

    def is_here(self, contact: str) -> bool:
        return self.dispatch.explain(ContactId(contact)) is not None

    @rule(
        contact=st.sampled_from(CONTACTS),
        first=st.sampled_from(CallFirst),
        due=st.booleans(),
        elapsed_s=elapsed,
    )
    def keeps_the_place(self, contact: str, first: CallFirst, due: bool, elapsed_s: float) -> None:
        if self.waits(contact, callback=False) and not due:
            self.not_due.add(contact)
        self.tell(PlaceKept(ContactId(contact), first, due), elapsed_s)

    @rule(contact=st.sampled_from(CONTACTS), due=st.booleans(), elapsed_s=elapsed)
    def may_be_called(self, contact: str, due: bool, elapsed_s: float) -> None:
        if self.waits(contact, callback=True) and contact not in self.calling:
            self.note_due(contact, due)
        self.tell(CallbackDue(ContactId(contact), due), elapsed_s)

    def note_due(self, contact: str, due: bool) -> None:
        (self.not_due.discard if due else self.not_due.add)(contact)

    @rule(contact=st.sampled_from(CONTACTS), elapsed_s=elapsed)
    def is_on_the_line_again(self, contact: str, elapsed_s: float) -> None:
        self.not_due.discard(contact)
        self.tell(CustomerReached(ContactId(contact)), elapsed_s)

    @precondition(lambda self: self.calling)
    @rule(data=st.data(), again=st.booleans(), elapsed_s=elapsed)
    def is_not_reached(self, data: st.DataObject, again: bool, elapsed_s: float) -> None:
        contact = data.draw(st.sampled_from(sorted(self.calling)))
        self.note_due(contact, not again)
        self.tell(CustomerNotReached(ContactId(contact), again), elapsed_s)

    def waits(self, contact: str, *, callback: bool) -> bool:
        everybody = (w for queue in self.dispatch.snapshot(self.now).queues for w in queue.waiting)
        return any(w.contact == contact and w.callback == callback for w in everybody)

    @property
    def calling(self) -> set[str]:
        everybody = (w for queue in self.dispatch.snapshot(self.now).queues for w in queue.waiting)
        return {w.contact for w in everybody if w.calling}

    @rule(contact=st.sampled_from(CONTACTS), reason=st.sampled_from(LeaveReason), elapsed_s=elapsed)
    def leaves(self, contact: str, reason: LeaveReason, elapsed_s: float) -> None:
        self.tell(ContactLeft(ContactId(contact), reason), elapsed_s)

    @precondition(lambda self: self.ringing)
    @rule(data=st.data(), elapsed_s=elapsed)
    def answers(self, data: st.DataObject, elapsed_s: float) -> None:
        offer = data.draw(st.sampled_from(sorted(self.ringing)))
        self.talking[offer] = self.ringing.pop(offer)
        self.tell(OfferAnswered(OfferId(offer)), elapsed_s)

    @precondition(lambda self: self.ringing)
    @rule(data=st.data(), reason=st.sampled_from(OfferFailure), elapsed_s=elapsed)
    def does_not_answer(self, data: st.DataObject, reason: OfferFailure, elapsed_s: float) -> None:
        offer = data.draw(st.sampled_from(sorted(self.ringing)))
        del self.ringing[offer]
        self.tell(OfferFailed(OfferId(offer), reason), elapsed_s)

    @precondition(lambda self: self.talking)
    @rule(data=st.data(), lost=st.booleans(), elapsed_s=elapsed)
    def call_ends(self, data: st.DataObject, lost: bool, elapsed_s: float) -> None:
        offer = data.draw(st.sampled_from(sorted(self.talking)))
        del self.talking[offer]
        self.tell(AgentCallEnded(OfferId(offer), lost), elapsed_s)

    @rule(chosen=all_settings(), elapsed_s=elapsed)
    def settings_change(self, chosen: AcdSettings, elapsed_s: float) -> None:
        self.tell(SettingsChanged(chosen), elapsed_s)

    @rule(elapsed_s=elapsed)
    def time_passes(self, elapsed_s: float) -> None:
        self.tell(TimePassed(), elapsed_s)

    @rule()
    def restore_from_a_dump(self) -> None:
        self.restored = Dispatch.restore(json.loads(json.dumps(self.dispatch.dump())))

    @invariant()
    def nobody_waits_while_somebody_who_may_take_them_is_free(self) -> None:
        if not hasattr(self, "dispatch"):
            return
        for queue in self.dispatch.snapshot(self.now).queues:
            for waiting in queue.waiting:
                explanation = self.dispatch.explain(waiting.contact)
                assert explanation is not None
                if not waiting.rings and not waiting.calling and waiting.contact not in self.not_due:
                    assert AgentVerdict.FREE not in explanation.verdicts.values()

    @invariant()
    def every_stay_has_one_outcome_or_goes_on(self) -> None:
        if hasattr(self, "dispatch"):
            waiting = sum(len(queue.waiting) for queue in self.dispatch.snapshot(self.now).queues)
            assert self.stays == self.outcomes.total() + waiting

    @invariant()
    def the_books_agree_about_who_rings_and_who_talks(self) -> None:
        if hasattr(self, "dispatch"):
            legs = [(a.facts.ringing, a.facts.talking) for a in self.dispatch.snapshot(self.now).agents]
            assert {ring for ring, _ in legs if ring} == set(self.ringing)
            assert {talk for _, talk in legs if talk} == set(self.talking)


def test_s37_no_settings_and_no_order_of_events_break_the_promises() -> None:
    run_state_machine_as_test(
        AnySettings,
        settings=settings(
            max_examples=int(os.environ.get("DISPATCH_EXAMPLES", "60")), stateful_step_count=60, deadline=None
        ),
    )
