"""The floor at one moment, for status pages."""

from collections.abc import Callable
from dataclasses import dataclass

from acd.agent_state import AgentFacts, AgentState
from acd.agents import Agent
from acd.contacts import Contact, Offer, Place, Queue
from contacts.ids import AgentId, ContactId, OfferId, QueueId


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """An agent's state with the facts that it follows from."""

    agent: AgentId
    display: str
    state: AgentState
    since: float
    facts: AgentFacts
    resting_until: float | None
    contact: ContactId | None
    """Whom he is being rung for or talks with."""


@dataclass(frozen=True, slots=True)
class WaitingStatus:
    """A contact in a queue; while an agent is rung for it, it keeps its position."""

    contact: ContactId
    position: int
    waited_s: float
    rings: AgentId | None


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """A queue with everybody in it, first in line first."""

    queue: QueueId
    waiting: tuple[WaitingStatus, ...]
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class FloorSnapshot:
    """All agents and all queues."""

    agents: tuple[AgentStatus, ...]
    queues: tuple[QueueStatus, ...]


def agent_status(agent: Agent, offer_of: Callable[[OfferId], Offer]) -> AgentStatus:
    leg = agent.facts.talking or agent.facts.ringing
    contact = offer_of(leg).contact if leg is not None else None
    return AgentStatus(
        agent=agent.id,
        display=agent.settings.display or agent.settings.name,
        state=agent.state,
        since=agent.since,
        facts=agent.facts,
        resting_until=agent.rest_until,
        contact=contact.id if contact else None,
    )


def queue_status(queue: Queue, contact_of: Callable[[ContactId], Contact], now: float) -> QueueStatus:
    waiting = tuple(
        _waiting_status(contact_of(rank.contact), position, now)
        for position, rank in enumerate(queue.line.from_position(1), 1)
    )
    longest = max((status.waited_s for status in waiting), default=0.0)
    return QueueStatus(QueueId(queue.settings.name), waiting, longest)


def _waiting_status(contact: Contact, position: int, now: float) -> WaitingStatus:
    rung = contact.offer.agent.id if contact.offer and contact.place is Place.OFFERED else None
    return WaitingStatus(contact.id, position, now - contact.rank.enqueued_at, rung)
