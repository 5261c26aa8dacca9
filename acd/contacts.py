"""Callers in queues, and the offers made of them."""

from dataclasses import dataclass, field
from enum import Enum

from acd.agents import Agent
from acd.demand import Demand
from acd.line import Line, Rank
from acd.settings import QueueSettings
from contacts.ids import ContactId, OfferId


@dataclass(slots=True, eq=False)
class Queue:
    """A configured queue with everybody in it, including callers for whom an agent is being rung."""

    settings: QueueSettings
    line: Line = field(default_factory=Line)


class Place(Enum):
    """The one place where a contact is."""

    WAITING = "waiting"
    OFFERED = "offered"
    TALKING = "talking"


@dataclass(slots=True, eq=False)
class Contact:
    """A caller from joining a queue until he or his agent hangs up."""

    rank: Rank
    queue: Queue
    demand: Demand
    overflow_at: float | None
    announce_every_s: float
    place: Place = Place.WAITING
    offer: "Offer | None" = None
    announced_position: int = 0
    announced_at: float = 0.0

    @property
    def id(self) -> ContactId:
        return self.rank.contact


@dataclass(slots=True, eq=False)
class Offer:
    """An agent's leg as dispatch knows it, from the order to ring until its end is reported."""

    id: OfferId
    agent: Agent
    queue: QueueSettings
    contact: Contact | None
    """None: the contact is gone or was given back, and the leg is on its way out."""
    answered: bool = False
    conversed: bool = False
    agent_keeps_turn: bool = False
