"""Dispatch at one moment, for status pages: who is there, who waits and who talks."""

from dataclasses import dataclass

from acd.agent_state import AgentFacts, AgentState
from acd.agents import Agent
from acd.offers import Offers
from acd.parts import DispatchParts
from acd.places import AgentOffer, ContactQueue, QueuedContact, Whereabouts
from contacts.ids import AgentId, ContactId, QueueId


@dataclass(frozen=True, slots=True)
class AgentSnapshot:
    """An agent's state with the facts that it follows from."""

    agent: AgentId
    display: str
    state: AgentState
    since: float
    facts: AgentFacts
    break_reason: str | None
    paused_until: float | None
    """No offers until then, because they did not take the last ones."""
    misses: int
    """Offers not taken in a row."""
    contact: ContactId | None
    """Whom they are being rung for or talk with."""
    held: bool
    """That contact is on hold."""


@dataclass(frozen=True, slots=True)
class WaitingSnapshot:
    """A contact in a queue; while agents are rung for it, it keeps its position."""

    contact: ContactId
    position: int
    waited_s: float
    priority: int
    rings: tuple[AgentId, ...]
    callback: bool
    """Nobody holds the line: they are called when it is their turn."""
    calling: bool
    """They are being called now."""


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """A queue with everybody in it, first in line first."""

    queue: QueueId
    waiting: tuple[WaitingSnapshot, ...]
    longest_wait_s: float
    signed_in: int
    """Agents who serve the queue and have what it requires of them..."""
    free: int
    """...and of these, who may be offered a contact now."""
    expected_wait_s: float | None
    """What a newcomer without wishes has to expect; None: too little is known."""
    expected_wait_error_s: float
    """By how much waits differed lately from what was expected."""


@dataclass(frozen=True, slots=True)
class TalkingSnapshot:
    """A conversation that dispatch made."""

    contact: ContactId
    agent: AgentId
    queue: QueueId
    since: float
    held: bool


@dataclass(frozen=True, slots=True)
class DispatchStatus:
    """All agents, all queues, all conversations."""

    agents: tuple[AgentSnapshot, ...]
    queues: tuple[QueueSnapshot, ...]
    talking: tuple[TalkingSnapshot, ...]


def dispatch_status(parts: DispatchParts, now: float) -> DispatchStatus:
    offers, places = parts.offers, parts.places
    agents = (agent for agent in parts.registry.all() if not agent.leaving or agent.busy)
    return DispatchStatus(
        agents=tuple(_agent(agent, offers) for agent in agents),
        queues=tuple(_queue(queue, parts, now) for queue in places.queues()),
        talking=tuple(talking for offer in offers.all() if (talking := _talking(offer)) is not None),
    )


def _agent(agent: Agent, offers: Offers) -> AgentSnapshot:
    leg = agent.facts.talking or agent.facts.ringing
    offer = offers.get(leg) if leg is not None else None
    return AgentSnapshot(
        agent=agent.id,
        display=agent.settings.display or agent.settings.name,
        state=agent.state,
        since=agent.since,
        facts=agent.facts,
        break_reason=agent.facts.break_reason,
        paused_until=agent.paused_until,
        misses=agent.misses,
        contact=offer.contact.id if offer and offer.contact else None,
        held=offer is not None and offer.held,
    )


def _queue(queue: ContactQueue, parts: DispatchParts, now: float) -> QueueSnapshot:
    waiting = tuple(
        _waiting(parts.places.contact(rank.contact), position, now)
        for position, rank in enumerate(queue.line.from_position(1), 1)
    )
    longest = max((status.waited_s for status in waiting), default=0.0)
    foresight, availability = parts.places.foresight, parts.registry.availability
    able, expected = foresight.agents_of(queue), foresight.newcomer(queue)
    return QueueSnapshot(
        queue.id,
        waiting,
        longest,
        (able & availability.signed_in).bit_count(),
        (able & availability.free).bit_count(),
        expected.mean_s if expected else None,
        queue.history.error_s,
    )


def _waiting(contact: QueuedContact, position: int, now: float) -> WaitingSnapshot:
    rung = tuple(offer.agent.id for offer in contact.offers)
    return WaitingSnapshot(
        contact.id,
        position,
        now - contact.enqueued_at,
        contact.wishes.priority,
        rung,
        contact.callback is not None,
        contact.place is Whereabouts.CALLING,
    )


def _talking(offer: AgentOffer) -> TalkingSnapshot | None:
    contact = offer.contact
    if contact is None or contact.place is not Whereabouts.TALKING:
        return None
    return TalkingSnapshot(contact.id, offer.agent.id, QueueId(offer.queue.name), offer.since, offer.held)
