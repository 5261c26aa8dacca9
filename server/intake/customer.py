"""Who the customer of a contact is, and how they join a queue as dispatch knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from acd.events import CallFirst, ContactEnqueued
from acd.skills import Requirement
from contacts.facts.queue import QueueJoined
from contacts.ids import AgentId, ContactId, QueueId
from telephony.call import Call


@dataclass(frozen=True, slots=True)
class Customer:
    """As agents and reports see them. `called` is the number of ours that they called, if they did."""

    number: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    called: str = ""

    @classmethod
    def of(cls, call: Call) -> Customer:
        facts = call.facts
        return cls(facts.caller, facts.remote_display, facts.called or "")


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """What somebody orders. `number` as it was typed; `not_before` None: when it is their turn."""

    number: str
    place: QueueJoined
    """The queue, and what is wanted of its agents; the contact that it names gets the call."""
    first: CallFirst | None = None
    not_before: datetime | None = None
    by: str = "flow"


class PromisedPlaces(Protocol):
    """What is promised about places, as `server.callbacks.desk.CallbackDesk` knows it."""

    def call_first(self, contact: ContactId) -> CallFirst | None:
        """None where no call is owed."""
        ...

    def due(self, contact: ContactId) -> bool: ...

    def customer_left(self, contact: ContactId) -> None: ...

    def waits_on_the_line(self, contact: ContactId) -> bool: ...

    def called_again(self, number: str, joined: QueueJoined) -> float: ...

    def number(self, typed: str) -> str:
        """Raises AcdError."""
        ...

    def slots(self, typed: str, queue: QueueId, wanted: int) -> tuple[datetime, ...]:
        """Raises AcdError."""
        ...

    def promise(self, wish: CallbackWish) -> object:
        """Raises AcdError."""
        ...


def enqueued(joined: QueueJoined, promised: PromisedPlaces, number: str, raised: int = 0) -> ContactEnqueued:
    """Whoever was cut off, or waits to be called, has the age of the place that they had.

    `raised`: steps of priority above what was asked for.
    """
    age_s = joined.age_s if joined.callback else joined.age_s + promised.called_again(number, joined)
    return ContactEnqueued(
        joined.contact,
        joined.queue,
        Requirement.of(joined.skills),
        joined.priority + raised,
        joined.max_wait_s,
        joined.announce_every_s,
        tuple(joined.preferred.items()),
        AgentId(joined.agent) if joined.agent else None,
        joined.agent_wait_s,
        age_s,
        promised.call_first(joined.contact) if joined.callback else None,
        promised.due(joined.contact) if joined.callback else True,
    )
