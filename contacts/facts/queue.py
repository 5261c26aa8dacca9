"""Facts of a contact's way through queues, and of the offers made of it."""

from __future__ import annotations

import msgspec

from contacts.facts.contact import ContactFact
from contacts.ids import AgentId, OfferId, QueueId
from contacts.outcomes import QueueExit
from contacts.privacy import Personal


class QueueJoined(ContactFact, frozen=True, kw_only=True, tag="queue.joined"):
    """The customer waits from here on."""

    queue: QueueId
    skills: dict[str, int] = msgspec.field(default_factory=dict)
    """What is required beyond the queue's own: level by skill."""
    priority: int = 0
    max_wait_s: float | None = None
    announce_every_s: float | None = None
    told: dict[str, Personal] = msgspec.field(default_factory=dict)
    """What the flow found out, for the agent's screen."""
    preferred: dict[str, int] = msgspec.field(default_factory=dict)
    """What is nice to have, the most important first: level by skill."""
    agent: str = ""
    """Whom the customer is for..."""
    agent_wait_s: float = 0.0
    """...and how long they wait for that agent alone."""
    callback: bool = False
    """The customer need not stay on the line: the place is kept for a call to them."""
    age_s: float = 0.0
    """Waited already, before they joined: it counts for the place."""


class QueuePositionTold(ContactFact, frozen=True, kw_only=True, tag="queue.position"):
    """The customer is told their place, counted from 1."""

    queue: QueueId
    position: int
    of: int


class QueuePlaceRegained(ContactFact, frozen=True, kw_only=True, tag="queue.regained"):
    """The agent's phone was lost in mid-talk: the customer waits again, at their old place and age."""

    queue: QueueId


class QueueExited(ContactFact, frozen=True, kw_only=True, tag="queue.left"):
    """The stay in the queue is over."""

    queue: QueueId
    exit: QueueExit
    waited_s: float


class OfferMade(ContactFact, frozen=True, kw_only=True, tag="offer.made"):
    """Dispatch has an agent rung for the customer."""

    offer: OfferId
    agent: AgentId
    rule: str
    waited_s: float
    idle_s: float


class OfferRefused(ContactFact, frozen=True, kw_only=True, tag="offer.failed"):
    """The agent did not take it; the customer keeps their place."""

    offer: OfferId
    agent: AgentId
    reason: str


class WrapUpStarted(ContactFact, frozen=True, kw_only=True, tag="wrap_up.started"):
    """The agent works on the contact after the call."""

    agent: AgentId


class WrapUpFinished(ContactFact, frozen=True, kw_only=True, tag="wrap_up.finished"):
    """The agent is done with it."""

    agent: AgentId
    code: str = ""
