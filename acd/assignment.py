"""Contacts meet agents: a contact looks for an agent, an agent for a contact, or neither is there."""

from dataclasses import dataclass
from typing import Self

from acd.agent_registry import AgentRegistry
from acd.agents import Agent
from acd.deadlines import Deadlines, NobodyCame
from acd.effects import ContactOutcome, Effect, ReturnToQueue, Rule
from acd.events import ContactEnqueued, LeaveReason
from acd.matching import GroupKey, Matching, RequirementGroup
from acd.offers import Offers
from acd.places import QueuedContact, Whereabouts, Wishes
from acd.queue_places import QueuePlaces
from acd.settings import AcdSettings, NoAgents
from contacts.outcomes import QueueExit

LEFT_AT_ONCE = 50
"""How many callers of one requirement leave in one go when nobody is signed in for them any more."""
LEAVE_NEXT_S = 0.1

_EXITS = {
    LeaveReason.HUNG_UP: QueueExit.ABANDONED,
    LeaveReason.TRANSFERRED: QueueExit.TRANSFERRED,
    LeaveReason.PULLED: QueueExit.TRANSFERRED,
    LeaveReason.FAILED: QueueExit.FAILED,
}


class Assignment:
    """Keeps the promise that after every event no contact waits while an agent is free who may take it."""

    def __init__(
        self,
        registry: AgentRegistry,
        places: QueuePlaces,
        offers: Offers,
        deadlines: Deadlines,
        outbox: list[Effect],
    ) -> None:
        self.matching = Matching(registry.all())
        self._registry = registry
        self._places = places
        self._offers = offers
        self._deadlines = deadlines
        self._outbox = outbox

    def index(self) -> None:
        """Makes the index anew, without contacts, from the agents as they are."""
        self.matching = Matching(self._registry.all())

    def adopt(self, contact: QueuedContact) -> None:
        """Takes over a contact that an earlier one had."""
        if contact.place is not Whereabouts.TALKING:
            self.matching.join(contact.group)
        if contact.place is Whereabouts.WAITING:
            self.adopt_waiting(contact)

    def adopt_waiting(self, contact: QueuedContact) -> None:
        """The contact waits for an agent who looks for one."""
        self.matching.add_waiting(contact.group, contact.rank)

    def enqueue(self, event: ContactEnqueued, now: float) -> None:
        self._places.refuse_if_here(event.contact)
        queue = self._places.queue(event.queue)
        group = self.matching.group(GroupKey(queue.id, queue.required(event.requirement)))
        if self._is_hopeless(group) or (self._is_unattended(group) and self._leaves_when_alone(group)):
            self._outbox.append(ContactOutcome(event.contact, queue.id, QueueExit.NOBODY, 0.0))
            return
        wishes = Wishes(event.requirement, event.priority, event.max_wait_s, event.announce_every_s)
        self._serve(self._places.join(event.contact, queue, group, wishes, self.matching, now), now)

    def go_on(self, contact: QueuedContact | None, now: float) -> None:
        """The contact, given back by whoever was rung for it, looks for another agent."""
        if contact is None:
            return
        if contact.overflow_at is not None and contact.overflow_at <= now:
            self.overflow(contact, now)
        else:
            self._serve(contact, now)

    def settle(self, now: float) -> None:
        """Agents who became free take what waits for them; callers of agents who left may be alone."""
        while self._registry.freed:
            agent = self._registry.freed.popleft()
            if agent.free and (contact := self.matching.first_waiting(agent)) is not None:
                self._offer(self._places.contact(contact), agent, Rule.NEXT_IN_LINE, now)
        while self._registry.gone:
            self._signed_out(self._registry.gone.popleft(), now)

    def look_again(self, agent: Agent) -> None:
        """The agent, free already, may take contacts that they could not before."""
        self._registry.freed.append(agent)

    def waited_too_long(self, contact: QueuedContact, now: float) -> None:
        """While an agent is being rung, their answer is awaited."""
        if contact.place is Whereabouts.WAITING:
            self.overflow(contact, now)

    def overflow(self, contact: QueuedContact, now: float) -> None:
        self._offers.abandon(contact)
        self._places.end_wait(contact, QueueExit.OVERFLOWED, self.matching, now)

    def leave(self, contact: QueuedContact, reason: LeaveReason, now: float) -> None:
        self._offers.abandon(contact)
        if contact.place is Whereabouts.TALKING:
            self._places.forget(contact)
            return
        exit_ = _EXITS[reason]
        if (
            exit_ is QueueExit.ABANDONED
            and now - contact.enqueued_at < contact.queue.settings.short_abandon_s
        ):
            exit_ = QueueExit.SHORT_ABANDONED
        self._places.end_wait(contact, exit_, self.matching, now)

    def bridged(self, contact: QueuedContact, now: float) -> None:
        self._places.end_wait(contact, QueueExit.ANSWERED, self.matching, now)

    def conversation_over(self, contact: QueuedContact, now: float, *, lost: bool) -> None:
        """A caller whose agent was lost has waited all along and waits on; any other is with the flow."""
        queue = self._places.find_queue(contact.queue.id)
        if not lost or queue is None:
            self._places.forget(contact)
            return
        contact.queue, contact.offers, contact.place = queue, [], Whereabouts.WAITING
        contact.waits_since = now
        contact.rank = contact.rank._replace(given_back=0)
        contact.group = self.matching.group(GroupKey(queue.id, queue.required(contact.wishes.requirement)))
        self._outbox.append(ReturnToQueue(contact.id))
        self._places.take_place(contact, self.matching, now)
        self._serve(contact, now)

    def nobody_came(self, key: GroupKey, now: float) -> None:
        queue = self._places.find_queue(key.queue)
        group = self.matching.group(key)
        if queue is None or not self._is_unattended(group) or not self._leaves_when_alone(group):
            return
        ranks = group.line.from_position(1, LEFT_AT_ONCE + 1)
        for rank in ranks[:LEFT_AT_ONCE]:
            self.nobody(self._places.contact(rank.contact), now)
        if len(ranks) > LEFT_AT_ONCE:
            self._deadlines.set(NobodyCame(*key), now + LEAVE_NEXT_S)

    def nobody(self, contact: QueuedContact, now: float) -> None:
        self._places.end_wait(contact, QueueExit.NOBODY, self.matching, now)

    def regroup(self, contact: QueuedContact, now: float) -> None:
        """Other settings apply: the contact is sorted in anew, and looks for an agent in `settle`."""
        key = GroupKey(contact.queue.id, contact.queue.required(contact.wishes.requirement))
        contact.group = self.matching.group(key)
        self.adopt(contact)
        if contact.place is not Whereabouts.WAITING:
            return
        if self._is_hopeless(contact.group):
            self.nobody(contact, now)
        elif self._is_unattended(contact.group) and self._leaves_when_alone(contact.group):
            self._deadlines.set(NobodyCame(*key), now + contact.queue.settings.no_agents_after_s)

    def _signed_out(self, agent: Agent, now: float) -> None:
        """Callers whom nobody else who is signed in could serve leave after their queue's patience."""
        for group in self.matching.unattended(agent, self._registry.availability.signed_in):
            queue = self._places.queue(group.key.queue).settings
            if queue.no_agents is NoAgents.OVERFLOW:
                self._deadlines.set(NobodyCame(*group.key), now + queue.no_agents_after_s)

    def _serve(self, contact: QueuedContact, now: float) -> None:
        number = self._registry.availability.longest_idle(contact.group.qualified)
        if number is None:
            self.matching.add_waiting(contact.group, contact.rank)
        else:
            self._offer(contact, self._registry.numbered(number), Rule.LONGEST_IDLE, now)

    def _offer(self, contact: QueuedContact, agent: Agent, rule: Rule, now: float) -> None:
        self.matching.remove_waiting(contact.group, contact.rank)
        self._offers.make(contact, agent, rule, now)

    def _is_hopeless(self, group: RequirementGroup) -> bool:
        return not group.qualified

    def _is_unattended(self, group: RequirementGroup) -> bool:
        return not group.qualified & self._registry.availability.signed_in

    def _leaves_when_alone(self, group: RequirementGroup) -> bool:
        return self._places.queue(group.key.queue).settings.no_agents is NoAgents.OVERFLOW


@dataclass(frozen=True, slots=True)
class DispatchParts:
    """Everything that a core is made of, tied together."""

    deadlines: Deadlines
    outbox: list[Effect]
    registry: AgentRegistry
    places: QueuePlaces
    offers: Offers
    assignment: Assignment

    @classmethod
    def configured(cls, settings: AcdSettings, now: float) -> Self:
        deadlines, outbox = Deadlines(), list[Effect]()
        registry = AgentRegistry(deadlines, outbox)
        registry.configure(settings.agents, now)
        places = QueuePlaces(settings.queues, deadlines, outbox)
        offers = Offers(registry, deadlines, outbox)
        assignment = Assignment(registry, places, offers, deadlines, outbox)
        return cls(deadlines, outbox, registry, places, offers, assignment)
