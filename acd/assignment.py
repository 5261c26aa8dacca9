"""Contacts meet agents: a contact looks for an agent, an agent for a contact, or neither is there."""

from acd.agent_registry import AgentRegistry
from acd.agents import Agent
from acd.choice import AgentChoice
from acd.deadlines import DispatchDeadlines, NobodyCame, RingMore
from acd.effects import CallCustomer, Effect, QueueStayEnded, ReturnToQueue, Rule, StopCallingCustomer
from acd.events import CallFirst, ContactEnqueued, LeaveReason
from acd.matching import GroupKey, Matching
from acd.offers import Offers
from acd.patience import Patience
from acd.places import QueuedContact, Whereabouts
from acd.queue_places import QueuePlaces
from acd.strategies import Strategy
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
        deadlines: DispatchDeadlines,
        outbox: list[Effect],
    ) -> None:
        self.choice = AgentChoice(registry)
        self.patience = Patience(registry, places, deadlines, outbox)
        self._registry = registry
        self._places = places
        self.index(registry)
        self._offers = offers
        self._deadlines = deadlines
        self._outbox = outbox

    def index(self, registry: AgentRegistry) -> None:
        """Makes the index anew, without contacts, from the agents as they are."""
        self.matching = self.patience.matching = Matching(registry.all())
        self._places.foresight.index(self.matching)

    def adopt(self, contact: QueuedContact) -> None:
        """Takes over a contact that an earlier one had."""
        if contact.place is not Whereabouts.TALKING:
            self.matching.join(contact.group)
        if contact.place is Whereabouts.WAITING:
            self.wait(contact)

    def enqueue(self, event: ContactEnqueued, now: float) -> None:
        self._places.refuse_if_here(event.contact)
        queue = self._places.queue(event.queue)
        contact = self._places.newcomer(event, self.matching, now)
        if self._too_long(contact, now) and event.callback is None:
            self._outbox.append(QueueStayEnded(contact.id, queue.id, QueueExit.OVERFLOWED, 0.0))
        elif not self.patience.hopes(contact, now):
            self._outbox.append(QueueStayEnded(contact.id, queue.id, QueueExit.NOBODY, 0.0))
        else:
            self.patience.begin(contact, now)
            self._places.take_place(contact, self.matching, now)
            self.serve(contact, now)

    def go_on(self, contact: QueuedContact | None, now: float) -> None:
        """The contact, given back by whoever was rung for it, looks for another agent."""
        if contact is None:
            return
        self._deadlines.cancel(RingMore(contact.id))
        if contact.overflow_at is not None and contact.overflow_at <= now:
            self.overflow(contact, now)
        else:
            self.serve(contact, now)

    def settle(self, now: float) -> None:
        """Agents who became free take what waits for them; callers of agents who left may be alone."""
        while self._registry.freed:
            agent = self._registry.freed.popleft()
            if agent.free and (contact := self.matching.first_waiting(agent)) is not None:
                self._offer(self._places.contact(contact), agent, Rule.NEXT_IN_LINE, now)
        while self._registry.gone:
            for group in self.patience.alone_without(self._registry.gone.popleft(), now):
                for rank in group.line.from_position(1):
                    self.release(self._places.contact(rank.contact), now)

    def waited_too_long(self, contact: QueuedContact, now: float) -> None:
        """While an agent is being rung, their answer is awaited."""
        if contact.place is Whereabouts.WAITING:
            self.overflow(contact, now)

    def overflow(self, contact: QueuedContact, now: float) -> None:
        self.let_go(contact)
        self._places.end_wait(contact, QueueExit.OVERFLOWED, self.matching, now)

    def leave(self, contact: QueuedContact, reason: LeaveReason, now: float) -> None:
        self.let_go(contact)
        if contact.place is Whereabouts.TALKING:
            self._places.forget(contact)
            return
        exit_ = _EXITS[reason]
        waited_s = now - contact.waits_since
        if exit_ is QueueExit.ABANDONED and waited_s < contact.queue.settings.short_abandon_s:
            exit_ = QueueExit.SHORT_ABANDONED
        self._places.end_wait(contact, exit_, self.matching, now)

    def let_go(self, contact: QueuedContact) -> None:
        """Nobody is rung for the contact any more, kept free for it, or calls its customer."""
        if contact.place is Whereabouts.CALLING:
            self._outbox.append(StopCallingCustomer(contact.id))
        self._offers.abandon(contact)
        self.unreserve(contact)

    def unreserve(self, contact: QueuedContact) -> Agent | None:
        agent, contact.reserved = contact.reserved, None
        if agent is not None:
            self._registry.reserve(agent, None)
        return agent

    def bridged(self, contact: QueuedContact, now: float) -> None:
        self._places.end_wait(contact, QueueExit.ANSWERED, self.matching, now)

    def conversation_over(self, contact: QueuedContact, now: float, *, lost: bool) -> None:
        """A caller whose agent was lost has waited all along and waits on; any other is with the flow."""
        queue = self._places.find_queue(contact.queue.id)
        if not lost or queue is None:
            self._places.forget(contact)
            return
        contact.queue, contact.offers, contact.place = queue, [], Whereabouts.WAITING
        contact.waits_since, contact.released, contact.expected = now, True, None
        contact.rank = contact.rank._replace(given_back=0)
        contact.group = self.matching.group(contact.group_key)
        self._outbox.append(ReturnToQueue(contact.id))
        self.patience.begin(contact, now)
        self._places.take_place(contact, self.matching, now)
        self.serve(contact, now)

    def relax(self, contact: QueuedContact, now: float) -> None:
        if self.patience.relax(contact, now):
            self._changed(contact, now)

    def release(self, contact: QueuedContact, now: float) -> None:
        """The contact no longer waits for one agent alone."""
        contact.released = True
        self._changed(contact, now)

    def nobody_came(self, key: GroupKey, now: float) -> None:
        """These callers have been without anybody who could serve them for as long as their queue allows."""
        group = self.matching.group(key)
        if not self.patience.is_alone(group):
            return
        ranks = group.line.from_position(1, LEFT_AT_ONCE + 1)
        for rank in ranks[:LEFT_AT_ONCE]:
            self._left_alone(self._places.contact(rank.contact), now)
        if len(ranks) > LEFT_AT_ONCE and group.line.first() != ranks[0]:
            self._deadlines.set(NobodyCame(key.queue, key.requirement), now + LEAVE_NEXT_S)

    def regroup(self, contact: QueuedContact, now: float) -> None:
        """Other settings apply: the contact is sorted in anew, and looks for an agent in `settle`."""
        contact.group = self.matching.group(contact.group_key)
        self.adopt(contact)
        self.patience.begin(contact, now)
        if contact.place is Whereabouts.WAITING and self.patience.is_hopeless(contact):
            self._places.end_wait(contact, QueueExit.NOBODY, self.matching, now)

    def look_again(self, agent: Agent) -> None:
        """The agent, free already, may take contacts that they could not before."""
        self._registry.freed.append(agent)

    def ring_more(self, contact: QueuedContact, now: float) -> None:
        """One more agent for a contact that is being rung for, and so on until enough are."""
        if contact.place is not Whereabouts.OFFERED:
            return
        chosen, rule = self.choice.agents_for(contact, self.matching)
        for agent in chosen:
            self._offers.make(contact, agent, rule, now)
        self._await_more(contact, now)

    def serve(self, contact: QueuedContact, now: float) -> None:
        """A callback that may not be made yet has its place and waits for nobody."""
        if not contact.due:
            return
        chosen, rule = self.choice.agents_for(contact, self.matching)
        if not chosen:
            self.wait(contact)
        for agent in chosen:
            self._offer(contact, agent, rule, now)
            if contact.place is Whereabouts.CALLING:
                break

    def offer_to(self, contact: QueuedContact, agent: Agent, now: float) -> None:
        """The agent was kept free for the contact."""
        self._offer(contact, agent, Rule.KEPT_FREE, now)

    def wait(self, contact: QueuedContact) -> None:
        """For an agent who looks for a contact."""
        if not contact.due:
            return
        self.matching.add_waiting(contact.group, contact.rank)

    def _offer(self, contact: QueuedContact, agent: Agent, rule: Rule, now: float) -> None:
        self.matching.remove_waiting(contact.group, contact.rank)
        if contact.callback is CallFirst.CUSTOMER:
            contact.place, contact.reserved = Whereabouts.CALLING, agent
            self._registry.reserve(agent, contact.id)
            self._outbox.append(CallCustomer(contact.id, None))
            return
        self._offers.make(contact, agent, rule, now)
        self._await_more(contact, now)

    def _await_more(self, contact: QueuedContact, now: float) -> None:
        settings = contact.queue.settings
        if settings.strategy is Strategy.PROGRESSIVE and len(contact.offers) < settings.ring_at_most:
            self._deadlines.set(RingMore(contact.id), now + settings.ring_more_every_s)

    def _too_long(self, contact: QueuedContact, now: float) -> bool:
        """The line, or the wait that a newcomer has to expect; what is expected is kept to be judged."""
        settings, line = contact.queue.settings, contact.queue.line
        contact.expected = self._places.expect(contact, now)
        if settings.max_length is not None and len(line) >= settings.max_length:
            return True
        longest_s, expected = settings.max_expected_wait_s, contact.expected
        return longest_s is not None and expected is not None and expected.mean_s > longest_s

    def _left_alone(self, contact: QueuedContact, now: float) -> None:
        relaxes = contact.queue.settings.relax_when_nobody
        if relaxes and self.patience.relax_until_attended(contact, now):
            self._changed(contact, now)
        elif self.patience.gives_up(contact):
            self._places.end_wait(contact, QueueExit.NOBODY, self.matching, now)

    def _changed(self, contact: QueuedContact, now: float) -> None:
        """What the contact waits for is another thing; its place is the same."""
        self.matching.remove_waiting(contact.group, contact.rank)
        self.matching.leave(contact.group)
        contact.group = self.matching.group(contact.group_key)
        self.matching.join(contact.group)
        if contact.place is Whereabouts.WAITING:
            self.serve(contact, now)
            self.patience.mind(contact, now)
