"""Callers in queues, and the offers made of them."""

from dataclasses import dataclass, field
from enum import Enum

from acd.agents import Agent
from acd.line import Rank, RankedLine
from acd.matching import RequirementGroup
from acd.settings import QueueSettings
from contacts.ids import ContactId, OfferId


@dataclass(slots=True, eq=False)
class ContactQueue:
    """A configured queue with everybody in it, including callers for whom an agent is being rung."""

    settings: QueueSettings
    line: RankedLine = field(default_factory=RankedLine)


class Whereabouts(Enum):
    """The one place where a contact is."""

    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"


@dataclass(slots=True, eq=False)
class QueuedContact:
    """A caller from joining a queue until they or their agent hang up."""

    rank: Rank
    queue: ContactQueue
    group: RequirementGroup
    overflow_at: float | None
    announce_every_s: float
    place: Whereabouts = Whereabouts.WAITING
    offer: "AgentOffer | None" = None
    announced_position: int = 0
    announced_at: float = 0.0

    @property
    def id(self) -> ContactId:
        return self.rank.contact


@dataclass(slots=True, eq=False)
class AgentOffer:
    """An agent's leg as dispatch knows it, from the order to ring until its end is reported."""

    id: OfferId
    agent: Agent
    queue: QueueSettings
    contact: QueuedContact | None
    """None: the contact is gone or was given back, and the leg is on its way out."""
    answered: bool = False
    conversed: bool = False
    agent_keeps_turn: bool = False
