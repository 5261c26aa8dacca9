"""Agents' phones, as dispatch rings them: all devices of the agent at once, and one leg for the offer.

Dispatch's promise is kept here: every ring ends in one answer or failure, every answer in one end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

from acd.events import AgentCallEnded, OfferAnswered, OfferFailed, OfferFailure
from acd.events import Event as DispatchEvent
from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact, ParticipantRole
from contacts.facts.queue import OfferRefused
from contacts.ids import AgentId, ContactId, LegId, OfferId, ParticipantId
from contacts.outcomes import EndedBy
from server.intake.active_contact import ActiveContact
from server.intake.legs import answered, ended
from server.intake.ports import Lines, PhoneBook
from server.tasks import Tasks
from telephony.call import Call
from telephony.call_events import Answered, CallEvent, Ended, Ringing
from telephony.session.events import Hangup, Party

log = structlog.get_logger(__name__)

FAILURES = {
    408: OfferFailure.NO_ANSWER,
    480: OfferFailure.UNREACHABLE,
    486: OfferFailure.BUSY,
    487: OfferFailure.WITHDRAWN,
    600: OfferFailure.BUSY,
    603: OfferFailure.REJECTED,
}


def participant_of(agent: AgentId) -> ParticipantId:
    """The agent's part in whatever contact they serve."""
    return ParticipantId(f"agent:{agent}")


@dataclass(slots=True, eq=False)
class _Ring:
    """One offer, from the order to ring until its last leg has ended."""

    offer: OfferId
    agent: AgentId
    contact: ContactId
    calls: list[Call] = field(default_factory=list)
    """Those that ring or, after the answer, are being ended; not the one that answered."""
    winner: Call | None = None
    placing: bool = True
    withdrawn: bool = False
    told: bool = False
    """The contact knows of the leg, and must hear of its end."""
    rings: bool = False
    last: tuple[Call, Hangup] | None = None
    """How the phone that gave up last did so."""

    @property
    def leg(self) -> LegId:
        """The offer's leg has the offer's name: which of the phones it is, is known at the answer."""
        return LegId(self.offer)

    @property
    def participant(self) -> ParticipantId:
        return participant_of(self.agent)


class AgentLegs:
    """`post` tells dispatch; `active` are the contacts on the line."""

    def __init__(
        self,
        lines: Lines,
        phones: PhoneBook,
        active: Mapping[ContactId, ActiveContact],
        post: Callable[[DispatchEvent], None],
        tasks: Tasks,
    ) -> None:
        self._lines = lines
        self._phones = phones
        self._active = active
        self._post = post
        self._tasks = tasks
        self._rings: dict[OfferId, _Ring] = {}

    def ring(self, offer: OfferId, agent: AgentId, contact: ContactId, timeout_s: float) -> None:
        """Dispatch itself withdraws the offer after `timeout_s`."""
        ring = self._rings[offer] = _Ring(offer, agent, contact)
        self._tasks.start(self._place(ring))

    def stop_ringing(self, offer: OfferId) -> None:
        self._withdraw(offer)

    def hang_up(self, offer: OfferId) -> None:
        self._withdraw(offer)

    def answered_at(self, offer: OfferId) -> float | None:
        """Since when the agent's leg is up (monotonic); None when it is not."""
        ring = self._rings.get(offer)
        return None if ring is None or ring.winner is None else ring.winner.answered_at

    def _withdraw(self, offer: OfferId) -> None:
        ring = self._rings.get(offer)
        if ring is None:
            return
        ring.withdrawn = True
        for call in (*ring.calls, *([ring.winner] if ring.winner is not None else [])):
            self._tasks.start(call.hang_up("offer withdrawn"))

    async def _place(self, ring: _Ring) -> None:
        """The edge of an agent's leg: dispatch must hear of its end, or the agent would ring for ever."""
        contact = self._active.get(ring.contact)
        bindings = self._phones.bindings(ring.agent)
        if contact is not None and bindings and not ring.withdrawn:
            ring.told = True
            self._tell(ring, _joined(ring))
            self._tell(
                ring, fact.LegStarted(contact=ring.contact, participant=ring.participant, leg=ring.leg)
            )
            customer = contact.customer
            for binding in bindings:
                try:
                    call = await self._lines.place_call(
                        binding,
                        caller=customer.number,
                        display=customer.name,
                        headers=(("X-Contact-ID", str(ring.contact)),),
                    )
                except Exception as error:
                    log.warning("agent.not_rung", agent=ring.agent, reason=type(error).__name__)
                    continue
                ring.calls.append(call)
                call.on_event = partial(self._on_event, ring, call)
        ring.placing = False
        if not ring.calls and ring.winner is None:
            self._failed(ring, OfferFailure.UNREACHABLE if not bindings else OfferFailure.NETWORK)

    def _on_event(self, ring: _Ring, call: Call, event: CallEvent) -> None:
        match event:
            case Ringing(180) if not ring.rings:
                ring.rings = True
                ringing = fact.LegRinging(contact=ring.contact, participant=ring.participant, leg=ring.leg)
                self._tell(ring, ringing)
            case Answered():
                self._on_answered(ring, call)
            case Ended(hangup):
                self._on_ended(ring, call, hangup)
            case _:
                pass

    def _on_answered(self, ring: _Ring, call: Call) -> None:
        """The first to answer has the offer; whoever answers in the same moment is hung up on."""
        if ring.winner is not None:
            self._tasks.start(call.hang_up("answered elsewhere", elsewhere=True))
            return
        ring.winner = call
        ring.calls.remove(call)
        for other in ring.calls:
            self._tasks.start(other.hang_up("answered elsewhere", elsewhere=True))
        contact = self._active.get(ring.contact)
        if contact is not None:
            listener = partial(self._on_winner, ring, contact)
            contact.legs.adopt(ring.participant, ring.leg, call, listener)
            contact.tell(answered(ring.contact, ring.participant, ring.leg, call))
        self._post(OfferAnswered(ring.offer))

    def _on_winner(self, ring: _Ring, contact: ActiveContact, event: CallEvent) -> None:
        """After the contact heard of it."""
        contact.on_other(event)
        if isinstance(event, Ended):
            self._over(ring, event.hangup)

    def _on_ended(self, ring: _Ring, call: Call, hangup: Hangup) -> None:
        if call is ring.winner:
            # The contact was gone when the phone answered.
            self._over(ring, hangup)
            return
        if call in ring.calls:
            ring.calls.remove(call)
        if ring.winner is None:
            ring.last = (call, hangup)
            if not ring.calls and not ring.placing:
                self._failed(ring, _failure(hangup, ring.withdrawn))

    def _over(self, ring: _Ring, hangup: Hangup) -> None:
        del self._rings[ring.offer]
        self._post(AgentCallEnded(ring.offer, lost=hangup.by is Party.NETWORK))

    def _failed(self, ring: _Ring, failure: OfferFailure) -> None:
        del self._rings[ring.offer]
        if ring.told:
            self._tell(ring, _never_up(ring, failure))
        refused = OfferRefused(contact=ring.contact, offer=ring.offer, agent=ring.agent, reason=failure.value)
        self._tell(ring, refused)
        self._post(OfferFailed(ring.offer, failure))

    def _tell(self, ring: _Ring, told: ContactFact) -> None:
        contact = self._active.get(ring.contact)
        if contact is not None:
            contact.tell(told)


def _never_up(ring: _Ring, failure: OfferFailure) -> fact.LegEnded:
    """The end of a leg that no phone answered, as the last of them told it, or as we know it."""
    if ring.last is not None:
        return ended(ring.contact, ring.participant, ring.leg, *ring.last)
    return fact.LegEnded(
        contact=ring.contact,
        participant=ring.participant,
        leg=ring.leg,
        by=EndedBy.SERVER,
        reason=failure.value,
    )


def _joined(ring: _Ring) -> fact.ParticipantJoined:
    return fact.ParticipantJoined(
        contact=ring.contact, participant=ring.participant, role=ParticipantRole.AGENT, agent=ring.agent
    )


def _failure(hangup: Hangup, withdrawn: bool) -> OfferFailure:
    if withdrawn:
        return OfferFailure.WITHDRAWN
    if hangup.by is Party.NETWORK:
        return OfferFailure.NETWORK
    return FAILURES.get(hangup.status, OfferFailure.REJECTED)
