"""Callers in queues, and the offers made of them."""

from dataclasses import dataclass, field
from enum import Enum

from acd.agents import Agent
from acd.events import CallFirst
from acd.expected_wait import ExpectedWait, QueueHistory
from acd.line import Rank, RankedLine
from acd.matching import GroupKey, RequirementGroup
from acd.relaxation import required_after
from acd.settings import QueueSettings
from acd.skills import ANYBODY, Requirement
from contacts.ids import AgentId, ContactId, OfferId, QueueId


@dataclass(slots=True, eq=False)
class ContactQueue:
    """A configured queue with everybody in it, including callers for whom an agent is being rung."""

    settings: QueueSettings
    line: RankedLine = field(default_factory=RankedLine)
    history: QueueHistory = field(default_factory=QueueHistory)
    share: float = 1.0
    """Of its agents' time, as of `share_at`."""
    share_at: float | None = None
    improving_from: Rank | None = None
    """Callers from here on have moved up and are still to hear it..."""
    last_rung: AgentId | None = None
    """By whom a round goes on, where agents take turns."""
    improving_next: Rank | None = None
    """...and from here on once more, when that is done."""

    @property
    def id(self) -> QueueId:
        return QueueId(self.settings.name)


class Whereabouts(Enum):
    """The one place where a contact is."""

    WAITING = "waiting"
    OFFERED = "offered"
    CALLING = "calling"
    """The customer is being called."""
    TALKING = "talking"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What came with the contact; the queue's settings fill in what it leaves open."""

    requirement: Requirement
    priority: int = 0
    max_wait_s: float | None = None
    announce_every_s: float | None = None
    preferred: tuple[tuple[str, int], ...] = ()
    agent: AgentId | None = None
    agent_wait_s: float = 0.0


@dataclass(slots=True, eq=False)
class QueuedContact:
    """A caller from joining a queue until they or their agent hang up."""

    rank: Rank
    queue: ContactQueue
    group: RequirementGroup
    wishes: Wishes
    enqueued_at: float
    waits_since: float
    """Later than `enqueued_at` for a caller whom a lost agent gave back, or who waited elsewhere before."""
    relaxed: int = 0
    """Steps of the queue's relaxation that were taken."""
    released: bool = True
    """They do not wait for one agent alone."""
    callback: CallFirst | None = None
    """Not on the line: they are called when it is their turn..."""
    due: bool = True
    """...if they may be called now."""
    reserved: Agent | None = None
    """Who is kept free while they are called."""
    place: Whereabouts = Whereabouts.WAITING
    offers: "list[AgentOffer]" = field(default_factory=list)
    """Who is being rung for them; while they talk, that agent's leg alone."""
    expected: ExpectedWait | None = None
    """What was expected when they joined."""
    announced_position: int = 0
    announced_at: float = 0.0

    @property
    def id(self) -> ContactId:
        return self.rank.contact

    @property
    def overflow_at(self) -> float | None:
        """None: they wait without limit, as everybody does who need not hold the line."""
        if self.callback is not None:
            return None
        wished, usual = self.wishes.max_wait_s, self.queue.settings.max_wait_s
        longest_s = usual if wished is None else wished
        return None if longest_s is None else self.waits_since + longest_s

    @property
    def group_key(self) -> GroupKey:
        """What they require now."""
        return group_key(self.queue, self.wishes, relaxed=self.relaxed, released=self.released)

    @property
    def preferred(self) -> tuple[tuple[str, int], ...]:
        """Their own wishes before the queue's."""
        return (*self.wishes.preferred, *self.queue.settings.preferred.items())

    @property
    def announce_every_s(self) -> float:
        wished = self.wishes.announce_every_s
        return self.queue.settings.announce_every_s if wished is None else wished


def group_key(queue: ContactQueue, wishes: Wishes, *, relaxed: int, released: bool) -> GroupKey:
    """With whom a contact waits that has taken so many steps of relaxation."""
    if not released:
        return GroupKey(queue.id, ANYBODY, wishes.agent)
    return GroupKey(queue.id, required_after(queue.settings, wishes.requirement, relaxed))


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
    since: float = 0.0
    """When the agent was rung, and then, when they answered."""
    rang_s: float = 0.0
    served: ContactId | None = None
    """The contact that they talked with, also after it is gone."""
    held: bool = False
