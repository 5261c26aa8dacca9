"""Facts of a call that the customer was promised: the promise, every attempt, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from contacts.facts.contact import ContactFact
from contacts.facts.fact import Promise
from contacts.privacy import Personal


class CallbackPromised(ContactFact, frozen=True, kw_only=True, tag="callback.promised"):
    """The customer may hang up: they will be called, and the contact goes on until they were."""

    promise: ClassVar[Promise] = Promise.FIRST

    number: Personal
    first: str = "customer"
    """Who is called first when it is their turn: the customer, or the agent."""
    not_before: datetime | None = None
    """The time that the customer chose; None: when it is their turn."""
    by: str = "flow"
    """`flow`, or who asked for it through the API."""


class CallbackAttempted(ContactFact, frozen=True, kw_only=True, tag="callback.attempted"):
    """The customer is called. Durable before the first packet, so that a killed attempt goes on as itself."""

    promise: ClassVar[Promise] = Promise.FIRST

    attempt: int
    """Counted from 1."""
    call_id: str
    """The Call-ID, the same however often the attempt is begun again."""


class CallbackAnswered(ContactFact, frozen=True, kw_only=True, tag="callback.answered"):
    """The customer took the call and will never be called for this again. Durable before our ACK."""

    promise: ClassVar[Promise] = Promise.FIRST

    attempt: int
    ack: Personal = ""
    """The ACK, ready to be sent by whoever finds it unsent."""
    to: str = ""
    """Where it goes: transport, host and port."""


class CallbackMissed(ContactFact, frozen=True, kw_only=True, tag="callback.missed"):
    """An attempt came to nothing; the place is kept for the next, if there is one."""

    promise: ClassVar[Promise] = Promise.FIRST

    attempt: int
    status: int = 0
    """The SIP status that said so; 0 where we gave up ringing."""
    placed: bool = True
    """False: there was no line to call them over, so that it does not count."""
    again_at: datetime | None = None
    """None: there is no further attempt, or it is up to dispatch."""


class CallbackGivenUp(ContactFact, frozen=True, kw_only=True, tag="callback.given_up"):
    """The customer will not be called any more, and why."""

    promise: ClassVar[Promise] = Promise.FIRST

    reason: str = ""
    called_again: str = ""
    """The contact in which the customer, who called us, got the place; empty where they did not."""
