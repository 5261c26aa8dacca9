"""One leg of a conversation as its owner sees it: signalling and sound together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import structlog

from media.errors import MediaError
from media.events import DigitReceived, MediaEvent, MediaSilent
from telephony.admission import Refusal
from telephony.call_events import (
    Answered,
    AnswerWaits,
    CallEnded,
    CallEvent,
    Digit,
    Ended,
    Held,
    HoldRefused,
    Resumed,
    Ringing,
    TransferAsked,
)
from telephony.call_facts import CallDirection, CallFacts, Line
from telephony.call_media import CallMedia
from telephony.sdp.description import Direction
from telephony.sdp.offer_answer import NotAcceptable
from telephony.session import events as told
from telephony.session.digits import DigitMerger
from telephony.session.events import Hangup, Party
from telephony.settled import Settled
from telephony.sip.transaction_events import TransactionId

if TYPE_CHECKING:
    from media.call_sound import CallSound

log = structlog.get_logger(__name__)

_NO_SOUND = Refusal(503, "", "media.exhausted", retry_after_s=5)

_PROBE_PATIENCE_S = 3.0
_DECLINED = 603

EventHandler = Callable[[CallEvent], None]


class Call:
    """Methods may be called at any time: what comes too late raises CallEnded or, to end it, does nothing.

    `on_event` is called in the event loop and must not block; an error it raises ends the call. Times are
    monotonic seconds.
    """

    def __init__(self, facts: CallFacts, line: Line, probe_after_s: float | None = None) -> None:
        self.facts = facts
        self.probe_after_s = probe_after_s
        """When given, a peer that falls silent is asked at once whether it is there, and again after it."""
        self.on_event: EventHandler = lambda _event: None
        self.invited_at = line.now()
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.hangup: Hangup | None = None
        self._line = line
        self._media: CallMedia | None = None
        self._digits = DigitMerger()
        self._ended: Settled[Hangup] = Settled()
        # None once the 2xx is acknowledged or received; the hangup when that never happened.
        self._confirmed: Settled[Hangup | None] = Settled()
        self._one_reoffer: asyncio.Lock | None = None
        self._reoffer: asyncio.Future[int] | None = None
        self._wanted = Direction.SENDRECV
        self._cause = ""
        self._undecided: set[int] = set()
        self.early_sound = False
        """The called side lets something be heard before it answers."""

    @property
    def id(self) -> str:
        return self.facts.id

    @property
    def sip_call_id(self) -> str:
        return self.facts.sip_call_id

    @property
    def direction(self) -> CallDirection:
        return self.facts.direction

    @property
    def remote_uri(self) -> str:
        return str(self.facts.remote_uri)

    @property
    def local_uri(self) -> str:
        return str(self.facts.local_uri)

    @property
    def leg(self) -> CallSound:
        """The sound. An incoming call has none before `answer`."""
        if self._media is None:
            raise RuntimeError("an incoming call has no sound before it is answered")
        return self._media.leg

    @property
    def probe_patience_s(self) -> float | None:
        """How long the peer may take to say that it is there; None leaves it to the transaction."""
        return None if self.probe_after_s is None else _PROBE_PATIENCE_S

    @property
    def ended(self) -> asyncio.Future[Hangup]:
        """Done when the call is over; every access gives another future, so cancelling one harms nobody."""
        return self._ended.future()

    @property
    def held_by_peer(self) -> bool:
        return self._media is not None and self._media.held_by_peer

    @property
    def held_by_us(self) -> bool:
        return self._media is not None and self._media.held_by_us

    async def ring(self) -> None:
        self._command(told.Ring())

    async def answer(self) -> None:
        """Takes an incoming call and returns when the caller knows it; raises CallEnded."""
        self._raise_if_ended()
        if self._media is None:
            self._accept()
        await self.wait_answered()

    async def wait_answered(self) -> None:
        """Returns when the call is established from both sides; raises CallEnded."""
        hangup = await self._confirmed.wait()
        if hangup is not None:
            raise CallEnded(hangup)

    def take_answer(self) -> None:
        """After `AnswerWaits`, once it is written down that the call was answered."""
        self._command(told.TakeAnswer())

    async def reject(self, status: int = 486, reason: str = "", *, retry_after_s: int | None = None) -> None:
        """Turns an incoming call away; does nothing once it is answered or over."""
        refusal = Refusal(status, reason, "call.rejected", retry_after_s)
        self._command(told.Refuse(status, reason, refusal.headers))

    async def hang_up(self, cause: str = "", *, elsewhere: bool = False) -> None:
        """Ends the call as its state demands: BYE, CANCEL or a refusal. `cause` is for the records.

        `elsewhere` tells a phone that still rings that another one took the call: it shows no missed call.
        """
        self._cause = cause
        self._command(told.HangUp(elsewhere))

    def accept_transfer(self, referral: int) -> None:
        """Only while TransferAsked is being handled."""
        self._undecided.discard(referral)
        self._command(told.AcceptReferral(referral))

    def refuse_transfer(self, referral: int, status: int) -> None:
        """Only while TransferAsked is being handled; without a word it is declined, too (603)."""
        if referral in self._undecided:
            self._undecided.discard(referral)
            self._command(told.RefuseReferral(referral, status))

    def report_transfer(self, referral: int, status: int) -> None:
        """The status of the call that was asked for: 180 while it rings, 200 once it is answered."""
        self._command(told.ReportReferral(referral, status))

    async def hold(self) -> None:
        """Sends music or silence only, and hears nothing; raises HoldRefused or CallEnded."""
        await self._change_direction(Direction.SENDONLY)

    async def resume(self) -> None:
        await self._change_direction(Direction.SENDRECV)

    def offer(self) -> bytes:
        """Opens the sound of an outgoing call and describes it; raises MediaError."""
        self._media = self._open_media()
        return self._media.offer()

    def handle(self, fact: told.Fact) -> None:
        """What the endpoint passes on from signalling."""
        if self._ended.done:
            return
        match fact:
            case told.Progress() | told.AnswerHeld() | told.Answered() | told.Acknowledged():
                self._on_setup(fact)
            case told.Reoffered() | told.ReofferAnswered() | told.ReofferFailed():
                self._on_reoffer(fact)
            case told.ReofferDue() | told.RefreshDue():
                self._on_due(fact)
            case told.DigitSignalled() | told.Referred():
                self._on_asked(fact)
            case told.Ended(hangup):
                self._on_ended(hangup)
            case told.TargetFailed():
                pass
            case _:
                assert_never(fact)

    def _on_setup(self, fact: told.Progress | told.AnswerHeld | told.Answered | told.Acknowledged) -> None:
        match fact:
            case told.Progress(status, _, body):
                if body and self._media is not None:
                    self._media.hear_early(body)
                    self.early_sound = True
                self._emit(Ringing(status))
            case told.AnswerHeld(ack, to):
                self._emit(AnswerWaits(ack, to))
            case told.Answered(body):
                self._on_answered(body)
            case told.Acknowledged(answer):
                self._on_acknowledged(answer)
            case _:
                assert_never(fact)

    def _on_reoffer(self, fact: told.Reoffered | told.ReofferAnswered | told.ReofferFailed) -> None:
        match fact:
            case told.Reoffered(transaction, body):
                self._on_reoffered(transaction, body)
            case told.ReofferAnswered(body):
                self._on_reoffer_answered(body)
            case told.ReofferFailed(status):
                self._settle_reoffer(status)
            case _:
                assert_never(fact)

    def _accept(self) -> None:
        try:
            media = self._open_media()
        except MediaError:
            self._turn_away(_NO_SOUND)
            return
        body = media.respond(self.facts.offer)
        if isinstance(body, NotAcceptable):
            media.close()
            warning = ("Warning", body.warning(self.facts.local_uri.host or "trunkline"))
            self._turn_away(Refusal(body.status, "", f"media.{body.rule}", extra=(warning,)))
            return
        self._media = media
        self.answered_at = self._line.now()
        self._command(told.Accept(body))

    def _turn_away(self, refusal: Refusal) -> None:
        self._line.note_refusal(refusal, self.facts.peer_ip or "")
        self._command(told.Refuse(refusal.status, refusal.reason, refusal.headers))

    def _open_media(self) -> CallMedia:
        line, facts = self._line, self.facts
        session = line.new_session_id()
        return CallMedia(line, session, self._on_media, facts.peer_ip, facts.profile)

    def _on_answered(self, body: bytes) -> None:
        self.answered_at = self._line.now()
        self._confirm(None if self._media is None else self._media.accept(body))

    def _on_acknowledged(self, answer: bytes | None) -> None:
        was_held = self.held_by_peer
        self._confirm(None if answer is None or self._media is None else self._media.accept(answer))
        self._tell_hold(was_held)

    def _confirm(self, refusal: NotAcceptable | None) -> None:
        """The peer's first word decides: without an answer that can be used the call has no sound."""
        if self._confirmed.done:
            return
        if refusal is not None:
            self._cause = f"answer not acceptable: {refusal.reason}"
            self._command(told.HangUp())
            return
        self._confirmed.settle(None)
        self._emit(Answered())

    def _on_reoffered(self, transaction: TransactionId, body: bytes) -> None:
        if self._media is None:
            self._command(told.RefuseReoffer(transaction, 500))
            return
        was_held = self.held_by_peer
        response = self._media.respond(body)
        if isinstance(response, NotAcceptable):
            self._command(told.RefuseReoffer(transaction, response.status))
            return
        self._command(told.AcceptReoffer(transaction, response))
        self._tell_hold(was_held)

    def _on_reoffer_answered(self, body: bytes) -> None:
        was_held = self.held_by_peer
        refusal = None if self._media is None else self._media.accept(body, self._wanted)
        self._settle_reoffer(200 if refusal is None else refusal.status)
        self._tell_hold(was_held)

    def _settle_reoffer(self, status: int) -> None:
        if status >= 300 and self._media is not None:
            self._media.withdraw()
        if self._reoffer is not None and not self._reoffer.done():
            self._reoffer.set_result(status)

    def _on_asked(self, fact: told.DigitSignalled | told.Referred) -> None:
        if isinstance(fact, told.Referred):
            self._on_referred(fact)
        elif self._digits.by_info(fact.digit, self._line.now()):
            self._emit(Digit(fact.digit, self._line.now()))

    def _on_referred(self, referred: told.Referred) -> None:
        self._undecided.add(referred.referral)
        self._emit(TransferAsked(referred.referral, referred.target, referred.replaces))
        if referred.referral in self._undecided:
            self._undecided.discard(referred.referral)
            self._command(told.RefuseReferral(referred.referral, _DECLINED))

    def _on_due(self, fact: told.ReofferDue | told.RefreshDue) -> None:
        """An offer of what we want as of now; for a mere refresh one that is under way does as well."""
        under_way = self._reoffer is not None and not self._reoffer.done()
        if self._media is not None and (isinstance(fact, told.ReofferDue) or not under_way):
            self._command(told.Reoffer(self._media.offer(self._wanted)))

    def _tell_hold(self, was_held: bool) -> None:
        if self.held_by_peer != was_held:
            self._emit(Held() if self.held_by_peer else Resumed())

    async def _change_direction(self, direction: Direction) -> None:
        if self._one_reoffer is None:
            self._one_reoffer = asyncio.Lock()
        async with self._one_reoffer:
            if self._reoffer is not None:
                # Whoever waited for it may have gone; the offer is still on its way.
                await asyncio.shield(self._reoffer)
            self._raise_if_ended()
            if self._media is None or self.answered_at is None:
                raise HoldRefused(491)
            self._wanted = direction
            self._reoffer = asyncio.get_running_loop().create_future()
            self._command(told.Reoffer(self._media.offer(direction)))
            status = await asyncio.shield(self._reoffer)
        self._raise_if_ended()
        if status >= 300:
            raise HoldRefused(status)

    def _on_media(self, event: MediaEvent) -> None:
        if self._ended.done:
            return
        if isinstance(event, MediaSilent) and self.probe_after_s is not None:
            self._command(told.Probe(self.probe_patience_s))
        if not isinstance(event, DigitReceived):
            self._emit(event)
        elif self._digits.by_media(event.digit, self._line.now()):
            self._emit(Digit(event.digit, event.at_s))

    def _on_ended(self, hangup: Hangup) -> None:
        if self._cause and hangup.by is Party.US:
            hangup = replace(hangup, reason=self._cause)
        self.hangup = hangup
        self.ended_at = self._line.now()
        if self._media is not None:
            self._media.close()
        self._ended.settle(hangup)
        self._confirmed.settle(hangup)
        self._settle_reoffer(481)
        self._emit(Ended(hangup))

    def _raise_if_ended(self) -> None:
        if self.hangup is not None:
            raise CallEnded(self.hangup)

    def _command(self, command: told.Command) -> None:
        self._line.command(self.facts.id, command)

    def _emit(self, event: CallEvent) -> None:
        try:
            self.on_event(event)
        except Exception:
            log.exception("call.owner_failed", call_id=self.id, event_type=type(event).__name__)
            self._cause = "internal error"
            self._command(told.HangUp())
