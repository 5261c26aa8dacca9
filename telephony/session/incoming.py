"""An INVITE that came in, from its first arrival to the end of the call (RFC 3261 section 13.3)."""

from __future__ import annotations

from enum import Enum

from telephony.session.capabilities import Extra, option_tags
from telephony.session.established import Established
from telephony.session.events import (
    Accept,
    Command,
    Ended,
    HangUp,
    Hangup,
    Party,
    Refuse,
    Respond,
    Ring,
    SessionEffect,
    SessionId,
    SessionTimer,
    TakeAnswer,
    Tell,
    Wake,
)
from telephony.session.identity import Means
from telephony.session.login import Authorizer
from telephony.session.reliable import ReliableProvisional
from telephony.sip.dialog import Dialog
from telephony.sip.hop import ConnectionId
from telephony.sip.message import Request, Response
from telephony.sip.received import ReceivedRequest, ReceivedResponse
from telephony.sip.responses import response_to
from telephony.sip.transaction_events import Failure, TransactionId

# "The UAS core SHOULD send a non-100 provisional response at every minute" (section 13.3.1.1).
_REMIND_EVERY_S = 60.0


class IncomingState(Enum):
    """Until the final response; what comes after is the dialog's."""

    PROCEEDING = "proceeding"
    RINGING = "ringing"
    ANSWERED = "answered"
    REFUSED = "refused"


class IncomingInvite:
    """The called side of one call. A command that comes too late, say after a CANCEL, has no effect."""

    def __init__(self, transaction: TransactionId, invite: ReceivedRequest, tag: str, means: Means) -> None:
        self.ident = SessionId(tag)
        self.state = IncomingState.PROCEEDING
        self.invite = invite
        self._transaction = transaction
        dialog = Dialog.as_server(invite, tag)
        nobody = Authorizer(None, means.tokens)
        self._means = means
        self._within = Established(dialog, means, nobody, invite.to.uri.user, we_called=False)
        self._reliable: ReliableProvisional | None = None
        if "100rel" in (tag.lower() for tag in option_tags(invite.request, "Require")):
            self._reliable = ReliableProvisional(means, transaction, invite.cseq.number)

    @property
    def call_id(self) -> str:
        return self.invite.call_id

    @property
    def flow(self) -> ConnectionId | None:
        """The connection that the peer is reached over, if it is one."""
        return self._within.dialog.peer.connection

    @property
    def finished(self) -> bool:
        return self.state is IncomingState.REFUSED or self._within.finished

    @property
    def _waiting(self) -> bool:
        return self.state is IncomingState.PROCEEDING or self.state is IncomingState.RINGING

    def is_meant_by(self, received: ReceivedRequest) -> bool:
        """Whether a request with our tag is of this dialog indeed (section 12.2.2)."""
        ident = self._within.dialog.ident
        return received.call_id == ident.call_id and received.from_.tag == ident.remote_tag

    def handle(self, command: Command, now: float) -> list[SessionEffect]:
        match command:
            case Ring():
                return self._ring(now)
            case Accept(body):
                return self._accept(body, now)
            case Refuse(status, reason, headers):
                return self._refuse(Party.US, status, reason, headers)
            case TakeAnswer():
                return []
            case HangUp():
                return self._refuse(Party.US, 480) if self._waiting else self._within.hang_up()
            case _:
                return [] if self._waiting else self._within.handle(command, now)

    def on_request(
        self, transaction: TransactionId, received: ReceivedRequest, now: float
    ) -> list[SessionEffect]:
        if self._waiting and received.method == "INVITE":
            # Section 14.2: a second INVITE before the final response to the first.
            extra = (("Retry-After", str(self._means.draw(11))),)
            return [Respond(transaction, self._response(received, 500, extra=extra))]
        if received.method == "PRACK":
            return self._on_prack(transaction, received)
        effects = self._within.on_request(transaction, received, now)
        if self._waiting and received.method == "BYE":
            # Section 15.1.2: the caller may end an early dialog so, instead of by CANCEL.
            self.state = IncomingState.REFUSED
            effects.append(Respond(self._transaction, self._response(self.invite, 487)))
        return effects

    def on_cancel(self) -> list[SessionEffect]:
        """Section 9.2: "If the UAS has already sent a final response, it has no effect"."""
        return self._refuse(Party.PEER, 487)

    def on_response(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        return self._within.on_response(received, now)

    def on_failure(self, request: Request, _failure: Failure, _now: float) -> list[SessionEffect]:
        return self._within.on_failure(request.method)

    def on_wake(self, timer: SessionTimer, cseq: int, now: float) -> list[SessionEffect]:
        if timer is SessionTimer.REPEAT_PROVISIONAL:
            return self._repeat(cseq, now)
        if timer is SessionTimer.REMIND:
            return self._send_ringing(now) if self.state is IncomingState.RINGING else []
        return self._within.on_wake(timer, cseq, now)

    def _ring(self, now: float) -> list[SessionEffect]:
        if self.state is not IncomingState.PROCEEDING:
            return []
        self.state = IncomingState.RINGING
        return self._send_ringing(now)

    def _send_ringing(self, now: float) -> list[SessionEffect]:
        ringing = self._response(self.invite, 180, extra=(self._within.contact,))
        remind = Wake(SessionTimer.REMIND, self.invite.cseq.number, now + _REMIND_EVERY_S)
        if self._reliable is not None:
            return [*self._reliable.send(ringing, now), remind]
        return [Respond(self._transaction, ringing), remind]

    def _on_prack(self, transaction: TransactionId, received: ReceivedRequest) -> list[SessionEffect]:
        known = self._reliable is not None and self._reliable.acknowledge(received.request)
        self._within.dialog.in_order(received)
        return [Respond(transaction, self._response(received, 200 if known else 481))]

    def _repeat(self, rseq: int, now: float) -> list[SessionEffect]:
        if self._reliable is None or not self._waiting:
            return []
        effects = self._reliable.repeat(rseq, now)
        return self._refuse(Party.NETWORK, 504, "No PRACK") if effects is None else effects

    def _accept(self, body: bytes, now: float) -> list[SessionEffect]:
        if not self._waiting:
            return []
        self.state = IncomingState.ANSWERED
        return self._within.accept_initial(self._transaction, self.invite, body, now)

    def _refuse(self, by: Party, status: int, reason: str = "", extra: Extra = ()) -> list[SessionEffect]:
        if not self._waiting:
            return []
        self.state = IncomingState.REFUSED
        response = self._response(self.invite, status, reason, extra)
        hangup = Hangup(by, status, response.reason)
        return [Respond(self._transaction, response), Tell(Ended(hangup))]

    def _response(
        self, received: ReceivedRequest, status: int, reason: str = "", extra: Extra = ()
    ) -> Response:
        return response_to(received.request, status, reason, to_tag=str(self.ident), extra=extra)
