"""A contact in one row: who called whom, how long, who served them, and how it ended."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from contacts.facts.contact import (
    ContactClosed,
    ContactOrigin,
    ContactStarted,
    ConversationStarted,
    LegAnswered,
    LegEnded,
    ParticipantJoined,
    ParticipantRole,
)
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.facts.flow import FlowStarted
from contacts.facts.queue import QueueExited, QueueJoined
from contacts.ids import ContactId
from contacts.outcomes import ContactOutcome


class ContactSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is None while it is in progress. What is saved after the call does not make it longer."""

    contact_id: ContactId
    started_at: datetime
    origin: ContactOrigin = ContactOrigin.INCOMING
    caller: str = ""
    number: str = ""
    trunk: str = ""
    flow: str = ""
    queue: str = ""
    """The last one that they waited in."""
    agents: tuple[str, ...] = ()
    """Who talked with them, in that order."""
    waited_s: float = 0.0
    """In all queues together."""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    """When the customer's last leg ended."""
    duration_s: float = 0.0
    """From the start to the end of the customer's last leg."""
    outcome: ContactOutcome | None = None
    reason: str = ""


class Tally(msgspec.Struct, frozen=True):
    """A summary in the making; `names` is who the participants are."""

    summary: ContactSummary
    customer: str = "customer"
    names: tuple[tuple[str, str], ...] = ()

    def after(self, entry: JournalEntry) -> Tally:
        """With one fact more; the very same object when the fact is of no interest here."""
        match entry.fact:
            case ParticipantJoined(participant=who, role=ParticipantRole.CUSTOMER):
                return replace(self, customer=who)
            case ParticipantJoined(participant=who, agent=agent, address=address):
                return replace(self, names=(*self.names, (who, agent or address)))
            case fact:
                summary = _after(self, fact, entry.at)
                return self if summary is self.summary else replace(self, summary=summary)


SUMMARISED: frozenset[type[Fact]] = frozenset(
    {LegAnswered, LegEnded, FlowStarted, QueueJoined, QueueExited, ConversationStarted, ContactClosed}
)
"""Facts that change the summary of a contact that has been started."""


def begun(fact: ContactStarted, at: datetime) -> Tally:
    """The summary that every contact begins with."""
    return Tally(
        ContactSummary(
            contact_id=fact.contact,
            started_at=at,
            origin=fact.origin,
            caller=fact.caller,
            number=fact.number,
            trunk=fact.trunk,
            flow=fact.flow,
        )
    )


def _after(tally: Tally, fact: Fact, at: datetime) -> ContactSummary:
    held = tally.summary
    match fact:
        case LegAnswered(participant=who) if who == tally.customer and held.answered_at is None:
            return replace(held, answered_at=at)
        case LegEnded(participant=who) if who == tally.customer:
            return replace(held, ended_at=at, duration_s=_since(held.started_at, at))
        case FlowStarted(flow=flow) if not held.flow:
            return replace(held, flow=flow)
        case QueueJoined(queue=queue):
            return replace(held, queue=queue)
        case QueueExited(waited_s=waited_s):
            return replace(held, waited_s=round(held.waited_s + waited_s, 3))
        case ConversationStarted(participant=who):
            return _talked(held, dict(tally.names).get(who, who))
        case ContactClosed():
            return _closed(held, fact, at)
        case _:
            return held


def _talked(held: ContactSummary, name: str) -> ContactSummary:
    return held if name in held.agents else replace(held, agents=(*held.agents, name))


def _closed(held: ContactSummary, fact: ContactClosed, at: datetime) -> ContactSummary:
    """A contact whose customer never had a leg, or whose end nobody saw, ends when it is closed."""
    ended_at = held.ended_at or at
    duration_s = fact.duration_s or held.duration_s or _since(held.started_at, ended_at)
    return replace(held, ended_at=ended_at, duration_s=duration_s, outcome=fact.outcome, reason=fact.reason)


def _since(start: datetime, at: datetime) -> float:
    return round(max(0.0, (at - start).total_seconds()), 3)
