"""Agents' phones, as dispatch rings them: one outgoing call per offer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from acd.events import AgentCallEnded, OfferAnswered, OfferFailed, OfferFailure
from acd.events import Event as DispatchEvent
from contacts.ids import AgentId, ContactId, OfferId
from media.errors import MediaError
from server.intake.contact import Contact
from server.tasks import Tasks
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent, Ringing
from telephony.endpoint import SipEndpoint
from telephony.registration_desk import RegistrationDesk
from telephony.session_events import Hangup, Party

log = structlog.get_logger(__name__)

FAILURES = {
    408: OfferFailure.NO_ANSWER,
    480: OfferFailure.UNREACHABLE,
    486: OfferFailure.BUSY,
    487: OfferFailure.WITHDRAWN,
    600: OfferFailure.BUSY,
    603: OfferFailure.REJECTED,
}


@dataclass(slots=True)
class _Offer:
    agent: AgentId
    contact: ContactId
    call: Call | None = None
    withdrawn: bool = False
    answered_at: float = 0.0


class AgentPhones:
    """Keeps dispatch's promise: every ring ends in one answer or failure, every answer in one end."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        desk: RegistrationDesk,
        guests: Mapping[ContactId, Contact],
        post: Callable[[DispatchEvent], None],
        tasks: Tasks,
    ) -> None:
        self._endpoint = endpoint
        self._desk = desk
        self._guests = guests
        self._post = post
        self._tasks = tasks
        self._offers: dict[OfferId, _Offer] = {}

    def ring(self, offer: OfferId, agent: AgentId, contact: ContactId, timeout_s: float) -> None:
        """Dispatch itself withdraws the offer after `timeout_s`."""
        self._offers[offer] = _Offer(agent, contact)
        self._tasks.start(self._serve(offer, self._offers[offer]))

    def stop_ringing(self, offer: OfferId) -> None:
        self._withdraw(offer)

    def hang_up(self, offer: OfferId) -> None:
        self._withdraw(offer)

    def answered(self, offer: OfferId) -> tuple[Call, float] | None:
        """The agent's leg and when it was answered (monotonic), while it is up."""
        held = self._offers.get(offer)
        return None if held is None or held.call is None else (held.call, held.answered_at)

    def _withdraw(self, offer: OfferId) -> None:
        held = self._offers.get(offer)
        if held is None:
            return
        held.withdrawn = True
        if held.call is not None:
            self._tasks.start(held.call.hang_up("offer withdrawn"))

    async def _serve(self, offer: OfferId, held: _Offer) -> None:
        """One leg from INVITE to BYE."""
        try:
            rung = await self._ring(held)
        except Exception:
            # The edge of an agent's leg: dispatch must hear of its end, or the agent would ring forever.
            log.exception("agent.not_rung", agent=held.agent)
            rung = OfferFailure.NETWORK
        if isinstance(rung, OfferFailure):
            self._told_failure(held, rung)
            del self._offers[offer]
            self._post(OfferFailed(offer, rung))
            return
        held.answered_at = time.monotonic()
        try:
            self._post(OfferAnswered(offer))
            await rung.ended
            guest = self._guests.get(held.contact)
            if guest is not None:
                guest.agent_left(held.agent, rung)
        finally:
            del self._offers[offer]
            self._post(AgentCallEnded(offer))

    async def _ring(self, held: _Offer) -> Call | OfferFailure:
        """The agent's leg once it is answered."""
        guest = self._guests.get(held.contact)
        bindings = self._desk.bindings(held.agent)
        if guest is None or held.withdrawn:
            return OfferFailure.WITHDRAWN
        if not bindings:
            return OfferFailure.UNREACHABLE
        caller = guest.call.facts
        try:
            held.call = await self._endpoint.place_call(
                bindings[-1],
                caller=caller.caller,
                display=caller.remote_display,
                headers=(("X-Contact-ID", str(held.contact)),),
            )
        except MediaError:
            log.warning("agent.no_media", agent=held.agent)
            return OfferFailure.NETWORK
        held.call.on_event = lambda event: self._while_ringing(held, event)
        try:
            await held.call.wait_answered()
        except CallEnded as ended:
            return _failure(ended.hangup, held.withdrawn)
        return held.call

    def _while_ringing(self, held: _Offer, event: CallEvent) -> None:
        guest = self._guests.get(held.contact)
        if guest is not None and isinstance(event, Ringing) and event.status == 180:
            guest.ringing(held.agent)

    def _told_failure(self, held: _Offer, failure: OfferFailure) -> None:
        guest = self._guests.get(held.contact)
        if guest is not None:
            guest.agent_failed(held.agent, failure.value)


def _failure(hangup: Hangup, withdrawn: bool) -> OfferFailure:
    if withdrawn:
        return OfferFailure.WITHDRAWN
    if hangup.by is Party.NETWORK:
        return OfferFailure.NETWORK
    return FAILURES.get(hangup.status, OfferFailure.REJECTED)
