"""How things end, in one vocabulary: a contact, a stay in a queue, a transfer, a call."""

from __future__ import annotations

from enum import Enum


class ContactOutcome(Enum):
    """How a contact ended; every contact has exactly one."""

    SERVED = "served"
    """Talked with an agent."""
    TRANSFERRED = "transferred"
    """Talked with somebody whom a flow or an agent transferred them to, and with no agent of ours."""
    COMPLETED = "completed by flow"
    """The flow did what it is for and ended the call."""
    LEFT_IN_FLOW = "left in flow"
    """The caller hung up while the flow had them, and had not waited in a queue."""
    ABANDONED = "abandoned"
    """The caller hung up while waiting in a queue, or after a wait that brought them nobody."""
    SHORT_ABANDONED = "short abandoned"
    """The caller hung up while waiting, so soon that no service level counts it."""
    OVERFLOWED = "overflowed"
    """Waited as long as the queue allows; the flow then said goodbye."""
    NOT_SERVED = "not served"
    """Nobody could serve them: no agent was signed in, or the transfer came to nothing."""
    NOT_ANSWERED = "not answered"
    """The caller hung up before we answered, or whom we called did not answer."""
    FAILED = "failed"
    """We failed: a fault of ours ended the call."""
    INTERRUPTED = "interrupted"
    """The server stopped or was killed in the middle of it."""


class QueueExit(Enum):
    """How a stay in a queue ended; there is exactly one for each time a contact joined one."""

    ANSWERED = "answered"
    """An agent's leg was joined with the caller's. An agent who is lost gives the caller the place back."""
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short abandoned"
    OVERFLOWED = "overflowed"
    NOBODY = "nobody"
    """Nobody who could serve this caller is signed in, or exists."""
    TRANSFERRED = "transferred"
    """Taken out of the queue while waiting: to another queue, or to somebody by name."""
    FAILED = "failed"


class TransferResult(Enum):
    """How a transfer ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    FAILED = "failed"
    CALLER_LEFT = "caller left"


class EndedBy(Enum):
    """Who ended a leg."""

    PARTICIPANT = "participant"
    """The party at the other end: their phone sent the BYE, the CANCEL or the refusal."""
    SERVER = "server"
    NETWORK = "network"
    """Nobody said so: the phone is gone. It was lost, not hung up."""
