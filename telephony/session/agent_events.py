"""What the user agent core orders from the shell, and tells it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from telephony.admission import Refusal
from telephony.session.events import Fact, SessionId
from telephony.sip.hop import ConnectionId
from telephony.sip.message import Response
from telephony.sip.received import ReceivedRequest, ReceivedResponse
from telephony.sip.responses import response_to
from telephony.sip.transaction_events import Failure, SendMessage, TransactionId


@dataclass(frozen=True, slots=True)
class CallArrived:
    """Somebody calls; the session waits for a command."""

    session: SessionId
    invite: ReceivedRequest


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that got no state. Its answer, if it gets one, is sent once and forgotten (section 8.2.7)."""

    refusal: Refusal
    received: ReceivedRequest

    def response(self) -> Response:
        """The same for every repetition of the request, the tag included."""
        tag = f"{zlib.crc32(f'{self.received.call_id} {self.received.cseq}'.encode()):08x}"
        refusal = self.refusal
        return response_to(
            self.received.request, refusal.status, refusal.reason, to_tag=tag, extra=refusal.headers
        )


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


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """A connection ended: whoever was reached over it has to come back, or is gone."""

    connection: ConnectionId


AgentEffect = SendMessage | Refused | CallArrived | CallFact | RequestWaits | ResponseCame | RequestFailed
