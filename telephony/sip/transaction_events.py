"""What happens to a SIP transaction and what it orders: frozen facts in, frozen effects out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from telephony.sip.hop import Hop
from telephony.sip.message import Message, Request, Response
from telephony.sip.timers import Timer

TransactionId = NewType("TransactionId", str)


class Failure(Enum):
    """Why a transaction ended without a final response (RFC 3261 section 8.1.3.1)."""

    TIMEOUT = "timeout"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True)
class RequestArrived:
    """A request that matched the server transaction: the first one, a retransmission or an ACK."""

    request: Request


@dataclass(frozen=True, slots=True)
class ResponseArrived:
    """A response that matched the client transaction."""

    response: Response


@dataclass(frozen=True, slots=True)
class UserResponds:
    """The transaction user hands down a response."""

    response: Response


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer the transaction asked for has run out."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class TransportFailed:
    """The transport could not deliver what the transaction sent."""


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Put this message on the wire."""

    message: Message
    to: Hop


@dataclass(frozen=True, slots=True)
class PassToUser:
    """Hand this message up to the transaction user."""

    transaction: TransactionId
    message: Message


@dataclass(frozen=True, slots=True)
class TransactionFailed:
    """The transaction user learns that no final response, or no ACK, will come."""

    transaction: TransactionId
    failure: Failure


@dataclass(frozen=True, slots=True)
class Terminated:
    """The transaction is over and can be forgotten."""

    transaction: TransactionId


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Call the transaction back at that time; a later state ignores a timer that is not its own."""

    timer: Timer
    at: float


ServerEvent = RequestArrived | UserResponds | TimerFired | TransportFailed
ClientEvent = ResponseArrived | TimerFired | TransportFailed
Effect = SendMessage | PassToUser | TransactionFailed | Terminated | StartTimer
