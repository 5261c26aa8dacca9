"""The queues: joining, keeping one's place, hearing it, and leaving with exactly one outcome."""

from collections.abc import Iterable

from acd.agent_registry import NotConfiguredError
from acd.agent_state import AcdError
from acd.deadlines import (
    AgentWaitOver,
    AnnouncementDue,
    DispatchDeadlines,
    ImprovementDue,
    RelaxDue,
    RingMore,
    WaitTooLong,
)
from acd.effects import AnnouncePosition, Effect, QueueStayEnded
from acd.events import ContactEnqueued
from acd.expected_wait import ExpectedWait
from acd.foresight import Foresight
from acd.line import Rank
from acd.matching import Matching
from acd.places import AgentOffer, ContactQueue, QueuedContact, Whereabouts, Wishes, group_key
from acd.settings import QueueSettings
from contacts.ids import ContactId, QueueId
from contacts.outcomes import QueueExit

IMPROVED_AT_ONCE = 50
"""How many callers hear in one go that they moved up; those behind them hear it a moment later."""
IMPROVED_NEXT_S = 0.5


_GAVE_UP = frozenset({QueueExit.ABANDONED, QueueExit.SHORT_ABANDONED})


class ContactAlreadyHereError(AcdError):
    """A caller is in one place: they wait or talk already."""


class QueuePlaces:
    """Every queue, and every contact from joining one until its conversation is over."""

    def __init__(
        self,
        settings: tuple[QueueSettings, ...],
        foresight: Foresight,
        deadlines: DispatchDeadlines,
        outbox: list[Effect],
    ) -> None:
        self.foresight = foresight
        self.arrivals = 0
        self._queues = {QueueId(queue.name): ContactQueue(queue) for queue in settings}
        self._contacts: dict[ContactId, QueuedContact] = {}
        self._deadlines = deadlines
        self._outbox = outbox

    def configure(self, settings: Iterable[QueueSettings]) -> list[ContactQueue]:
        """Queues new and changed; those that are gone, with whoever is still in them, are returned."""
        known, self._queues = self._queues, {}
        for queue_settings in settings:
            name = QueueId(queue_settings.name)
            queue = known.pop(name, None) or ContactQueue(queue_settings)
            queue.settings = queue_settings
            self._queues[name] = queue
        return list(known.values())

    def adopt(self, contact: QueuedContact) -> None:
        """Takes over a contact that an earlier one had."""
        self._contacts[contact.id] = contact
        if contact.place is not Whereabouts.TALKING:
            contact.queue.line.add(contact.rank)

    def queue(self, queue: QueueId) -> ContactQueue:
        if queue not in self._queues:
            raise NotConfiguredError(f"no queue is named {queue!r}")
        return self._queues[queue]

    def find_queue(self, queue: QueueId) -> ContactQueue | None:
        return self._queues.get(queue)

    def queues(self) -> tuple[ContactQueue, ...]:
        return tuple(self._queues.values())

    def contact(self, contact: ContactId) -> QueuedContact:
        return self._contacts[contact]

    def find(self, contact: ContactId) -> QueuedContact | None:
        return self._contacts.get(contact)

    def contacts(self) -> tuple[QueuedContact, ...]:
        return tuple(self._contacts.values())

    def refuse_if_here(self, contact: ContactId) -> None:
        if contact in self._contacts:
            raise ContactAlreadyHereError(f"contact {contact} is in a queue or a conversation already")

    def newcomer(self, event: ContactEnqueued, matching: Matching, now: float) -> QueuedContact:
        """A contact that is not in its queue yet."""
        queue = self.queue(event.queue)
        wishes = Wishes(
            event.requirement,
            event.priority,
            event.max_wait_s,
            event.announce_every_s,
            event.preferred,
            event.agent,
            event.agent_wait_s,
        )
        self.arrivals += 1
        since = now - event.age_s
        rank = ranked(queue.settings, wishes.priority, since, self.arrivals, event.contact)
        released = wishes.agent is None or wishes.agent_wait_s <= 0
        key = group_key(queue, wishes, relaxed=0, released=released)
        contact = QueuedContact(rank, queue, matching.group(key), wishes, since, now, released=released)
        contact.callback, contact.due = event.callback, event.due
        return contact

    def take_place(self, contact: QueuedContact, matching: Matching, now: float) -> None:
        """Also announces the position, even if an agent is rung at once: nobody has answered yet."""
        self._contacts[contact.id] = contact
        matching.join(contact.group)
        contact.queue.line.add(contact.rank)
        self.schedule_overflow(contact)
        self._announce(contact, contact.queue.line.position(contact.rank), now, contact.expected)

    def expect(self, contact: QueuedContact, now: float) -> ExpectedWait | None:
        """Of a newcomer, by the place that they would have."""
        return self._expect(contact, contact.queue.line.position(contact.rank) - 1, now)

    def call_handled(self, offer: AgentOffer, now: float) -> None:
        """A conversation is over; its wrap-up will last as long as the queue says."""
        queue = self._queues.get(QueueId(offer.queue.name))
        if queue is not None:
            lasted_s = offer.rang_s + (now - offer.since) + offer.queue.wrap_up_s
            queue.history.call_handled(lasted_s, now)

    def end_wait(self, contact: QueuedContact, outcome: QueueExit, matching: Matching, now: float) -> None:
        """The contact leaves its queue; unless it was answered, dispatch forgets it."""
        for timer in (AnnouncementDue, WaitTooLong, RelaxDue, AgentWaitOver, RingMore):
            self._deadlines.cancel(timer(contact.id))
        matching.remove_waiting(contact.group, contact.rank)
        matching.leave(contact.group)
        queue = contact.queue
        position = queue.line.position(contact.rank)
        queue.line.remove(contact.rank)
        waited_s = now - contact.waits_since
        expected_s = contact.expected.mean_s if contact.expected else None
        self._outbox.append(QueueStayEnded(contact.id, queue.id, outcome, waited_s, expected_s))
        self._remember(contact, outcome, waited_s)
        if outcome is QueueExit.ANSWERED:
            contact.place = Whereabouts.TALKING
        else:
            self.forget(contact)
        if queue.settings.announce_improvement and position <= len(queue.line):
            self._improved(queue, position, now)

    def keep(self, contact: QueuedContact) -> None:
        """The caller is no longer on the line to hear anything, or to lose patience."""
        self._deadlines.cancel(AnnouncementDue(contact.id))
        self._deadlines.cancel(WaitTooLong(contact.id))

    def regain(self, contact: QueuedContact, now: float) -> None:
        """The customer is on the line again, at their place and with their age."""
        contact.waits_since = now
        self.schedule_overflow(contact)
        self.announce(contact, now)

    def forget(self, contact: QueuedContact) -> None:
        del self._contacts[contact.id]

    def schedule_overflow(self, contact: QueuedContact) -> None:
        if contact.overflow_at is None:
            self._deadlines.cancel(WaitTooLong(contact.id))
        else:
            self._deadlines.set(WaitTooLong(contact.id), contact.overflow_at)

    def announce(self, contact: QueuedContact, now: float) -> None:
        self._announce(contact, contact.queue.line.position(contact.rank), now)

    def go_on_improving(self, name: QueueId, now: float) -> None:
        """The next callers of a sweep under way; another one begins when it is done."""
        queue = self._queues.get(name)
        if queue is None or queue.improving_from is None:
            return
        further = self._announce_improved(queue, queue.line.position(queue.improving_from), now)
        if further is None:
            further, queue.improving_next = queue.improving_next, None
        queue.improving_from = further
        if further is not None:
            self._deadlines.set(ImprovementDue(queue.id), now + IMPROVED_NEXT_S)

    def _improved(self, queue: ContactQueue, position: int, now: float) -> None:
        further = self._announce_improved(queue, position, now)
        if further is None:
            return
        if queue.improving_from is None:
            queue.improving_from = further
            self._deadlines.set(ImprovementDue(queue.id), now + IMPROVED_NEXT_S)
        elif queue.improving_next is None or further < queue.improving_next:
            queue.improving_next = further

    def _announce_improved(self, queue: ContactQueue, start: int, now: float) -> Rank | None:
        """From a position on, to so many callers at once; says who is next."""
        ranks = queue.line.from_position(start, IMPROVED_AT_ONCE + 1)
        for position, rank in enumerate(ranks[:IMPROVED_AT_ONCE], start):
            contact = self._contacts[rank.contact]
            quiet_s = now - contact.announced_at
            heard = contact.callback is None and position < contact.announced_position
            if heard and quiet_s >= queue.settings.announce_gap_s:
                self._announce(contact, position, now)
        return ranks[IMPROVED_AT_ONCE] if len(ranks) > IMPROVED_AT_ONCE else None

    def _announce(
        self, contact: QueuedContact, position: int, now: float, expected: ExpectedWait | None = None
    ) -> None:
        if contact.callback is not None:
            return
        contact.announced_position, contact.announced_at = position, now
        if contact.announce_every_s > 0:
            self._deadlines.set(AnnouncementDue(contact.id), now + contact.announce_every_s)
        expected = expected or self._expect(contact, position - 1, now)
        self._outbox.append(AnnouncePosition(contact.id, position, len(contact.queue.line), expected))

    def _expect(self, contact: QueuedContact, ahead: int, now: float) -> ExpectedWait | None:
        self.foresight.refresh(contact.queue, self._queues, now)
        return self.foresight.expect(contact.queue, contact.group.qualified, ahead)

    def _remember(self, contact: QueuedContact, outcome: QueueExit, waited_s: float) -> None:
        history = contact.queue.history
        history.wait_over(waited_s, gave_up=outcome in _GAVE_UP)
        if outcome is QueueExit.ANSWERED:
            history.foretold_wait(contact.expected, waited_s)


def ranked(settings: QueueSettings, priority: int, since: float, arrival: int, contact: ContactId) -> Rank:
    """A contact's place among all that wait, by the rules of its queue.

    Where a step of priority is worth a time of waiting, the credit is part of the place: who came earlier by
    more than that is still ahead, and nobody's place changes as time goes by.
    """
    if settings.priority_step_s is None:
        return Rank(1, -settings.weight, -priority, since, arrival, contact)
    return Rank(1, -settings.weight, 0, since - priority * settings.priority_step_s, arrival, contact)
