"""The INVITE server transaction (RFC 3261 section 17.2.1 with the Accepted state of RFC 6026)."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from telephony.sip.hop import Hop
from telephony.sip.message import Request, Response
from telephony.sip.responses import response_to
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


class InviteServerState(Enum):
    """The states of RFC 6026 figure 5."""

    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class InviteServer:
    """Absorbs the retransmissions of one INVITE and sees its final response acknowledged."""

    def __init__(self, ident: TransactionId, request: Request, to: Hop, values: TimerValues) -> None:
        self.ident = ident
        self._request = request
        self.to = to
        self.state = InviteServerState.PROCEEDING
        self._values = values
        self._interval_s = values.t1_s
        self._last: Response | None = None

    def start(self, now: float) -> list[Effect]:
        # "It MUST generate a 100 (Trying) response unless it knows that the TU will generate a provisional or
        # final response within 200 ms": nobody knows, so the clock decides.
        return [
            PassToUser(self.ident, self._request),
            StartTimer(Timer.TRYING, now + self._values.trying_s),
        ]

    def handle(self, event: ServerEvent, now: float) -> list[Effect]:
        match self.state:
            case InviteServerState.PROCEEDING:
                return self._proceeding(event, now)
            case InviteServerState.COMPLETED:
                return self._completed(event, now)
            case InviteServerState.ACCEPTED:
                return self._accepted(event)
            case InviteServerState.CONFIRMED:
                return self._end() if event == TimerFired(Timer.I) else []
            case InviteServerState.TERMINATED:
                return []
            case _:
                assert_never(self.state)

    def _proceeding(self, event: ServerEvent, now: float) -> list[Effect]:
        match event:
            case UserResponds(response):
                return self._respond(response, now)
            case RequestArrived(request) if request.method != "ACK":
                # "If a request retransmission is received while in the Proceeding state, the most recent
                # provisional response [...] MUST be passed to the transport layer for retransmission."
                return [self._send(self._last or self._trying())]
            case TimerFired(Timer.TRYING) if self._last is None:
                return [self._send(self._trying())]
            case TransportFailed():
                return self._fail(Failure.TRANSPORT)
            case _:
                return []

    def _respond(self, response: Response, now: float) -> list[Effect]:
        effects: list[Effect] = [self._send(response)]
        if response.status < 200:
            return effects
        # The answer is all that is repeated from here on, for 32 s after a flood too.
        self._request = Request(self._request.method, self._request.uri)
        if response.status < 300:
            self.state = InviteServerState.ACCEPTED
            effects.append(StartTimer(Timer.L, now + self._values.timeout_s))
            return effects
        self.state = InviteServerState.COMPLETED
        effects.append(StartTimer(Timer.H, now + self._values.timeout_s))
        if not self.to.transport.reliable:
            effects.append(StartTimer(Timer.G, now + self._interval_s))
        return effects

    def _completed(self, event: ServerEvent, now: float) -> list[Effect]:
        match event:
            case RequestArrived(request) if request.method == "ACK":
                if self.to.transport.reliable:
                    return self._end()
                # "The purpose of the Confirmed state is to absorb any additional ACK messages."
                self.state = InviteServerState.CONFIRMED
                return [StartTimer(Timer.I, now + self._values.t4_s)]
            case RequestArrived() if self._last is not None:
                return [self._send(self._last)]
            case TimerFired(Timer.G) if self._last is not None:
                # "Timer G [...] is reset to fire in MIN(2*T1, T2) seconds."
                self._interval_s = min(2 * self._interval_s, self._values.t2_s)
                return [self._send(self._last), StartTimer(Timer.G, now + self._interval_s)]
            case TimerFired(Timer.H):
                return self._fail(Failure.TIMEOUT)
            case TransportFailed():
                return self._fail(Failure.TRANSPORT)
            case _:
                return []

    def _accepted(self, event: ServerEvent) -> list[Effect]:
        match event:
            case RequestArrived(request) if request.method == "ACK":
                # Only an ACK of RFC 2543 carries the INVITE's branch; RFC 6026 passes it to the TU.
                return [PassToUser(self.ident, request)]
            case RequestArrived() if self._last is not None:
                # RFC 6026 lets the TU's timer alone repeat the 2xx. An INVITE that comes again says that the
                # 2xx was lost, and repeating it at once saves the caller up to four seconds of silence.
                return [self._send(self._last)]
            case UserResponds(response) if 200 <= response.status < 300:
                return [self._send(response)]
            case TimerFired(Timer.L):
                return self._end()
            case _:
                return []

    def _trying(self) -> Response:
        return response_to(self._request, 100)

    def _send(self, response: Response) -> SendMessage:
        self._last = response
        return SendMessage(response, self.to)

    def _fail(self, failure: Failure) -> list[Effect]:
        return [TransactionFailed(self.ident, failure), *self._end()]

    def _end(self) -> list[Effect]:
        self.state = InviteServerState.TERMINATED
        return [Terminated(self.ident)]
