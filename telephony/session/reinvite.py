"""Our own re-INVITE: one at a time, tried again after a glare (RFC 3261 section 14.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.session.capabilities import ALLOW, SDP
from telephony.session.events import (
    ReofferAnswered,
    ReofferDue,
    ReofferFailed,
    SendAck,
    SessionEffect,
    SessionTimer,
    Tell,
    Wake,
)
from telephony.session.identity import Means
from telephony.session.login import Authorizer
from telephony.session.outbound import acknowledge, within
from telephony.session.refresh import SessionRefresh
from telephony.sip.dialog import Dialog
from telephony.sip.received import ReceivedResponse


@dataclass(slots=True)
class OwnReinvite:
    """Sends and acknowledges. `pending` while it is on the wire; after a glare it waits and lets the peer go
    first; `lost_status` says that the answer showed the dialog to be gone.
    """

    dialog: Dialog
    means: Means
    authorizer: Authorizer
    contact: tuple[str, str]
    refresh: SessionRefresh
    owns_call_id: bool
    pending: bool = False
    waiting: bool = False
    lost_status: int | None = None
    _body: bytes = b""
    _cseq: int = 0
    _acks: dict[int, SendAck] = field(default_factory=dict)

    def send(self, body: bytes) -> list[SessionEffect]:
        self.pending = True
        self._body = body
        return self._invite()

    def try_again(self, now: float, *, peer_is_first: bool) -> list[SessionEffect]:
        """The wait after a glare is over; it starts anew while the peer's own re-INVITE is being decided."""
        if not self.waiting:
            return []
        if peer_is_first:
            return [self._wait(now)]
        self.waiting = False
        # Not the offer of before: the peer's own re-INVITE may have changed the session meanwhile.
        return [Tell(ReofferDue())]

    def on_response(self, received: ReceivedResponse, now: float) -> list[SessionEffect]:
        status, number = received.status, received.cseq.number
        if number in self._acks:
            # "The UAC core MUST generate an ACK request for each 2xx": a repeated one means ours was lost.
            return [self._acks[number]] if 200 <= status < 300 else []
        if status < 200 or number != self._cseq or not self.pending:
            return []
        if status < 300:
            return [*self._on_ok(received), *self.refresh.answered(received.response, now)]
        if status in {401, 407} and self.authorizer.learn(received.response):
            return self._invite()
        if status == 491:
            self.pending, self.waiting = False, True
            return [self._wait(now)]
        self.pending = False
        if status in {408, 481}:
            self.lost_status = status
        return [Tell(ReofferFailed(status))]

    def on_failure(self) -> list[SessionEffect]:
        if not self.pending:
            return []
        self.pending = False
        self.lost_status = 408
        return [Tell(ReofferFailed(408))]

    def _on_ok(self, received: ReceivedResponse) -> list[SessionEffect]:
        self.pending = False
        self.authorizer.succeeded()
        self.dialog.refresh_target(received.response)
        ack = acknowledge(self.dialog, self.means, received.cseq.number)
        # Only the latest can still be repeated: a new re-INVITE waits for the one before.
        self._acks = {received.cseq.number: ack}
        return [ack, Tell(ReofferAnswered(received.response.body))]

    def _wait(self, now: float) -> Wake:
        return Wake(SessionTimer.GLARE, self._cseq, now + self._glare_wait_s())

    def _glare_wait_s(self) -> float:
        # "If the UAC is the owner of the Call-ID [...] T is a randomly chosen value between 2.1 and 4 seconds
        # in units of 10 ms. If not [...] between 0 and 2 seconds in units of 10 ms."
        return 2.1 + self.means.draw(191) / 100 if self.owns_call_id else self.means.draw(201) / 100

    def _invite(self) -> list[SessionEffect]:
        credentials = self.authorizer.headers("INVITE", str(self.dialog.remote_target))
        session = self.refresh.headers()
        extra = (self.contact, ("Allow", ALLOW), *session, *credentials, ("Content-Type", SDP))
        request = self.dialog.request("INVITE", extra, self._body)
        self._cseq = self.dialog.local_cseq
        return [within(self.dialog, self.means, request)]
