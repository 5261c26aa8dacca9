"""Offers: an agent is rung for a contact, answers or not, talks, and the leg ends."""

from dataclasses import replace

from acd.agent_registry import AgentRegistry
from acd.agent_state import Cause
from acd.agents import Agent
from acd.deadlines import DispatchDeadlines, RingTimeout
from acd.effects import Bridge, CallCustomer, Decision, Effect, HangUpAgent, RingAgent, Rule, StopRinging
from acd.places import AgentOffer, QueuedContact, Whereabouts
from acd.settings import WrapUpKind
from contacts.ids import OfferId, QueueId


class Offers:
    """Every leg of an agent from the order to ring until its end is reported.

    Its methods say which contact is to look for another agent, if one is.
    """

    def __init__(self, registry: AgentRegistry, deadlines: DispatchDeadlines, outbox: list[Effect]) -> None:
        self.made = 0
        self._registry = registry
        self._deadlines = deadlines
        self._outbox = outbox
        self._offers: dict[OfferId, AgentOffer] = {}

    def find(self, offer: OfferId) -> AgentOffer | None:
        return self._offers.get(offer)

    def get(self, offer: OfferId) -> AgentOffer:
        return self._offers[offer]

    def all(self) -> tuple[AgentOffer, ...]:
        return tuple(self._offers.values())

    def adopt(self, offer: AgentOffer) -> None:
        """Takes over an offer that an earlier one had."""
        self._offers[offer.id] = offer

    def make(self, contact: QueuedContact, agent: Agent, rule: Rule, now: float) -> None:
        settings = contact.queue.settings
        self.made += 1
        offer = AgentOffer(OfferId(f"{contact.id}/{self.made}"), agent, settings, contact, since=now)
        self._offers[offer.id] = offer
        contact.place = Whereabouts.OFFERED
        contact.offers.append(offer)
        self._registry.note(agent, replace(agent.facts, ringing=offer.id), Cause.OFFERED, now)
        self._deadlines.set(RingTimeout(offer.id), now + settings.ring_timeout_s)
        decision = Decision(rule, now - contact.enqueued_at, now - agent.idle_since)
        self._outbox.append(RingAgent(offer.id, agent.id, contact.id, settings.ring_timeout_s, decision))

    def take_back(self, offer: AgentOffer, now: float, *, missed: bool) -> QueuedContact | None:
        """The contact goes on at once; the agent is ringing until their phone says that it stopped."""
        contact = offer.contact
        if contact is None:
            return None
        self.withdraw(offer)
        if missed:
            self._registry.missed(offer.agent, offer.queue.pause_after_no_answer_s, now)
        return _given_back(contact, offer)

    def withdraw(self, offer: AgentOffer) -> None:
        offer.contact = None
        self._deadlines.cancel(RingTimeout(offer.id))
        self._outbox.append(StopRinging(offer.id))

    def answered(self, offer: AgentOffer, now: float) -> QueuedContact | None:
        """The contact that has got its agent, or None where nobody is left to talk to."""
        if offer.answered:
            return None
        offer.answered, offer.rang_s, offer.since = True, now - offer.since, now
        self._deadlines.cancel(RingTimeout(offer.id))
        agent, contact = offer.agent, offer.contact
        agent.record.calls += 1
        self._registry.present(agent)
        self._registry.note(agent, replace(agent.facts, ringing=None, talking=offer.id), Cause.ANSWERED, now)
        if contact is None:
            self._outbox.append(HangUpAgent(offer.id))
            return None
        offer.conversed, offer.served = contact.callback is None, contact.id
        contact.offers.remove(offer)
        for rival in contact.offers:
            rival.agent_keeps_turn = True
            self.withdraw(rival)
        contact.offers = [offer]
        if contact.callback is not None:
            contact.place = Whereabouts.CALLING
            self._outbox.append(CallCustomer(contact.id, offer.id))
            return None
        self._outbox.append(Bridge(contact.id, agent.id, offer.id))
        return contact

    def failed(self, offer: AgentOffer, now: float) -> QueuedContact | None:
        """The agent pauses before the contact is given back, so that it is not offered to them again."""
        del self._offers[offer.id]
        self._deadlines.cancel(RingTimeout(offer.id))
        agent, contact = offer.agent, offer.contact
        if contact is not None:
            self._registry.missed(agent, offer.queue.pause_after_no_answer_s, now)
        facts = replace(agent.facts, ringing=None)
        self._registry.note(agent, facts, Cause.OFFER_FAILED, now, keeps_turn=offer.agent_keeps_turn)
        return None if contact is None else _given_back(contact, offer)

    def ended(self, offer: AgentOffer, now: float, *, lost: bool) -> QueuedContact | None:
        """The contact whose conversation is over by that. A lost phone leaves nothing to wrap up."""
        del self._offers[offer.id]
        agent, queue = offer.agent, offer.queue
        until, is_open = None, False
        if offer.conversed and not lost:
            is_open = queue.wrap_up is WrapUpKind.UNTIL_DONE or queue.wrap_up_code_required
            if queue.wrap_up is WrapUpKind.TIMED and queue.wrap_up_s > 0:
                until = now + queue.wrap_up_s
        agent.record.call_ended_at = now
        agent.wraps_up, agent.wraps_up_for = offer.served, QueueId(queue.name)
        facts = replace(agent.facts, talking=None, wrap_up_until=until, wrap_up_open=is_open, lost=lost)
        self._registry.note(agent, facts, Cause.CALL_ENDED, now)
        return offer.contact

    def customer_reached(self, contact: QueuedContact, offer: AgentOffer) -> None:
        """The agent, on the line already, gets the customer."""
        offer.conversed = True
        self._outbox.append(Bridge(contact.id, offer.agent.id, offer.id))

    def abandon(self, contact: QueuedContact) -> None:
        """The contact is gone: nobody is rung for it any more, and nobody is to blame."""
        for offer in contact.offers:
            if offer.answered:
                offer.contact = None
                self._outbox.append(HangUpAgent(offer.id))
            else:
                offer.agent_keeps_turn = True
                self.withdraw(offer)
        contact.offers = []


def _given_back(contact: QueuedContact, offer: AgentOffer) -> QueuedContact | None:
    """None while other agents are still being rung for it."""
    contact.offers.remove(offer)
    if contact.offers:
        return None
    contact.place = Whereabouts.WAITING
    return contact
