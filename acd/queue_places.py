"""The queues: joining, keeping one's place, hearing it, and leaving with exactly one outcome."""

from itertools import count

from acd.agent_registry import NotConfiguredError
from acd.agent_state import AcdError
from acd.deadlines import AnnouncementDue, Deadlines, WaitTooLong
from acd.effects import AnnouncePosition, ContactOutcome, Effect, Outcome
from acd.events import ContactEnqueued
from acd.line import Rank
from acd.matching import RequirementGroup
from acd.places import ContactQueue, QueuedContact, Whereabouts
from acd.settings import QueueSettings
from contacts.ids import ContactId, QueueId


class ContactAlreadyHereError(AcdError):
    """A caller is in one place: they wait or talk already."""


class QueuePlaces:
    """Every queue, and every contact from joining one until its conversation is over."""

    def __init__(
        self, settings: tuple[QueueSettings, ...], deadlines: Deadlines, outbox: list[Effect]
    ) -> None:
        self._queues = {QueueId(queue.name): ContactQueue(queue) for queue in settings}
        self._contacts: dict[ContactId, QueuedContact] = {}
        self._arrivals = count()
        self._deadlines = deadlines
        self._outbox = outbox

    def queue(self, queue: QueueId) -> ContactQueue:
        if queue not in self._queues:
            raise NotConfiguredError(f"no queue is named {queue!r}")
        return self._queues[queue]

    def queues(self) -> tuple[ContactQueue, ...]:
        return tuple(self._queues.values())

    def contact(self, contact: ContactId) -> QueuedContact:
        return self._contacts[contact]

    def find(self, contact: ContactId) -> QueuedContact | None:
        return self._contacts.get(contact)

    def refuse_if_here(self, contact: ContactId) -> None:
        if contact in self._contacts:
            raise ContactAlreadyHereError(f"contact {contact} is in a queue or a conversation already")

    def join(self, event: ContactEnqueued, group: RequirementGroup, now: float) -> QueuedContact:
        """Also announces the position, even if an agent is rung at once: nobody has answered yet."""
        queue = self.queue(event.queue)
        max_wait_s = queue.settings.max_wait_s if event.max_wait_s is None else event.max_wait_s
        every_s = event.announce_every_s
        if every_s is None:
            every_s = queue.settings.announce_every_s
        rank = Rank(-event.priority, now, next(self._arrivals), event.contact)
        overflow_at = None if max_wait_s is None else now + max_wait_s
        contact = QueuedContact(rank, queue, group, overflow_at, every_s)
        self._contacts[contact.id] = contact
        queue.line.add(rank)
        if contact.overflow_at is not None:
            self._deadlines.set(WaitTooLong(contact.id), contact.overflow_at)
        self.announce(contact, now)
        return contact

    def end_wait(self, contact: QueuedContact, outcome: Outcome, now: float) -> None:
        """The contact leaves its queue; unless it was answered, dispatch forgets it."""
        self._deadlines.cancel(AnnouncementDue(contact.id))
        self._deadlines.cancel(WaitTooLong(contact.id))
        if contact.place is Whereabouts.WAITING:
            contact.group.remove_waiting(contact.rank)
        contact.queue.line.remove(contact.rank)
        queue = QueueId(contact.queue.settings.name)
        self._outbox.append(ContactOutcome(contact.id, queue, outcome, now - contact.rank.enqueued_at))
        if outcome is Outcome.ANSWERED:
            contact.place = Whereabouts.TALKING
        else:
            self.forget(contact)
        if contact.queue.settings.announce_improvement:
            self._announce_improved(contact.queue, contact.rank, now)

    def forget(self, contact: QueuedContact) -> None:
        del self._contacts[contact.id]

    def announce(self, contact: QueuedContact, now: float) -> None:
        self._announce(contact, contact.queue.line.position(contact.rank), now)

    def _announce_improved(self, queue: ContactQueue, left: Rank, now: float) -> None:
        start = queue.line.position(left)
        for position, rank in enumerate(queue.line.from_position(start), start):
            contact = self._contacts[rank.contact]
            quiet_s = now - contact.announced_at
            if position < contact.announced_position and quiet_s >= queue.settings.announce_gap_s:
                self._announce(contact, position, now)

    def _announce(self, contact: QueuedContact, position: int, now: float) -> None:
        contact.announced_position, contact.announced_at = position, now
        if contact.announce_every_s > 0:
            self._deadlines.set(AnnouncementDue(contact.id), now + contact.announce_every_s)
        self._outbox.append(AnnouncePosition(contact.id, position, len(contact.queue.line)))
