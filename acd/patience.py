"""What a contact that waits gives up as time goes by: an agent of its own, a level of a skill, the queue."""

from acd.agent_registry import AgentRegistry
from acd.agents import Agent
from acd.deadlines import AgentWaitOver, DispatchDeadlines, NobodyCame, RelaxDue
from acd.effects import Effect, RequirementRelaxed
from acd.matching import GroupKey, Matching, RequirementGroup
from acd.places import QueuedContact, Whereabouts
from acd.queue_places import QueuePlaces
from acd.relaxation import required_after
from acd.settings import NoAgents, QueueSettings


class Patience:
    """Judges by who is signed in, not by who is free."""

    matching: Matching

    def __init__(
        self, registry: AgentRegistry, queues: QueuePlaces, deadlines: DispatchDeadlines, outbox: list[Effect]
    ) -> None:
        self._registry = registry
        self._queues = queues
        self._deadlines = deadlines
        self._outbox = outbox

    def hopes(self, contact: QueuedContact, now: float) -> bool:
        """Whether a newcomer may wait; whoever is only for an agent who is not there is for everybody."""
        if not contact.released:
            if self._attended(contact.group):
                return True
            contact.released = True
        if contact.queue.settings.relax_when_nobody:
            self.relax_until_attended(contact, now)
        if contact.callback is not None:
            return not self.is_hopeless(contact)
        contact.group = self.matching.group(contact.group_key)
        return not self.is_hopeless(contact) and (
            contact.queue.settings.no_agents is NoAgents.WAIT or self._attended(self._last_hope(contact))
        )

    def is_hopeless(self, contact: QueuedContact) -> bool:
        """Nobody is configured who could take the contact, even when all steps of relaxation are taken."""
        return not contact.group.qualified and not self._last_hope(contact).qualified

    def begin(self, contact: QueuedContact, now: float) -> None:
        if not contact.released:
            self._deadlines.set(AgentWaitOver(contact.id), contact.waits_since + contact.wishes.agent_wait_s)
        self._schedule_relaxation(contact)
        self.mind(contact, now)

    def mind(self, contact: QueuedContact, now: float) -> None:
        """Whoever waits for people who are not there is looked after later."""
        waits = contact.released and contact.place is Whereabouts.WAITING
        if waits and not self._attended(contact.group):
            self._look_after(contact.group.key, contact.queue.settings, now)

    def relax(self, contact: QueuedContact, now: float) -> bool:
        """Takes the next step; says whether it changes what is required."""
        step = contact.queue.settings.relax[contact.relaxed]
        before = contact.group_key
        contact.relaxed += 1
        self._schedule_relaxation(contact)
        if contact.group_key == before:
            return False
        waited_s = now - contact.enqueued_at
        self._outbox.append(RequirementRelaxed(contact.id, step.skill, step.level, waited_s))
        return True

    def relax_until_attended(self, contact: QueuedContact, now: float) -> bool:
        """Takes no step if none helps."""
        steps = contact.queue.settings.relax
        for taken in range(contact.relaxed, len(steps) + 1):
            if self._attended(self.matching.group(_key_after(contact, taken))):
                while contact.relaxed < taken:
                    self.relax(contact, now)
                return True
        return False

    def alone_without(self, agent: Agent, now: float) -> list[RequirementGroup]:
        """Looks after callers whom nobody who is signed in could serve since the agent left; returns those
        who were for that agent alone."""
        left: list[RequirementGroup] = []
        for group in self.matching.unattended(agent, self._registry.availability.signed_in):
            if group.key.only is None:
                self._look_after(group.key, self._queues.queue(group.key.queue).settings, now)
            else:
                left.append(group)
        return left

    def gives_up(self, contact: QueuedContact) -> bool:
        """The contact, alone for as long as its queue allows, leaves."""
        leaves = contact.callback is None and contact.queue.settings.no_agents is NoAgents.OVERFLOW
        return leaves and not self._attended(self._last_hope(contact))

    def is_alone(self, group: RequirementGroup) -> bool:
        return not self._attended(group)

    def _look_after(self, key: GroupKey, queue: QueueSettings, now: float) -> None:
        timer = NobodyCame(key.queue, key.requirement)
        cares = queue.no_agents is NoAgents.OVERFLOW or queue.relax_when_nobody
        if cares and not self._deadlines.is_set(timer):
            self._deadlines.set(timer, now + queue.no_agents_after_s)

    def _schedule_relaxation(self, contact: QueuedContact) -> None:
        steps = contact.queue.settings.relax
        if contact.relaxed < len(steps):
            due = contact.enqueued_at + steps[contact.relaxed].after_s
            self._deadlines.set(RelaxDue(contact.id), due)
        else:
            self._deadlines.cancel(RelaxDue(contact.id))

    def _attended(self, group: RequirementGroup) -> bool:
        return bool(group.qualified & self._registry.availability.signed_in)

    def _last_hope(self, contact: QueuedContact) -> RequirementGroup:
        return self.matching.group(_key_after(contact, len(contact.queue.settings.relax)))


def _key_after(contact: QueuedContact, steps: int) -> GroupKey:
    required = required_after(contact.queue.settings, contact.wishes.requirement, steps)
    return GroupKey(contact.queue.id, required)
