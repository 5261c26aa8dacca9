"""Dispatch: the pure core that decides who gets the next caller.

The rules:

1. A contact goes only to an agent who has every skill required at the level required, is available, and is
   not resting.
2. A contact takes the agent who has been available longest. The time counts from when the agent became
   available. An offer withdrawn because the caller left costs the agent nothing; one that they did not take
   sends them to the end.
3. A freed agent takes, of all contacts in all queues whose requirement they meet, the first by priority,
   then age.
4. A contact whose agent does not answer (is busy, rejects, cannot be reached) is back at its exact place
   and goes to the next agent at once. The agent gets no offer for the queue's `pause_after_no_answer_s`;
   else one absent agent could hold up the same caller again and again. They stay available, since no fact
   says otherwise.
5. A contact that reaches its longest wait overflows; if an agent is being rung for it, only when they do
   not answer.
6. Facts come before deadlines: an answer that arrives together with the ring timeout counts.
"""

from dataclasses import replace
from itertools import count
from typing import assert_never

from acd.agent_registry import AgentRegistry
from acd.agent_state import AgentFacts, Cause, learned
from acd.agents import Agent
from acd.deadlines import AnnouncementDue, Deadlines, RestOver, RingTimeout, Timer, WaitTooLong, WrapUpOver
from acd.effects import (
    Bridge,
    ContactOutcome,
    Decision,
    Effect,
    HangUpAgent,
    NobodyQualified,
    Outcome,
    Overflow,
    RingAgent,
    Rule,
    StopRinging,
)
from acd.events import (
    AgentCallEnded,
    AgentEvent,
    ContactEnqueued,
    ContactEvent,
    ContactLeft,
    Event,
    LeaveReason,
    OfferAnswered,
    OfferEvent,
    OfferFailed,
    TimePassed,
    WrapUpFinished,
)
from acd.explanation import Explanation, explain
from acd.matching import Matching
from acd.places import AgentOffer, QueuedContact, Whereabouts
from acd.queue_places import QueuePlaces
from acd.settings import AcdSettings
from acd.skills import Requirement
from acd.snapshot import DispatchSnapshot, agent_status, queue_status
from contacts.ids import ContactId, OfferId


class Dispatch:
    """Events in, effects out, deterministically: what it knows is what the events said.

    Events about contacts and offers that are over have no effect, for hang-ups race with every decision.
    """

    def __init__(self, settings: AcdSettings, now: float = 0.0) -> None:
        self._now = now
        self._outbox: list[Effect] = []
        self._deadlines = Deadlines()
        self._registry = AgentRegistry(settings.agents, self._deadlines, self._outbox, now)
        self._places = QueuePlaces(settings.queues, self._deadlines, self._outbox)
        self._matching = Matching(self._registry.all())
        for queue in settings.queues:
            self._matching.group(Requirement.of(queue.skills))
        self._offers: dict[OfferId, AgentOffer] = {}
        self._offer_numbers = count(1)

    def handle(self, event: Event, now: float) -> tuple[Effect, ...]:
        self._now = now
        self._outbox.clear()
        if isinstance(event, AgentEvent):
            self._agent_event(event)
        elif isinstance(event, ContactEvent):
            self._contact_event(event)
        elif isinstance(event, OfferEvent):
            self._offer_event(event)
        elif not isinstance(event, TimePassed):
            assert_never(event)
        for timer in self._deadlines.due(now):
            self._fire(timer)
        return tuple(self._outbox)

    def next_deadline(self) -> float | None:
        """When `TimePassed` has to be handled at the latest."""
        return self._deadlines.next()

    def snapshot(self, now: float) -> DispatchSnapshot:
        return DispatchSnapshot(
            agents=tuple(agent_status(agent, self._offers.__getitem__) for agent in self._registry.all()),
            queues=tuple(queue_status(queue, self._places.contact, now) for queue in self._places.queues()),
        )

    def explain(self, contact: ContactId) -> Explanation | None:
        """Every agent's verdict on a contact that is here now."""
        found = self._places.find(contact)
        return explain(found, self._registry.all()) if found else None

    def _agent_event(self, event: AgentEvent) -> None:
        agent = self._registry.agent(event.agent)
        facts, cause = learned(agent.facts, event)
        self._note(agent, facts, cause)
        if facts.ringing is not None and (facts.other_calls or not facts.devices):
            self._take_back(self._offers[facts.ringing], rest=not facts.devices)

    def _contact_event(self, event: ContactEvent) -> None:
        match event:
            case ContactEnqueued():
                self._enqueue(event)
            case ContactLeft(contact, reason):
                found = self._places.find(contact)
                if found is not None:
                    self._leave(found, reason)
            case _:
                assert_never(event)

    def _offer_event(self, event: OfferEvent) -> None:
        offer = self._offers.get(event.offer)
        if offer is None:
            return
        match event:
            case OfferAnswered():
                self._answered(offer)
            case OfferFailed() | AgentCallEnded():
                # Whatever the leg's end is called, whether it had been up decides.
                self._leg_ended(offer)
            case _:
                assert_never(event)

    def _fire(self, timer: Timer) -> None:
        match timer:
            case WrapUpOver(agent):
                self._agent_event(WrapUpFinished(agent))
            case RestOver(agent):
                if self._registry.rested(self._registry.agent(agent)):
                    self._freed(self._registry.agent(agent))
            case RingTimeout(offer):
                self._take_back(self._offers[offer], rest=True)
            case AnnouncementDue(contact):
                self._places.announce(self._places.contact(contact), self._now)
            case WaitTooLong(contact):
                self._wait_too_long(self._places.contact(contact))
            case _:
                assert_never(timer)

    def _note(self, agent: Agent, facts: AgentFacts, cause: Cause, *, keeps_turn: bool = False) -> None:
        if self._registry.note(agent, facts, cause, self._now, keeps_turn=keeps_turn):
            self._freed(agent)

    def _freed(self, agent: Agent) -> None:
        rank = self._matching.first_waiting(agent)
        if rank is None:
            self._matching.add_idle(agent)
        else:
            self._offer(self._places.contact(rank.contact), agent, Rule.NEXT_IN_LINE)

    def _enqueue(self, event: ContactEnqueued) -> None:
        self._places.refuse_if_here(event.contact)
        settings = self._places.queue(event.queue).settings
        group = self._matching.group(Requirement.of(settings.skills).refined_by(event.requirement))
        if group.qualified:
            self._wait(self._places.join(event, group, self._now))
        else:
            self._outbox.append(NobodyQualified(event.contact))
            self._outbox.append(ContactOutcome(event.contact, event.queue, Outcome.NOBODY_QUALIFIED, 0.0))

    def _wait(self, contact: QueuedContact) -> None:
        contact.place, contact.offer = Whereabouts.WAITING, None
        contact.group.add_waiting(contact.rank)
        agent = contact.group.longest_idle()
        if agent is not None:
            self._offer(contact, agent, Rule.LONGEST_IDLE)

    def _wait_too_long(self, contact: QueuedContact) -> None:
        if contact.place is Whereabouts.WAITING:
            self._overflow(contact)

    def _overflow(self, contact: QueuedContact) -> None:
        self._outbox.append(Overflow(contact.id))
        self._places.end_wait(contact, Outcome.OVERFLOWED, self._now)

    def _offer(self, contact: QueuedContact, agent: Agent, rule: Rule) -> None:
        settings = contact.queue.settings
        offer = AgentOffer(OfferId(f"{contact.id}/{next(self._offer_numbers)}"), agent, settings, contact)
        self._offers[offer.id] = offer
        contact.group.remove_waiting(contact.rank)
        contact.place, contact.offer = Whereabouts.OFFERED, offer
        self._note(agent, replace(agent.facts, ringing=offer.id), Cause.OFFERED)
        self._deadlines.set(RingTimeout(offer.id), self._now + settings.ring_timeout_s)
        decision = Decision(rule, self._now - contact.rank.enqueued_at, self._now - agent.turn.since)
        self._outbox.append(RingAgent(offer.id, agent.id, contact.id, settings.ring_timeout_s, decision))

    def _take_back(self, offer: AgentOffer, *, rest: bool) -> None:
        """The contact goes on at once; the agent is ringing until their phone says that it stopped."""
        contact = offer.contact
        if contact is None:
            return
        self._withdraw(offer)
        if rest:
            self._registry.rest(offer.agent, self._now + offer.queue.pause_after_no_answer_s)
        self._give_back(contact)

    def _withdraw(self, offer: AgentOffer) -> None:
        offer.contact = None
        self._deadlines.cancel(RingTimeout(offer.id))
        self._outbox.append(StopRinging(offer.id))

    def _give_back(self, contact: QueuedContact) -> None:
        if contact.overflow_at is not None and contact.overflow_at <= self._now:
            self._overflow(contact)
        else:
            self._wait(contact)

    def _answered(self, offer: AgentOffer) -> None:
        if offer.answered:
            return
        offer.answered = True
        self._deadlines.cancel(RingTimeout(offer.id))
        self._note(offer.agent, replace(offer.agent.facts, ringing=None, talking=offer.id), Cause.ANSWERED)
        contact = offer.contact
        if contact is None:
            self._outbox.append(HangUpAgent(offer.id))
            return
        offer.conversed = True
        self._outbox.append(Bridge(contact.id, offer.agent.id, offer.id))
        self._places.end_wait(contact, Outcome.ANSWERED, self._now)

    def _leg_ended(self, offer: AgentOffer) -> None:
        del self._offers[offer.id]
        if offer.answered:
            self._conversation_ended(offer)
        else:
            self._offer_failed(offer)

    def _conversation_ended(self, offer: AgentOffer) -> None:
        if offer.contact is not None:
            self._places.forget(offer.contact)
        wrap_up_s = offer.queue.wrap_up_s if offer.conversed else 0
        wrap_up_until = self._now + wrap_up_s if wrap_up_s > 0 else None
        facts = replace(offer.agent.facts, talking=None, wrap_up_until=wrap_up_until)
        self._note(offer.agent, facts, Cause.CALL_ENDED)

    def _offer_failed(self, offer: AgentOffer) -> None:
        """The agent rests before his contact is given back, so that it is not offered to them again."""
        self._deadlines.cancel(RingTimeout(offer.id))
        if offer.contact is not None:
            self._registry.rest(offer.agent, self._now + offer.queue.pause_after_no_answer_s)
        facts = replace(offer.agent.facts, ringing=None)
        self._note(offer.agent, facts, Cause.OFFER_FAILED, keeps_turn=offer.agent_keeps_turn)
        if offer.contact is not None:
            self._give_back(offer.contact)

    def _leave(self, contact: QueuedContact, reason: LeaveReason) -> None:
        if contact.place is Whereabouts.TALKING:
            self._leave_conversation(contact)
            return
        if contact.offer is not None:
            contact.offer.agent_keeps_turn = True
            self._withdraw(contact.offer)
        outcome = Outcome.ABANDONED if reason is LeaveReason.HUNG_UP else Outcome.PULLED
        self._places.end_wait(contact, outcome, self._now)

    def _leave_conversation(self, contact: QueuedContact) -> None:
        self._places.forget(contact)
        if contact.offer is not None:
            contact.offer.contact = None
            self._outbox.append(HangUpAgent(contact.offer.id))
