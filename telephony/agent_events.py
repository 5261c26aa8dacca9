"""What the user agent core orders from the shell, and tells it."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.session_events import Fact, SessionId
from telephony.sip.received import ReceivedRequest, ReceivedResponse
from telephony.sip.transaction_events import Failure, SendMessage, TransactionId


@dataclass(frozen=True, slots=True)
class CallArrived:
    """Somebody calls; the session waits for a command."""

    session: SessionId
    invite: ReceivedRequest


@dataclass(frozen=True, slots=True)
class CallFact:
    """Something happened to that call."""

    session: SessionId
    fact: Fact


@dataclass(frozen=True, slots=True)
class RequestWaits:
    """A REGISTER, which belongs to no call, waits for its response."""

    transaction: TransactionId
    received: ReceivedRequest


@dataclass(frozen=True, slots=True)
class ResponseCame:
    """A response to a request of ours that belongs to no call."""

    transaction: TransactionId
    received: ReceivedResponse


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request of ours that belongs to no call will get no response any more."""

    transaction: TransactionId
    failure: Failure


AgentEffect = SendMessage | CallArrived | CallFact | RequestWaits | ResponseCame | RequestFailed
