"""An INVITE that we send, with its forks and its races, to the end of the call (RFC 3261, 9.1 and 13.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from telephony.session.capabilities import ALLOW, SDP, SUPPORTED, Extra, option_tags
from telephony.session.established import Established
from telephony.session.events import (
    Abandon,
    Accept,
    Answered,
    AnswerHeld,
    Command,
    Ended,
    HangUp,
    Hangup,
    Party,
    Progress,
    Refuse,
    Respond,
    Ring,
    SendAck,
    SendRequest,
    SessionEffect,
    SessionId,
    SessionTimer,
    TakeAnswer,
    TargetFailed,
    Tell,
    Wake,
)
from telephony.session.identity import Means, lasting_token, new_branch
from telephony.session.login import Authorizer, Login
from telephony.session.outbound import acknowledge, within
from telephony.session.reliable import ReliableReceiver
from telephony.sip.dialog import Dialog
from telephony.sip.fields import NameAddr
from telephony.sip.hop import ConnectionId, Hop
from telephony.sip.invite_client import cancel_for
from telephony.sip.message import Headers, Request
from telephony.sip.received import ReceivedRequest, ReceivedResponse
from telephony.sip.responses import response_to
from telephony.sip.transaction_events import Failure, TransactionId
from telephony.sip.transactions import MAGIC_COOKIE
from telephony.sip.uri import Uri

# Telephones that one call may ring. Whoever answers beyond that is none: not even an ACK is spent on it.
_MAX_FORKS = 32
# A server that is there says 100 within a fraction of a second.
_PATIENCE_S = 4.0
_ELSEWHERE: Extra = (("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What to call, from whom, and the offer to make; `to` is where the INVITE is sent.

    `others` are tried in turn while nobody there takes the call: on a 5xx, on failure, or after four seconds
    without any word.

    A `lasting` call outlives the program: sent again under the same session and Call-ID it is, to the other
    side, the same request come twice, so that a telephone that rings already does not ring again, and one
    that was answered gives its answer again. That answer is acknowledged only when the owner takes it.
    """

    target: Uri
    to: Hop
    from_: NameAddr
    body: bytes
    call_id: str
    headers: Extra = ()
    login: Login | None = None
    others: tuple[Hop, ...] = ()
    lasting: bool = False


class OutgoingState(Enum):
    """Until the final response; what comes after is the dialog's."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    EARLY = "early"
    CANCELLING = "cancelling"
    ANSWERED = "answered"
    OVER = "over"


class OutgoingInvite:
    """The calling side of one call. The first 2xx wins; every other fork that answers is hung up on."""

    def __init__(self, invitation: Invitation, ident: SessionId, means: Means) -> None:
        self.ident = ident
        self.state = OutgoingState.CALLING
        self._invitation = invitation
        self._means = means
        self._authorizer = Authorizer(invitation.login, means.tokens)
        self._contact = means.identity.contact(invitation.to, invitation.from_.uri.user)
        self._cseq = 0
        self._sent: SendRequest | None = None
        self._credentials: Extra = ()
        self._early: dict[str, Dialog] = {}
        self._early_answers: dict[str, bytes] = {}
        self._reliable = ReliableReceiver(means)
        self._within: Established | None = None
        self._acks: dict[str, SendAck] = {}
        self._held: list[SessionEffect] = []
        self._cancel_sent = False
        self._cancelled_because: Extra = ()

    @property
    def call_id(self) -> str:
        return self._invitation.call_id

    @property
    def flow(self) -> ConnectionId | None:
        """The connection that the peer is reached over, if it is one."""
        return None if self._within is None else self._within.dialog.peer.connection

    @property
    def finished(self) -> bool:
        if self._within is not None:
            return self._within.finished
        return self.state is OutgoingState.OVER

    def start(self, now: float) -> list[SessionEffect]:
        """The INVITE; again with credentials after a challenge."""
        invitation = self._invitation
        self._cseq += 1
        uri = str(invitation.target)
        self._credentials = self._authorizer.headers("INVITE", uri)
        branch = self._branch()
        items = (
            ("Via", self._means.identity.via(invitation.to, branch)),
            ("Max-Forwards", "70"),
            ("From", str(invitation.from_.with_tag(str(self.ident)))),
            ("To", str(NameAddr(None, invitation.target))),
            ("Call-ID", invitation.call_id),
            ("CSeq", f"{self._cseq} INVITE"),
            ("Contact", self._contact),
            ("Allow", ALLOW),
            ("Supported", SUPPORTED),
            ("User-Agent", self._means.identity.product),
            *invitation.headers,
            *self._credentials,
            ("Content-Type", SDP),
        )
        request = Request("INVITE", uri, Headers(items), invitation.body)
        self._sent = SendRequest(request, branch, invitation.to)
        if not invitation.others:
            return [self._sent]
        return [self._sent, Wake(SessionTimer.NEXT_TARGET, self._cseq, now + _PATIENCE_S)]

    def _branch(self) -> str:
        """Of a lasting call always the same for the same request to the same hop."""
        invitation = self._invitation
        if not invitation.lasting:
            return new_branch(self._means.tokens)
        return f"{MAGIC_COOKIE}{lasting_token(f'{invitation.call_id} {self._cseq} {invitation.to}')}"

    def _next_target(self, now: float) -> list[SessionEffect]:
        """Only while nobody rings: the one before is let go of, and what it still says is dropped."""
        invitation = self._invitation
        failed = Tell(TargetFailed(invitation.to))
        if not invitation.others or self.state not in {OutgoingState.CALLING, OutgoingState.PROCEEDING}:
            return [failed]
        gone = [] if self._sent is None else [Abandon(self._sent.branch)]
        self._invitation = replace(invitation, to=invitation.others[0], others=invitation.others[1:])
        self._contact = self._means.identity.contact(self._invitation.to, invitation.from_.uri.user)
        self.state = OutgoingState.CALLING
        return [failed, *gone, *self.start(now)]

    def is_meant_by(self, received: ReceivedRequest) -> bool:
        """Whether a request with our tag is of this call indeed; each fork of it has its own remote tag."""
        return received.call_id == self._invitation.call_id

    def handle(self, command: Command, now: float) -> list[SessionEffect]:
        match command:
            case HangUp(elsewhere):
                return self._hang_up(now, _ELSEWHERE if elsewhere else ())
            case Ring() | Accept() | Refuse():
                return []
            case TakeAnswer():
                held, self._held = self._held, []
                return held
            case _:
                return [] if self._within is None else self._within.handle(command, now)

    def on_request(
        self, transaction: TransactionId, received: ReceivedRequest, now: float
    ) -> list[SessionEffect]:
        established = self._within
        if established is not None and established.dialog.ident.remote_tag == received.from_.tag:
            return established.on_request(transaction, received, now)
        # Another fork's, whose dialog we have already ended or never confirmed.
        status = 200 if received.method == "BYE" and received.from_.tag in self._acks else 481
        return _respond(transaction, received, status, self.ident)

    def on_cancel(self) -> list[SessionEffect]:
        return []

    def on_response(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        if received.cseq.method == "INVITE" and received.cseq.number <= self._cseq:
            return self._on_invite_response(received, now)
        established = self._within
        if established is None or established.dialog.ident.remote_tag != received.to.tag:
            return []
        return established.on_response(received, now)

    def on_failure(self, request: Request, failure: Failure, now: float) -> list[SessionEffect]:
        if self._within is not None and self._within.dialog.sent(request):
            return self._within.on_failure(request.method)
        if self._within is not None or request.method != "INVITE" or self.state is OutgoingState.OVER:
            # The BYE to a fork that lost, or the CANCEL: the call that was won knows nothing of it.
            return []
        tried = self._next_target(now)
        if any(isinstance(effect, SendRequest) for effect in tried):
            return tried
        # Section 8.1.3.1: a time-out counts as a 408, a transport error as a 503.
        status, reason = (408, "No answer") if failure is Failure.TIMEOUT else (503, "Unreachable")
        silent = self.state is OutgoingState.CALLING
        return [*tried, *self._over(Hangup(Party.NETWORK, status, reason, silent=silent))]

    def on_wake(self, timer: SessionTimer, cseq: int, now: float) -> list[SessionEffect]:
        if timer is SessionTimer.NEXT_TARGET:
            silent = self.state is OutgoingState.CALLING and cseq == self._cseq
            return self._next_target(now) if silent else []
        if timer is SessionTimer.NO_FINAL and self.state is OutgoingState.CANCELLING:
            # Section 9.1: no final response within 64*T1 of the CANCEL: the INVITE counts as cancelled, and
            # its transaction is destroyed.
            self.state = OutgoingState.OVER
            return [] if self._sent is None else [Abandon(self._sent.branch)]
        return [] if self._within is None else self._within.on_wake(timer, cseq, now)

    def _on_invite_response(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        status = received.status
        if status < 200:
            return self._on_provisional(received, now)
        if status < 300:
            return self._on_ok(received, now)
        if self.state in {OutgoingState.ANSWERED, OutgoingState.OVER} or received.cseq.number != self._cseq:
            return []
        if self.state is OutgoingState.CANCELLING:
            self.state = OutgoingState.OVER
            return []
        if status in {401, 407} and self._authorizer.learn(received.response):
            self.state = OutgoingState.CALLING
            self._early.clear()
            return self.start(now)
        tried = self._next_target(now) if 500 <= status < 600 else []
        if any(isinstance(effect, SendRequest) for effect in tried):
            return tried
        return [*tried, *self._over(Hangup(Party.PEER, status, received.response.reason))]

    def _on_provisional(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        if self.state in {OutgoingState.ANSWERED, OutgoingState.OVER}:
            return []
        if self.state is OutgoingState.CANCELLING:
            return self._cancel(now)
        tag = received.to.tag
        if tag is None or received.status == 100:
            if self.state is OutgoingState.CALLING:
                self.state = OutgoingState.PROCEEDING
            return []
        self.state = OutgoingState.EARLY
        if tag not in self._early and len(self._early) < _MAX_FORKS:
            self._early[tag] = Dialog.as_client(received, self._invitation.target)
        response = received.response
        progress = Tell(Progress(response.status, response.reason, response.body))
        if "100rel" in (each.lower() for each in option_tags(response, "Require")):
            return self._on_reliable(received, tag, progress)
        return [progress]

    def _on_reliable(self, received: ReceivedResponse, tag: str, progress: Tell) -> list[SessionEffect]:
        dialog = self._early.get(tag)
        prack = None if dialog is None else self._reliable.acknowledge(received, dialog)
        if prack is None:
            return []
        if received.response.body:
            self._early_answers[tag] = received.response.body
        return [*prack, progress]

    def _on_ok(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        tag = received.to.tag or ""
        if tag in self._acks:
            # The 2xx was repeated because our ACK was lost.
            return [] if self._held else [self._acks[tag]]
        if len(self._acks) >= _MAX_FORKS:
            return []
        dialog = self._early.pop(tag, None) or Dialog.as_client(received, self._invitation.target)
        dialog.confirm(received)
        ack = acknowledge(dialog, self._means, received.cseq.number, self._credentials)
        self._acks[tag] = ack
        if self.state in {OutgoingState.ANSWERED, OutgoingState.CANCELLING, OutgoingState.OVER}:
            return [ack, *self._drop(dialog)]
        self.state = OutgoingState.ANSWERED
        self._early.clear()
        self._authorizer.succeeded()
        user = self._invitation.from_.uri.user
        self._within = Established(dialog, self._means, self._authorizer, user, we_called=True)
        session = self._within.begin_as_caller(received.response, now)
        # A reliable provisional response may have brought the answer already (RFC 3262 section 5).
        body = received.response.body or self._early_answers.get(tag, b"")
        self._early_answers.clear()
        taken = [ack, *session, Tell(Answered(body))]
        if not self._invitation.lasting:
            return taken
        self._held = taken
        return [Tell(AnswerHeld(ack.request.to_bytes(), ack.to))]

    def _drop(self, dialog: Dialog) -> list[SessionEffect]:
        """A fork that answered second, or crossed our CANCEL: acknowledged, then BYE (section 13.2.2.4)."""
        if self.state is OutgoingState.CANCELLING:
            self.state = OutgoingState.OVER
        credentials = self._authorizer.headers("BYE", str(dialog.remote_target))
        return [within(dialog, self._means, dialog.request("BYE", credentials))]

    def _hang_up(self, now: float, why: Extra) -> list[SessionEffect]:
        if self._within is not None:
            held, self._held = self._held[:1], []
            return [*held, *self._within.hang_up()]
        if self.state in {OutgoingState.CANCELLING, OutgoingState.OVER}:
            return []
        # Section 9.1: "If no provisional response has been received, the CANCEL request MUST NOT be sent."
        silent = self.state is OutgoingState.CALLING
        self.state = OutgoingState.CANCELLING
        self._cancelled_because = why
        ended = Tell(Ended(Hangup(Party.US, 487, "Cancelled", silent=silent)))
        return [ended] if silent else [ended, *self._cancel(now)]

    def _cancel(self, now: float) -> list[SessionEffect]:
        sent = self._sent
        if self._cancel_sent or sent is None:
            return []
        self._cancel_sent = True
        give_up = Wake(SessionTimer.NO_FINAL, self._cseq, now + self._means.timers.timeout_s)
        cancel = cancel_for(sent.request)
        cancel = cancel.with_headers(cancel.headers.extending(self._cancelled_because))
        return [SendRequest(cancel, sent.branch, sent.to), give_up]

    def _over(self, hangup: Hangup) -> list[SessionEffect]:
        silent = self.state is OutgoingState.CANCELLING
        self.state = OutgoingState.OVER
        return [] if silent else [Tell(Ended(hangup))]


def _respond(
    transaction: TransactionId, received: ReceivedRequest, status: int, ident: SessionId
) -> list[SessionEffect]:
    return [Respond(transaction, response_to(received.request, status, to_tag=str(ident)))]
