"""Dispatch at one moment, for status pages."""

from collections.abc import Callable
from dataclasses import dataclass

from acd.agent_state import AgentFacts, AgentState
from acd.agents import Agent
from acd.places import AgentOffer, ContactQueue, QueuedContact, Whereabouts
from contacts.ids import AgentId, ContactId, OfferId, QueueId


@dataclass(frozen=True, slots=True)
class AgentSnapshot:
    """An agent's state with the facts that it follows from."""

    agent: AgentId
    display: str
    state: AgentState
    since: float
    facts: AgentFacts
    resting_until: float | None
    contact: ContactId | None
    """Whom they are being rung for or talk with."""


@dataclass(frozen=True, slots=True)
class WaitingSnapshot:
    """A contact in a queue; while an agent is rung for it, it keeps its position."""

    contact: ContactId
    position: int
    waited_s: float
    rings: AgentId | None


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """A queue with everybody in it, first in line first."""

    queue: QueueId
    waiting: tuple[WaitingSnapshot, ...]
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class DispatchSnapshot:
    """All agents and all queues."""

    agents: tuple[AgentSnapshot, ...]
    queues: tuple[QueueSnapshot, ...]


def agent_status(agent: Agent, offer_of: Callable[[OfferId], AgentOffer]) -> AgentSnapshot:
    leg = agent.facts.talking or agent.facts.ringing
    contact = offer_of(leg).contact if leg is not None else None
    return AgentSnapshot(
        agent=agent.id,
        display=agent.settings.display or agent.settings.name,
        state=agent.state,
        since=agent.since,
        facts=agent.facts,
        resting_until=agent.rest_until,
        contact=contact.id if contact else None,
    )


def queue_status(
    queue: ContactQueue, contact_of: Callable[[ContactId], QueuedContact], now: float
) -> QueueSnapshot:
    waiting = tuple(
        _waiting_status(contact_of(rank.contact), position, now)
        for position, rank in enumerate(queue.line.from_position(1), 1)
    )
    longest = max((status.waited_s for status in waiting), default=0.0)
    return QueueSnapshot(QueueId(queue.settings.name), waiting, longest)


def _waiting_status(contact: QueuedContact, position: int, now: float) -> WaitingSnapshot:
    rung = contact.offer.agent.id if contact.offer and contact.place is Whereabouts.OFFERED else None
    return WaitingSnapshot(contact.id, position, now - contact.rank.enqueued_at, rung)
