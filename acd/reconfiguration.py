"""Other agents and queues from here on, while callers wait and talk."""

from acd.parts import DispatchParts
from acd.places import QueuedContact, Whereabouts
from acd.queue_places import QueuePlaces, ranked
from acd.settings import AcdSettings, orders_needed


def reconfigure(settings: AcdSettings, parts: DispatchParts, now: float) -> None:
    """Whole, in one decision: callers of a queue that is gone overflow, everybody else waits by the new rules
    with the age they have. Whoever talks goes on talking."""
    for queue in parts.places.configure(settings.queues):
        for rank in queue.line.from_position(1):
            parts.assignment.overflow(parts.places.contact(rank.contact), now)
    parts.registry.configure(settings.agents, orders_needed(settings.queues), now)
    parts.assignment.index(parts.registry)
    for contact in parts.places.contacts():
        if contact.place is not Whereabouts.TALKING:
            _sort_in(contact, parts.places)
            parts.assignment.regroup(contact, now)
    _give_up_leaving(parts, now)
    for agent in parts.registry.all():
        if agent.free:
            parts.assignment.look_again(agent)


def _give_up_leaving(parts: DispatchParts, now: float) -> None:
    """Contacts for whom an agent who is no longer configured was being rung wait again."""
    for offer in parts.offers.all():
        if offer.agent.leaving and not offer.answered:
            contact = parts.offers.take_back(offer, now, missed=False)
            if contact is not None:
                parts.assignment.wait(contact)


def _sort_in(contact: QueuedContact, places: QueuePlaces) -> None:
    contact.relaxed = min(contact.relaxed, len(contact.queue.settings.relax))
    contact.queue.line.remove(contact.rank)
    rank = ranked(
        contact.queue.settings,
        contact.wishes.priority,
        contact.enqueued_at,
        contact.rank.arrival,
        contact.id,
    )
    contact.rank = rank._replace(given_back=contact.rank.given_back)
    contact.queue.line.add(contact.rank)
    places.schedule_overflow(contact)
