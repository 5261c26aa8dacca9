"""Dispatch: the pure core that decides who gets the next caller.

The rules:

1. A contact goes only to an agent who has every skill required at the level required, is available, and is
   not pausing.
2. A contact takes the agent who has been available longest. The time counts from when the agent became
   available. An offer withdrawn because the caller left costs the agent nothing; one that they did not take
   sends them to the end.
3. A freed agent takes, of all contacts in all queues whose requirement they meet, the first by priority,
   then age.
4. A contact whose agent does not answer (is busy, rejects, cannot be reached) is back at its exact place
   and goes to the next agent at once. The agent gets no offer for the queue's `pause_after_no_answer_s`,
   twice as long with every further offer not taken; else one absent agent could hold up the same caller
   again and again. They stay available, since no fact says otherwise.
5. A contact that reaches its longest wait overflows; if an agent is being rung for it, only when they do
   not answer.
6. A contact whose agent's phone is lost in mid-talk waits again, with its age, before everybody else. That
   agent is offline until a phone of theirs registers.
7. A contact for whom nobody is signed in does not wait, unless the queue says so.
8. Facts come before deadlines: an answer that arrives together with the ring timeout counts.
"""

from typing import assert_never

from acd.agent_state import learned
from acd.deadlines import (
    AgentTimer,
    AgentWaitOver,
    AnnouncementDue,
    DispatchTimer,
    ImprovementDue,
    NobodyCame,
    PauseOver,
    QueueTimer,
    RelaxDue,
    RingMore,
    RingTimeout,
    WaitTimer,
    WaitTooLong,
    WrapUpOver,
)
from acd.effects import Effect
from acd.events import (
    AgentCallEnded,
    AgentEvent,
    AgentRegistered,
    AgentUnregistered,
    BreakEnded,
    ContactEnqueued,
    ContactEvent,
    ContactLeft,
    ConversationHeld,
    Event,
    OfferAnswered,
    OfferEvent,
    OfferFailed,
    OtherCallEnded,
    SettingsChanged,
    TimePassed,
    WrapUpDone,
)
from acd.explanation import Explanation, explain
from acd.matching import GroupKey
from acd.parts import DispatchParts
from acd.places import AgentOffer, Whereabouts
from acd.reconfiguration import reconfigure
from acd.settings import AcdSettings
from acd.snapshot import DispatchStatus, dispatch_status
from acd.state import read_state, state_of, take_over
from acd.wrap_up import bounded, judge_code
from contacts.ids import ContactId


class Dispatch:
    """Events in, effects out, deterministically: what it knows is what the events said.

    Events about contacts and offers that are over have no effect, for hang-ups race with every decision.
    """

    def __init__(self, settings: AcdSettings, now: float = 0.0) -> None:
        self._now = now
        self._settings = settings
        self._parts = parts = DispatchParts.configured(settings, now)
        self._outbox, self._deadlines, self._registry = parts.outbox, parts.deadlines, parts.registry
        self._places, self._offers, self._assignment = parts.places, parts.offers, parts.assignment

    def handle(self, event: Event, now: float) -> tuple[Effect, ...]:
        self._now = now
        self._outbox.clear()
        if isinstance(event, AgentEvent):
            self._agent_event(event)
        elif isinstance(event, ContactEvent):
            self._contact_event(event)
        elif isinstance(event, OfferEvent):
            self._offer_event(event)
        elif isinstance(event, SettingsChanged):
            self._change_settings(event.settings)
        elif not isinstance(event, TimePassed):
            assert_never(event)
        self._assignment.settle(now)
        for timer in self._deadlines.due(now):
            self._fire(timer)
            self._assignment.settle(now)
        return tuple(self._outbox)

    def next_deadline(self) -> float | None:
        """When `TimePassed` has to be handled at the latest."""
        return self._deadlines.next()

    def snapshot(self, now: float) -> DispatchStatus:
        return dispatch_status(self._parts, now)

    def explain(self, contact: ContactId) -> Explanation | None:
        """Every agent's verdict on a contact that is here now."""
        found = self._places.find(contact)
        return explain(found, self._registry.all()) if found else None

    def dump(self) -> dict[str, object]:
        """Everything that later decisions follow from, as plain JSON values."""
        return state_of(self._settings, self._now, self._parts)

    @classmethod
    def restore(cls, state: dict[str, object]) -> "Dispatch":
        """Decides from here on as the one that was dumped would."""
        record = read_state(state)
        dispatch = cls(AcdSettings(), record.now)
        dispatch._settings = record.settings
        take_over(record, dispatch._parts)
        return dispatch

    def _agent_event(self, event: AgentEvent) -> None:
        if isinstance(event, AgentUnregistered | BreakEnded | OtherCallEnded | WrapUpDone):
            # What ends may outlive the settings that named the agent.
            agent = self._registry.find(event.agent)
            if agent is None:
                return
        else:
            agent = self._registry.agent(event.agent)
        if isinstance(event, AgentRegistered) and not event.refresh:
            self._registry.present(agent)
        if isinstance(event, WrapUpDone):
            queue = self._places.find_queue(agent.wraps_up_for) if agent.wraps_up_for else None
            self._outbox += judge_code(agent, queue.settings if queue else None, event)
        facts, cause = learned(agent.facts, bounded(event))
        self._registry.note(agent, facts, cause, self._now)
        if facts.ringing is not None and (facts.other_calls or not facts.devices):
            self._take_back(self._offers.get(facts.ringing), missed=not facts.devices)

    def _contact_event(self, event: ContactEvent) -> None:
        match event:
            case ContactEnqueued():
                self._assignment.enqueue(event, self._now)
            case ContactLeft(contact, reason):
                found = self._places.find(contact)
                if found is not None:
                    self._assignment.leave(found, reason, self._now)
            case _:
                found = self._places.find(event.contact)
                if found is not None:
                    self._parts.callbacks.handle(found, event, self._now)

    def _offer_event(self, event: OfferEvent) -> None:
        offer = self._offers.find(event.offer)
        if offer is None:
            return
        match event:
            case OfferAnswered():
                contact = self._offers.answered(offer, self._now)
                if contact is not None:
                    self._assignment.bridged(contact, self._now)
            case OfferFailed():
                self._leg_ended(offer, lost=False)
            case AgentCallEnded(_, lost):
                self._leg_ended(offer, lost=lost)
            case ConversationHeld(_, held):
                offer.held = held
            case _:
                assert_never(event)

    def _leg_ended(self, offer: AgentOffer, *, lost: bool) -> None:
        """Whatever the leg's end is called, whether it had been up decides."""
        if not offer.answered:
            self._assignment.go_on(self._offers.failed(offer, self._now), self._now)
            return
        contact = self._offers.ended(offer, self._now, lost=lost)
        if offer.conversed:
            self._places.call_handled(offer, self._now)
        if contact is None:
            return
        if contact.place is Whereabouts.CALLING:
            self._parts.callbacks.agent_gone(contact, self._now)
        else:
            self._assignment.conversation_over(contact, self._now, lost=lost)

    def _take_back(self, offer: AgentOffer, *, missed: bool) -> None:
        self._assignment.go_on(self._offers.take_back(offer, self._now, missed=missed), self._now)

    def _change_settings(self, settings: AcdSettings) -> None:
        self._settings = settings
        reconfigure(settings, self._parts, self._now)

    def _fire(self, timer: DispatchTimer) -> None:
        if isinstance(timer, AgentTimer):
            self._fire_of_agent(timer)
        elif isinstance(timer, WaitTimer):
            self._fire_of_wait(timer)
        else:
            self._fire_of_queue(timer)

    def _fire_of_agent(self, timer: AgentTimer) -> None:
        match timer:
            case WrapUpOver(agent):
                self._registry.end_wrap_up(self._registry.agent(agent), self._now)
            case PauseOver(agent):
                self._registry.pause_over(self._registry.agent(agent))
            case RingTimeout(offer):
                self._take_back(self._offers.get(offer), missed=True)
            case _:
                assert_never(timer)

    def _fire_of_wait(self, timer: WaitTimer) -> None:
        contact = self._places.contact(timer.contact)
        match timer:
            case RelaxDue():
                self._assignment.relax(contact, self._now)
            case RingMore():
                self._assignment.ring_more(contact, self._now)
            case AgentWaitOver():
                self._assignment.release(contact, self._now)
            case _:
                assert_never(timer)

    def _fire_of_queue(self, timer: QueueTimer) -> None:
        match timer:
            case AnnouncementDue(contact):
                self._places.announce(self._places.contact(contact), self._now)
            case ImprovementDue(queue):
                self._places.go_on_improving(queue, self._now)
            case WaitTooLong(contact):
                self._assignment.waited_too_long(self._places.contact(contact), self._now)
            case NobodyCame(queue, requirement):
                self._assignment.nobody_came(GroupKey(queue, requirement), self._now)
            case _:
                assert_never(timer)
