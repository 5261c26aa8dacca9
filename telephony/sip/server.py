"""The non-INVITE server transaction (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from telephony.sip.hop import Hop
from telephony.sip.message import Request, Response
from telephony.sip.timers import Timer, TimerValues
from telephony.sip.transaction_events import (
    Effect,
    Failure,
    PassToUser,
    RequestArrived,
    SendMessage,
    ServerEvent,
    StartTimer,
    Terminated,
    TimerFired,
    TransactionFailed,
    TransactionId,
    TransportFailed,
    UserResponds,
)


class ServerState(Enum):
    """The states of RFC 3261 figure 8."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class Server:
    """Absorbs the retransmissions of one request and repeats its response to them."""

    def __init__(self, ident: TransactionId, request: Request, to: Hop, values: TimerValues) -> None:
        self.ident = ident
        self._request: Request | None = request
        self.to = to
        self.state = ServerState.TRYING
        self._values = values
        self._last: Response | None = None

    def start(self, now: float) -> list[Effect]:
        # Passed on once and not kept: the answer is all that is repeated, for 32 s after a flood too.
        request, self._request = self._request, None
        return [] if request is None else [PassToUser(self.ident, request)]

    def handle(self, event: ServerEvent, now: float) -> list[Effect]:
        match self.state:
            case ServerState.TRYING | ServerState.PROCEEDING:
                return self._waiting(event, now)
            case ServerState.COMPLETED:
                return self._completed(event)
            case ServerState.TERMINATED:
                return []
            case _:
                assert_never(self.state)

    def _waiting(self, event: ServerEvent, now: float) -> list[Effect]:
        match event:
            case UserResponds(response):
                return self._respond(response, now)
            case RequestArrived() if self._last is not None:
                # "In the Trying state, any further request retransmissions are silently discarded"; in the
                # Proceeding state the last provisional response is repeated.
                return [SendMessage(self._last, self.to)]
            case TransportFailed():
                return [TransactionFailed(self.ident, Failure.TRANSPORT), *self._end()]
            case _:
                return []

    def _respond(self, response: Response, now: float) -> list[Effect]:
        self._last = response
        sent = SendMessage(response, self.to)
        if response.status < 200:
            self.state = ServerState.PROCEEDING
            return [sent]
        if self.to.transport.reliable:
            # "Timer J [...] zero seconds for reliable transports."
            return [sent, *self._end()]
        self.state = ServerState.COMPLETED
        return [sent, StartTimer(Timer.J, now + self._values.timeout_s)]

    def _completed(self, event: ServerEvent) -> list[Effect]:
        match event:
            case RequestArrived() if self._last is not None:
                return [SendMessage(self._last, self.to)]
            case TimerFired(Timer.J):
                return self._end()
            case TransportFailed():
                return [TransactionFailed(self.ident, Failure.TRANSPORT), *self._end()]
            case _:
                return []

    def _end(self) -> list[Effect]:
        self.state = ServerState.TERMINATED
        return [Terminated(self.ident)]
