"""What happens inside a dialog once it may carry requests (RFC 3261 sections 12.2, 14 and 15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from telephony.session.awaited_acks import AwaitedAcks
from telephony.session.capabilities import ALLOW, SDP, SUPPORTED, Extra, options_headers
from telephony.session.digits import digit_of
from telephony.session.events import (
    AcceptReferral,
    AcceptReoffer,
    Acknowledged,
    DigitSignalled,
    Ended,
    Hangup,
    Party,
    Probe,
    ReferralCommand,
    RefreshDue,
    RefuseReferral,
    RefuseReoffer,
    Reoffer,
    Reoffered,
    ReofferFailed,
    ReportReferral,
    Respond,
    SessionEffect,
    SessionTimer,
    Tell,
    Wake,
    Within,
)
from telephony.session.identity import Means
from telephony.session.login import Authorizer
from telephony.session.outbound import within
from telephony.session.referrals import Referrals
from telephony.session.refresh import SessionRefresh
from telephony.session.reinvite import OwnReinvite
from telephony.sip.dialog import Dialog
from telephony.sip.message import Message, Response
from telephony.sip.received import ReceivedRequest, ReceivedResponse
from telephony.sip.responses import response_to
from telephony.sip.transaction_events import TransactionId


@dataclass(frozen=True, slots=True)
class AskedReinvite:
    """A re-INVITE of the peer that waits for our word."""

    transaction: TransactionId
    received: ReceivedRequest


class Established:
    """One dialog's traffic. Once `ending` nothing more is told; once `finished` nothing is left to say."""

    def __init__(
        self,
        dialog: Dialog,
        means: Means,
        authorizer: Authorizer,
        contact_user: str | None = None,
        *,
        we_called: bool,
    ) -> None:
        self.dialog = dialog
        self.ending = False
        self.finished = False
        self._means = means
        self._authorizer = authorizer
        self.contact = ("Contact", means.identity.contact(dialog.peer, contact_user))
        self._awaited = AwaitedAcks(means.timers)
        self._initial_cseq: int | None = None
        self._asked: AskedReinvite | None = None
        self._probe: int | None = None
        self._refresh = SessionRefresh()
        self._takes_update = False
        self._referrals = Referrals(dialog, means, self.contact)
        self._own = OwnReinvite(
            dialog, means, authorizer, self.contact, self._refresh, owns_call_id=we_called
        )

    def meet(self, message: Message) -> None:
        """The peer's INVITE or its 2xx: what it is able to do."""
        self._takes_update = "update" in (message.headers.get("Allow") or "").lower()

    def begin_as_caller(self, response: Response, now: float) -> list[SessionEffect]:
        """The 2xx to our INVITE."""
        self.meet(response)
        return self._refresh.answered(response, now)

    def accept_initial(
        self, transaction: TransactionId, invite: ReceivedRequest, body: bytes, now: float
    ) -> list[SessionEffect]:
        """Sends the 200 that establishes the dialog, and again until its ACK comes."""
        self._initial_cseq = invite.cseq.number
        self.meet(invite.request)
        return self._send_ok(transaction, invite, body, now)

    def accept_asked(self, transaction: TransactionId, body: bytes, now: float) -> list[SessionEffect]:
        """Our yes to the peer's re-INVITE."""
        asked = self._take_asked(transaction)
        if asked is None:
            return []
        if asked.received.method == "UPDATE":
            return self._send_update_ok(transaction, asked.received, body, now)
        return self._send_ok(transaction, asked.received, body, now)

    def refuse_asked(self, transaction: TransactionId, status: int) -> list[SessionEffect]:
        """Our no to the peer's re-INVITE: everything stays as it was."""
        asked = self._take_asked(transaction)
        return [] if asked is None else [self._answer(transaction, asked.received, status)]

    def reoffer(self, body: bytes) -> list[SessionEffect]:
        """Sends our re-INVITE, unless one of either side is under way: then it is told to be refused."""
        if self.ending:
            return []
        busy = self._own.pending or self._own.waiting or self._awaited.offering
        if busy or self._asked is not None:
            return [Tell(ReofferFailed(491))]
        return self._own.send(body)

    def probe(self, within_s: float | None, now: float) -> list[SessionEffect]:
        """Any answer but 408 and 481 will do (section 12.2.1.2); who is being asked is not asked again."""
        if self.ending or self._probe is not None:
            return []
        asked = within(self.dialog, self._means, self.dialog.request("OPTIONS", (("Accept", SDP),)))
        self._probe = self.dialog.local_cseq
        if within_s is None:
            return [asked]
        return [asked, Wake(SessionTimer.PROBE, self._probe, now + within_s)]

    def handle(self, command: Within, now: float) -> list[SessionEffect]:
        match command:
            case Reoffer(body):
                return self.reoffer(body)
            case Probe(within_s):
                return self.probe(within_s, now)
            case AcceptReoffer(transaction, body):
                return self.accept_asked(transaction, body, now)
            case RefuseReoffer(transaction, status):
                return self.refuse_asked(transaction, status)
            case AcceptReferral() | RefuseReferral() | ReportReferral():
                return [] if self.ending else self._on_referral_command(command)
            case _:
                assert_never(command)

    def _on_referral_command(self, command: ReferralCommand) -> list[SessionEffect]:
        match command:
            case AcceptReferral(referral):
                return self._referrals.accept(referral)
            case RefuseReferral(referral, status):
                return self._referrals.refuse(referral, status)
            case ReportReferral(referral, status):
                return self._referrals.report(referral, status)
            case _:
                assert_never(command)

    def hang_up(self) -> list[SessionEffect]:
        if self.ending:
            return []
        return [Tell(Ended(Hangup(Party.US, 200, ""))), *self._say_goodbye()]

    def on_request(
        self, transaction: TransactionId, received: ReceivedRequest, now: float
    ) -> list[SessionEffect]:
        self.dialog.hear(received)
        if received.method == "ACK":
            return self._on_ack(received)
        if not self.dialog.in_order(received):
            return [self._answer(transaction, received, 500)]
        match received.method:
            case "BYE":
                return self._on_bye(transaction, received)
            case "OPTIONS":
                return [self._answer(transaction, received, 200, options_headers())]
            case _ if self.ending:
                return [self._answer(transaction, received, 481)]
            case _:
                return self._on_request_within(transaction, received, now)

    def _on_request_within(
        self, transaction: TransactionId, received: ReceivedRequest, now: float
    ) -> list[SessionEffect]:
        match received.method:
            case "UPDATE" if not received.request.body:
                self.dialog.refresh_target(received.request)
                return self._send_update_ok(transaction, received, b"", now)
            case "UPDATE":
                return self._on_reinvite(transaction, received)
            case "INVITE":
                return self._on_reinvite(transaction, received)
            case "INFO":
                return self._on_info(transaction, received)
            case "REFER":
                return self._referrals.ask(transaction, received)
            case _:
                return [self._answer(transaction, received, 405, (("Allow", ALLOW),))]

    def on_response(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        if received.cseq.method == "INVITE":
            effects = self._own.on_response(received, now)
        elif received.cseq.method == "BYE":
            effects = self._on_bye_response(received)
        elif received.cseq.method == "OPTIONS":
            effects = self._on_probe_response(received)
        elif received.cseq.method == "UPDATE":
            effects = self._on_refresh_response(received, now)
        else:
            return []
        return self._leave_if_lost(effects)

    def _on_probe_response(self, received: ReceivedResponse) -> list[SessionEffect]:
        if received.status < 200 or received.cseq.number != self._probe:
            return []
        self._probe = None
        if received.status in {408, 481} and not self.ending:
            return self._lose(received.status, "Dialog lost")
        return []

    def _on_refresh_response(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        if received.status < 200 or self.ending:
            return []
        if received.status < 300:
            return self._refresh.answered(received.response, now)
        if received.status in {408, 481}:
            return self._lose(received.status, "Dialog lost")
        # Whoever takes no UPDATE takes a re-INVITE.
        return [Tell(RefreshDue())]

    def on_failure(self, method: str) -> list[SessionEffect]:
        """A request of ours got no final response."""
        if method == "BYE":
            self.finished = True
            return []
        if method in {"OPTIONS", "UPDATE"}:
            return self._on_silence()
        return self._leave_if_lost(self._own.on_failure()) if method == "INVITE" else []

    def on_wake(self, timer: SessionTimer, cseq: int, now: float) -> list[SessionEffect]:
        match timer:
            case SessionTimer.REPEAT_OK:
                return self._awaited.repeat(cseq, now)
            case SessionTimer.NO_ACK if self._awaited.take(cseq) is not None:
                # "If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, the
                # dialog is confirmed, but the session SHOULD be terminated [...] with a BYE."
                return self._lose(408, "No ACK")
            case SessionTimer.REFRESH if cseq == self._refresh.round and not self.ending:
                return self._send_refresh()
            case SessionTimer.EXPIRE if cseq == self._refresh.round and not self.ending:
                return self._lose(408, "Session expired")
            case SessionTimer.PROBE if cseq == self._probe:
                return self._on_silence()
            case SessionTimer.GLARE if not self.ending:
                return self._own.try_again(now, peer_is_first=self._asked is not None)
            case _:
                return []

    def _on_silence(self) -> list[SessionEffect]:
        self._probe = None
        return [] if self.ending else self._lose(408, "Peer gone")

    def _on_ack(self, received: ReceivedRequest) -> list[SessionEffect]:
        awaited = self._awaited.take(received.cseq.number)
        if awaited is None:
            return []
        if self.ending:
            return self._bye()
        return [Tell(Acknowledged(received.request.body if awaited.offers else None))]

    def _on_bye(self, transaction: TransactionId, received: ReceivedRequest) -> list[SessionEffect]:
        effects: list[SessionEffect] = [self._answer(transaction, received, 200)]
        # "The UAS MUST still respond to any pending requests received for that dialog [...] 487."
        effects += [*self._drop_asked(), *self._referrals.drop()]
        if not self.ending:
            reason = received.request.headers.get("Reason") or ""
            effects.append(Tell(Ended(Hangup(Party.PEER, 200, reason))))
        self.ending = self.finished = True
        self._awaited.clear()
        return effects

    def _on_reinvite(self, transaction: TransactionId, received: ReceivedRequest) -> list[SessionEffect]:
        if self._asked is not None:
            # "A UAS that receives a second INVITE before it sends the final response to a first INVITE [...]
            # MUST return a 500 [...] and MUST include a Retry-After [...] between 0 and 10 seconds."
            after = str(self._means.draw(11))
            return [self._answer(transaction, received, 500, (("Retry-After", after),))]
        if self._own.pending or self._awaited.offering:
            return [self._answer(transaction, received, 491)]
        self.dialog.refresh_target(received.request)
        self._asked = AskedReinvite(transaction, received)
        return [Tell(Reoffered(transaction, received.request.body))]

    def _on_info(self, transaction: TransactionId, received: ReceivedRequest) -> list[SessionEffect]:
        answer = self._answer(transaction, received, 200)
        digit = digit_of(received.request)
        return [answer] if digit is None else [answer, Tell(DigitSignalled(digit))]

    def _on_bye_response(self, received: ReceivedResponse) -> list[SessionEffect]:
        if received.status < 200:
            return []
        if received.status in {401, 407} and self._authorizer.learn(received.response):
            return self._bye()
        self.finished = True
        return []

    def _leave_if_lost(self, effects: list[SessionEffect]) -> list[SessionEffect]:
        # Section 12.2.1.2: 481, 408 or silence in answer to a re-INVITE means that the dialog is gone.
        lost = self._own.lost_status
        if lost is None or self.ending:
            return effects
        return [*effects, *self._lose(lost, "Dialog lost")]

    def _lose(self, status: int, reason: str) -> list[SessionEffect]:
        if self.ending:
            return self._bye()
        return [Tell(Ended(Hangup(Party.NETWORK, status, reason))), *self._say_goodbye()]

    def _say_goodbye(self) -> list[SessionEffect]:
        self.ending = True
        effects = [*self._drop_asked(), *self._referrals.drop()]
        # Section 15: "The callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK
        # for its 2xx response or until the server transaction times out."
        return effects if self._initial_cseq in self._awaited else [*effects, *self._bye()]

    def _bye(self) -> list[SessionEffect]:
        credentials = self._authorizer.headers("BYE", str(self.dialog.remote_target))
        return [within(self.dialog, self._means, self.dialog.request("BYE", credentials))]

    def _send_refresh(self) -> list[SessionEffect]:
        if not self._takes_update:
            return [Tell(RefreshDue())]
        update = self.dialog.request("UPDATE", (self.contact, *self._refresh.headers()))
        return [within(self.dialog, self._means, update)]

    def _send_update_ok(
        self, transaction: TransactionId, update: ReceivedRequest, body: bytes, now: float
    ) -> list[SessionEffect]:
        session, wakes = self._refresh.asked(update.request, now)
        kind = (("Content-Type", SDP),) if body else ()
        extra = (self.contact, ("Allow", ALLOW), ("Supported", SUPPORTED), *session, *kind)
        tag = self.dialog.ident.local_tag
        response = response_to(update.request, 200, to_tag=tag, extra=extra, body=body)
        return [Respond(transaction, response), *wakes]

    def _send_ok(
        self, transaction: TransactionId, invite: ReceivedRequest, body: bytes, now: float
    ) -> list[SessionEffect]:
        session, wakes = self._refresh.asked(invite.request, now)
        kind = ("Content-Type", SDP)
        extra = (self.contact, ("Allow", ALLOW), ("Supported", SUPPORTED), *session, kind)
        tag = self.dialog.ident.local_tag
        response = response_to(invite.request, 200, to_tag=tag, extra=extra, body=body)
        offers = not invite.request.body
        sent = self._awaited.send(invite.cseq.number, transaction, response, offers=offers, now=now)
        return [*sent, *wakes]

    def _take_asked(self, transaction: TransactionId) -> AskedReinvite | None:
        asked = self._asked
        if asked is None or asked.transaction != transaction:
            return None
        self._asked = None
        return asked

    def _drop_asked(self) -> list[SessionEffect]:
        asked, self._asked = self._asked, None
        return [] if asked is None else [self._answer(asked.transaction, asked.received, 487)]

    def _answer(
        self, transaction: TransactionId, received: ReceivedRequest, status: int, extra: Extra = ()
    ) -> Respond:
        tag = self.dialog.ident.local_tag
        return Respond(transaction, response_to(received.request, status, to_tag=tag, extra=extra))
