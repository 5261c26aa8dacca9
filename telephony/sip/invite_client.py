"""The INVITE client transaction (RFC 3261 section 17.1.1 with the Accepted state of RFC 6026)."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from telephony.sip.hop import Hop
from telephony.sip.message import Headers, Request, Response
from telephony.sip.timers import Timer, TimerValues
from telephony.sip.transaction_events import (
    ClientEvent,
    Effect,
    Failure,
    PassToUser,
    ResponseArrived,
    SendMessage,
    StartTimer,
    Terminated,
    TimerFired,
    TransactionFailed,
    TransactionId,
    TransportFailed,
)


class InviteClientState(Enum):
    """The states of RFC 6026 figure 4."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


def ack_for_failure(invite: Request, response: Response) -> Request:
    """The ACK that belongs to the transaction itself (RFC 3261 section 17.1.1.3)."""
    # "The To header field in the ACK MUST equal the To header field in the response being acknowledged."
    return _same_transaction(invite, "ACK", response.headers.get("To") or "")


def cancel_for(invite: Request) -> Request:
    """The CANCEL of that INVITE (RFC 3261 section 9.1)."""
    return _same_transaction(invite, "CANCEL", invite.headers.get("To") or "")


def _same_transaction(invite: Request, method: str, to: str) -> Request:
    held = invite.headers
    number = (held.get("CSeq") or "0").split()[0]
    items = (
        # "A single Via header field equal to the top Via of the original request", for the branch matches.
        ("Via", held.get("Via") or ""),
        # "If the INVITE request had Route header fields, those header fields MUST appear."
        *(("Route", route) for route in held.get_all("Route")),
        ("Max-Forwards", "70"),
        ("From", held.get("From") or ""),
        ("To", to),
        ("Call-ID", held.get("Call-ID") or ""),
        ("CSeq", f"{number} {method}"),
    )
    return Request(method, invite.uri, Headers(items))


class InviteClient:
    """Sends one INVITE until an answer comes, and acknowledges what is not a 2xx."""

    def __init__(self, ident: TransactionId, request: Request, to: Hop, values: TimerValues) -> None:
        self.ident = ident
        self.request = request
        self.to = to
        self.state = InviteClientState.CALLING
        self._values = values
        self._interval_s = values.t1_s
        self._ack: Request | None = None

    def start(self, now: float) -> list[Effect]:
        effects: list[Effect] = [
            SendMessage(self.request, self.to),
            StartTimer(Timer.B, now + self._values.timeout_s),
        ]
        # "If an unreliable transport is being used, the client transaction MUST start timer A."
        if not self.to.transport.reliable:
            effects.append(StartTimer(Timer.A, now + self._interval_s))
        return effects

    def handle(self, event: ClientEvent, now: float) -> list[Effect]:
        match self.state:
            case InviteClientState.CALLING:
                return self._calling(event, now)
            case InviteClientState.PROCEEDING:
                return self._proceeding(event, now)
            case InviteClientState.COMPLETED:
                return self._completed(event)
            case InviteClientState.ACCEPTED:
                return self._accepted(event)
            case InviteClientState.TERMINATED:
                return []
            case _:
                assert_never(self.state)

    def _calling(self, event: ClientEvent, now: float) -> list[Effect]:
        match event:
            case TimerFired(Timer.A):
                # "When timer A fires, the client transaction MUST retransmit the request [...] and reset the
                # timer with a value of 2*T1."
                self._interval_s *= 2
                return [SendMessage(self.request, self.to), StartTimer(Timer.A, now + self._interval_s)]
            case TimerFired(Timer.B):
                return self._fail(Failure.TIMEOUT)
            case TransportFailed():
                return self._fail(Failure.TRANSPORT)
            case ResponseArrived(response):
                return self._on_response(response, now)
            case _:
                return []

    def _proceeding(self, event: ClientEvent, now: float) -> list[Effect]:
        # "Any further provisional responses MUST be passed up to the TU while in the Proceeding state."
        # How long a call may ring is the TU's to decide: timer B has no meaning here.
        match event:
            case ResponseArrived(response):
                return self._on_response(response, now)
            case TransportFailed():
                return self._fail(Failure.TRANSPORT)
            case _:
                return []

    def _on_response(self, response: Response, now: float) -> list[Effect]:
        passed = PassToUser(self.ident, response)
        if response.status < 200:
            self.state = InviteClientState.PROCEEDING
            return [passed]
        if response.status < 300:
            # RFC 6026 section 8.4: 2xx of other forks and retransmissions still have to reach the TU.
            self.state = InviteClientState.ACCEPTED
            return [passed, StartTimer(Timer.M, now + self._values.timeout_s)]
        self._ack = ack_for_failure(self.request, response)
        sent = SendMessage(self._ack, self.to)
        if self.to.transport.reliable:
            # "The value of timer D is zero seconds for reliable transports."
            self.state = InviteClientState.TERMINATED
            return [sent, passed, Terminated(self.ident)]
        self.state = InviteClientState.COMPLETED
        return [sent, passed, StartTimer(Timer.D, now + self._values.d_s)]

    def _completed(self, event: ClientEvent) -> list[Effect]:
        match event:
            case ResponseArrived(response) if response.status >= 300 and self._ack is not None:
                # "Any retransmissions of the final response [...] MUST cause the ACK to be re-passed to the
                # transport layer for retransmission, but the newly received response MUST NOT be passed up."
                return [SendMessage(self._ack, self.to)]
            case TimerFired(Timer.D):
                return self._end()
            case TransportFailed():
                return self._fail(Failure.TRANSPORT)
            case _:
                return []

    def _accepted(self, event: ClientEvent) -> list[Effect]:
        match event:
            case ResponseArrived(response) if 200 <= response.status < 300:
                # RFC 6026 section 7.2: "2xx responses [...] MUST be passed to the TU"; no ACK is made here.
                return [PassToUser(self.ident, response)]
            case TimerFired(Timer.M):
                return self._end()
            case _:
                return []

    def _fail(self, failure: Failure) -> list[Effect]:
        return [TransactionFailed(self.ident, failure), *self._end()]

    def _end(self) -> list[Effect]:
        self.state = InviteClientState.TERMINATED
        return [Terminated(self.ident)]
