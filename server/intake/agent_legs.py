"""Agents' phones, as dispatch rings them: all devices of the agent at once, and one leg for the offer.

Dispatch's promise is kept here: every ring ends in one answer or failure, every answer in one end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from acd.events import AgentCallEnded, ConversationHeld, OfferAnswered, OfferFailed, OfferFailure
from acd.events import Event as DispatchEvent
from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact, ParticipantRole
from contacts.facts.queue import OfferRefused
from contacts.ids import AgentId, ContactId, LegId, OfferId, ParticipantId
from contacts.outcomes import EndedBy
from server.intake.active_contact import ActiveContact
from server.intake.fork import Fork, ForkAnswered, ForkEvent, ForkFailed, PhoneProgress
from server.intake.legs import ContactLeg, answered, ended
from server.intake.parties import participant_of
from server.intake.ports import Lines, PhoneBook, Shown
from server.tasks import Tasks
from telephony.call import Call
from telephony.call_events import CallEvent, Ended, Held, Resumed
from telephony.session.events import Hangup, Party

FAILURES = {
    408: OfferFailure.NO_ANSWER,
    480: OfferFailure.UNREACHABLE,
    486: OfferFailure.BUSY,
    487: OfferFailure.WITHDRAWN,
    600: OfferFailure.BUSY,
    603: OfferFailure.REJECTED,
}


@dataclass(slots=True, eq=False)
class _Ring:
    """One offer, from the order to ring until its last leg has ended."""

    offer: OfferId
    agent: AgentId
    contact: ContactId
    fork: Fork | None = None
    reachable: bool = False
    told: bool = False
    """The contact knows of the leg, and must hear of its end."""
    rings: bool = False

    @property
    def leg(self) -> LegId:
        """The offer's leg has the offer's name: which of the phones it is, is known at the answer."""
        return LegId(self.offer)

    @property
    def participant(self) -> ParticipantId:
        return participant_of(self.agent)

    @property
    def withdrawn(self) -> bool:
        return self.fork is not None and self.fork.withdrawn


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
        ring.fork = Fork(self._lines, self._tasks, lambda event: self._told(ring, event))
        self._tasks.start(self._place(ring, ring.fork))

    def stop_ringing(self, offer: OfferId) -> None:
        self._withdraw(offer)

    def hang_up(self, offer: OfferId) -> None:
        self._withdraw(offer)

    def answered_at(self, offer: OfferId) -> float | None:
        """Since when the agent's leg is up (monotonic); None when it is not."""
        ring = self._rings.get(offer)
        winner = None if ring is None or ring.fork is None else ring.fork.winner
        return None if winner is None else winner.answered_at

    def _withdraw(self, offer: OfferId) -> None:
        ring = self._rings.get(offer)
        if ring is not None and ring.fork is not None:
            ring.fork.hang_up("offer withdrawn")

    async def _place(self, ring: _Ring, fork: Fork) -> None:
        contact = self._active.get(ring.contact)
        bindings = () if contact is None else tuple(self._phones.bindings(ring.agent))
        ring.reachable = bool(bindings)
        shown = Shown("") if contact is None else contact.shown
        if bindings and not fork.withdrawn:
            ring.told = True
            self._tell(ring, _joined(ring))
            self._tell(
                ring, fact.LegStarted(contact=ring.contact, participant=ring.participant, leg=ring.leg)
            )
        await fork.place(bindings, shown, (("X-Contact-ID", str(ring.contact)),))

    def _told(self, ring: _Ring, event: ForkEvent) -> None:
        match event:
            case PhoneProgress(_, 180) if not ring.rings:
                ring.rings = True
                ringing = fact.LegRinging(contact=ring.contact, participant=ring.participant, leg=ring.leg)
                self._tell(ring, ringing)
            case ForkAnswered(call):
                self._on_answered(ring, call)
            case ForkFailed(last):
                self._failed(ring, last)
            case _:
                pass

    def _on_answered(self, ring: _Ring, call: Call) -> None:
        owner = partial(self._on_winner, ring)
        contact = self._active.get(ring.contact)
        if contact is None:
            # The contact was gone when the phone answered.
            call.on_event = owner
        else:
            contact.legs.adopt(ContactLeg(ring.leg, ring.participant, call, owner))
            contact.tell(answered(ring.contact, ring.participant, ring.leg, call))
        self._post(OfferAnswered(ring.offer))

    def _on_winner(self, ring: _Ring, event: CallEvent) -> None:
        match event:
            case Held():
                self._post(ConversationHeld(ring.offer, held=True))
            case Resumed():
                self._post(ConversationHeld(ring.offer, held=False))
            case Ended(hangup):
                del self._rings[ring.offer]
                self._post(AgentCallEnded(ring.offer, lost=hangup.by is Party.NETWORK))
            case _:
                pass

    def _failed(self, ring: _Ring, last: tuple[Call, Hangup] | None) -> None:
        del self._rings[ring.offer]
        failure = _failure(ring, last)
        if ring.told:
            self._tell(ring, _never_up(ring, last, failure))
        refused = OfferRefused(contact=ring.contact, offer=ring.offer, agent=ring.agent, reason=failure.value)
        self._tell(ring, refused)
        self._post(OfferFailed(ring.offer, failure))

    def _tell(self, ring: _Ring, told: ContactFact) -> None:
        contact = self._active.get(ring.contact)
        if contact is not None:
            contact.tell(told)


def _never_up(ring: _Ring, last: tuple[Call, Hangup] | None, failure: OfferFailure) -> fact.LegEnded:
    """The end of a leg that no phone answered, as the last of them told it, or as we know it."""
    if last is not None:
        return ended(ring.contact, ring.participant, ring.leg, *last)
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


def _failure(ring: _Ring, last: tuple[Call, Hangup] | None) -> OfferFailure:
    if last is None:
        return OfferFailure.NETWORK if ring.reachable else OfferFailure.UNREACHABLE
    if ring.withdrawn:
        return OfferFailure.WITHDRAWN
    hangup = last[1]
    if hangup.by is Party.NETWORK:
        return OfferFailure.NETWORK
    return FAILURES.get(hangup.status, OfferFailure.REJECTED)
