"""Everything that dispatch knows, as plain JSON values and back.

Only what later decisions follow from is kept: the indexes are made anew from agents and contacts.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from acd.agent_registry import AgentRegistry
from acd.agent_state import AcdError, AgentFacts, derive
from acd.agents import Agent, Record
from acd.deadlines import DispatchTimer
from acd.event_json import settings_from_json, settings_to_json
from acd.events import CallFirst
from acd.expected_wait import ExpectedWait, QueueHistory
from acd.line import Rank
from acd.parts import DispatchParts
from acd.places import AgentOffer, ContactQueue, QueuedContact, Whereabouts, Wishes, group_key
from acd.settings import AcdSettings, AgentSettings, QueueSettings, orders_needed
from contacts.ids import AgentId, ContactId, OfferId, QueueId

VERSION = 1


class NotAStateError(AcdError):
    """A JSON value from which dispatch cannot go on."""


class AgentRecord(Struct, frozen=True):
    """An agent; settings only where the state's own no longer name them."""

    name: AgentId
    since: float
    idle_since: float
    turn: int
    facts: AgentFacts
    paused_until: float | None
    misses: int
    record: Record
    reserved_for: ContactId | None
    wraps_up: ContactId | None
    wraps_up_for: QueueId | None
    leaving: dict[str, Any] | None = None


class ContactRecord(Struct, frozen=True):
    """A contact, waiting or talking."""

    rank: Rank
    queue: QueueId
    wishes: Wishes
    enqueued_at: float
    waits_since: float
    relaxed: int
    released: bool
    callback: CallFirst | None
    due: bool
    reserved: AgentId | None
    place: Whereabouts
    offers: tuple[OfferId, ...]
    expected: ExpectedWait | None
    announced_position: int
    announced_at: float


class OfferRecord(Struct, frozen=True):
    """An agent's leg, with the settings of its queue as they were when the agent was rung."""

    id: OfferId
    agent: AgentId
    queue: dict[str, Any]
    contact: ContactId | None
    answered: bool
    conversed: bool
    agent_keeps_turn: bool
    since: float
    rang_s: float
    served: ContactId | None
    held: bool


class QueueRecord(Struct, frozen=True):
    """What a queue remembers beside who is in it."""

    name: QueueId
    history: QueueHistory
    share: float
    share_at: float | None
    last_rung: AgentId | None
    improving_from: Rank | None
    improving_next: Rank | None


class DispatchRecord(Struct, frozen=True):
    """The whole of it."""

    version: int
    now: float
    settings: AcdSettings
    turns: int
    arrivals: int
    offers_made: int
    draws: int
    agents: tuple[AgentRecord, ...]
    queues: tuple[QueueRecord, ...]
    contacts: tuple[ContactRecord, ...]
    offers: tuple[OfferRecord, ...]
    timers: tuple[tuple[float, DispatchTimer], ...]


def state_of(settings: AcdSettings, now: float, parts: DispatchParts) -> dict[str, object]:
    registry, places, offers = parts.registry, parts.places, parts.offers
    record = DispatchRecord(
        version=VERSION,
        now=now,
        settings=settings,
        turns=registry.turns,
        arrivals=places.arrivals,
        offers_made=offers.made,
        draws=parts.assignment.choice.draws,
        agents=tuple(_agent_record(agent) for agent in registry.all() if registry.find(agent.id) is agent),
        queues=tuple(map(_queue_record, places.queues())),
        contacts=tuple(map(_contact_record, places.contacts())),
        offers=tuple(map(_offer_record, offers.all())),
        timers=tuple(parts.deadlines.in_order()),
    )
    plain: dict[str, object] = msgspec.to_builtins(record, enc_hook=settings_to_json)
    return plain


def read_state(state: Mapping[str, object]) -> DispatchRecord:
    try:
        record = msgspec.convert(state, DispatchRecord, dec_hook=settings_from_json)
    except (msgspec.ValidationError, ValueError) as error:
        raise NotAStateError(str(error)) from None
    if record.version != VERSION:
        raise NotAStateError(f"version {record.version} is not known, only {VERSION}")
    return record


def take_over(record: DispatchRecord, parts: DispatchParts) -> None:
    """Fills the parts of a core that has no agents and knows of no contact."""
    try:
        _take_over_agents(record, parts)
        _take_over_contacts(record, parts)
    except (KeyError, ValueError, AcdError) as error:
        raise NotAStateError(f"contradicts itself: {error}") from None
    for at, timer in record.timers:
        parts.deadlines.set(timer, at)


def _take_over_agents(record: DispatchRecord, parts: DispatchParts) -> None:
    by_name = {AgentId(agent.name): agent for agent in record.settings.agents}
    agents = [_agent(agent, by_name) for agent in record.agents]
    parts.registry.adopt(agents, orders_needed(record.settings.queues))
    parts.registry.turns = record.turns
    parts.assignment.index(parts.registry)
    parts.assignment.choice.draws = record.draws


def _take_over_contacts(record: DispatchRecord, parts: DispatchParts) -> None:
    places, offers = parts.places, parts.offers
    places.configure(record.settings.queues)
    places.arrivals, offers.made = record.arrivals, record.offers_made
    for queue in record.queues:
        known = places.queue(queue.name)
        known.last_rung, known.history = queue.last_rung, queue.history
        known.share, known.share_at = queue.share, queue.share_at
        known.improving_from, known.improving_next = queue.improving_from, queue.improving_next
    contacts = {kept.rank.contact: _contact(kept, parts) for kept in record.contacts}
    for offer in record.offers:
        offers.adopt(_offer(offer, parts.registry, contacts))
    for kept in record.contacts:
        contact = contacts[kept.rank.contact]
        contact.offers = [offers.get(each) for each in kept.offers]
        places.adopt(contact)
        parts.assignment.adopt(contact)


def _agent_record(agent: Agent) -> AgentRecord:
    return AgentRecord(
        agent.id,
        agent.since,
        agent.idle_since,
        agent.turn,
        agent.facts,
        agent.paused_until,
        agent.misses,
        agent.record,
        agent.reserved_for,
        agent.wraps_up,
        agent.wraps_up_for,
        agent.settings.model_dump(mode="json") if agent.leaving else None,
    )


def _agent(kept: AgentRecord, by_name: Mapping[AgentId, AgentSettings]) -> Agent:
    leaving = kept.leaving is not None
    settings = AgentSettings.model_validate(kept.leaving) if leaving else by_name[kept.name]
    agent = Agent(settings, 0, kept.since, kept.idle_since, kept.turn, kept.record)
    agent.facts, agent.state = kept.facts, derive(kept.facts)
    agent.reserved_for = kept.reserved_for
    agent.wraps_up, agent.wraps_up_for = kept.wraps_up, kept.wraps_up_for
    agent.paused_until, agent.misses, agent.leaving = kept.paused_until, kept.misses, leaving
    return agent


def _contact_record(contact: QueuedContact) -> ContactRecord:
    return ContactRecord(
        contact.rank,
        contact.queue.id,
        contact.wishes,
        contact.enqueued_at,
        contact.waits_since,
        contact.relaxed,
        contact.released,
        contact.callback,
        contact.due,
        contact.reserved.id if contact.reserved else None,
        contact.place,
        tuple(offer.id for offer in contact.offers),
        contact.expected,
        contact.announced_position,
        contact.announced_at,
    )


def _contact(kept: ContactRecord, parts: DispatchParts) -> QueuedContact:
    """A caller who talks may have come through a queue that is gone; its name is all that is left of it."""
    queue = parts.places.find_queue(kept.queue) or ContactQueue(QueueSettings(name=kept.queue))
    key = group_key(queue, kept.wishes, relaxed=kept.relaxed, released=kept.released)
    group = parts.assignment.matching.group(key)
    contact = QueuedContact(kept.rank, queue, group, kept.wishes, kept.enqueued_at, kept.waits_since)
    contact.relaxed, contact.released, contact.place = kept.relaxed, kept.released, kept.place
    contact.expected, contact.callback, contact.due = kept.expected, kept.callback, kept.due
    contact.reserved = parts.registry.find(kept.reserved) if kept.reserved is not None else None
    contact.announced_position, contact.announced_at = kept.announced_position, kept.announced_at
    return contact


def _queue_record(queue: ContactQueue) -> QueueRecord:
    return QueueRecord(
        queue.id,
        queue.history,
        queue.share,
        queue.share_at,
        queue.last_rung,
        queue.improving_from,
        queue.improving_next,
    )


def _offer_record(offer: AgentOffer) -> OfferRecord:
    return OfferRecord(
        offer.id,
        offer.agent.id,
        offer.queue.model_dump(mode="json"),
        offer.contact.id if offer.contact else None,
        offer.answered,
        offer.conversed,
        offer.agent_keeps_turn,
        offer.since,
        offer.rang_s,
        offer.served,
        offer.held,
    )


def _offer(
    kept: OfferRecord, registry: AgentRegistry, contacts: Mapping[ContactId, QueuedContact]
) -> AgentOffer:
    return AgentOffer(
        kept.id,
        registry.agent(kept.agent),
        QueueSettings.model_validate(kept.queue),
        contacts[kept.contact] if kept.contact is not None else None,
        answered=kept.answered,
        conversed=kept.conversed,
        agent_keeps_turn=kept.agent_keeps_turn,
        since=kept.since,
        rang_s=kept.rang_s,
        served=kept.served,
        held=kept.held,
    )
