"""The calls of one contact, by leg: what each of them tells becomes a fact of the contact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact
from contacts.ids import ContactId, LegId, ParticipantId
from contacts.outcomes import EndedBy
from media import events as media
from media.reports import LegReport
from telephony.call import Call
from telephony.call_events import Answered, CallEvent, Ended, Ringing
from telephony.session.events import Hangup, Party

ENDED_BY = {Party.PEER: EndedBy.PARTICIPANT, Party.US: EndedBy.SERVER, Party.NETWORK: EndedBy.NETWORK}

Listener = Callable[[ParticipantId, Call, CallEvent], None]
Owner = Callable[[CallEvent], None]


def _nobody(_event: CallEvent) -> None:
    """The contact alone has to do with the call."""


@dataclass(frozen=True, slots=True)
class ContactLeg:
    """A call of the contact. `owner` is somebody else who hears its events, too; of its end, first."""

    id: LegId
    participant: ParticipantId
    call: Call
    owner: Owner = _nobody


class Legs:
    """Attached before their calls can tell anything; forgotten when they have ended."""

    def __init__(
        self,
        contact: ContactId,
        tell: Callable[[ContactFact], None],
        listener: Listener,
        contacts_by_call: dict[str, ContactId],
    ) -> None:
        self._contact = contact
        self._tell = tell
        self._listener = listener
        self._contacts_by_call = contacts_by_call
        self._legs: dict[LegId, ContactLeg] = {}

    def start(self, participant: ParticipantId, leg: LegId, call: Call, owner: Owner = _nobody) -> None:
        """A leg that begins with this call: `LegStarted`, and then what the call tells."""
        self.adopt(ContactLeg(leg, participant, call, owner))
        started = fact.LegStarted(
            contact=self._contact, participant=participant, leg=leg, call_id=call.sip_call_id
        )
        self._tell(started)

    def adopt(self, leg: ContactLeg) -> None:
        """From here on the call's events are facts of that leg; then the contact gets them too."""
        self._legs[leg.id] = leg
        self._contacts_by_call[leg.call.id] = self._contact
        leg.call.on_event = lambda event: self._on_event(leg, event)

    def call(self, leg: LegId | None) -> Call | None:
        """None once the leg has ended, or before one of several phones has answered."""
        found = None if leg is None else self._legs.get(leg)
        return None if found is None else found.call

    def find(self, call_id: str, tag: str) -> ContactLeg | None:
        """The leg whose dialog has that Call-ID and that tag of ours."""
        named = (each for each in self._legs.values() if each.call.sip_call_id == call_id)
        return next((each for each in named if each.call.id == tag), None)

    def of(self, participant: ParticipantId) -> ContactLeg | None:
        return next((each for each in self._legs.values() if each.participant == participant), None)

    def release(self, leg: LegId, reason: str) -> ContactLeg | None:
        """The call goes on elsewhere: for this contact the leg has ended."""
        released = self._legs.pop(leg, None)
        if released is None:
            return None
        self._contacts_by_call.pop(released.call.id, None)
        hangup = Hangup(Party.US, 200, reason)
        self._tell(ended(self._contact, released.participant, leg, released.call, hangup))
        return released

    def _on_event(self, leg: ContactLeg, event: CallEvent) -> None:
        if isinstance(event, Ended):
            # Dispatch hears of an agent's end before the contact, which may have to ask it for another.
            # Whatever comes of that, the leg has ended.
            try:
                leg.owner(event)
                self._listener(leg.participant, leg.call, event)
            finally:
                self._tell_event(leg, event)
        else:
            self._tell_event(leg, event)
            self._listener(leg.participant, leg.call, event)
            leg.owner(event)

    def _tell_event(self, leg: ContactLeg, event: CallEvent) -> None:
        participant, call = leg.participant, leg.call
        match event:
            case Ringing(180):
                self._tell(fact.LegRinging(contact=self._contact, participant=participant, leg=leg.id))
            case Answered():
                self._tell(answered(self._contact, participant, leg.id, call))
            case Ended(hangup):
                self._legs.pop(leg.id, None)
                self._contacts_by_call.pop(call.id, None)
                if call.answered_at is not None:
                    self._tell(media_reported(self._contact, participant, call.leg.report()))
                self._tell(ended(self._contact, participant, leg.id, call, hangup))
            case media.MediaSilent(for_s):
                lost = fact.SoundLost(contact=self._contact, participant=participant, for_s=round(for_s, 1))
                self._tell(lost)
            case media.MediaResumed():
                self._tell(fact.SoundRegained(contact=self._contact, participant=participant))
            case _:
                pass


def answered(contact: ContactId, participant: ParticipantId, leg: LegId, call: Call) -> fact.LegAnswered:
    setup_s = (call.answered_at or call.invited_at) - call.invited_at
    setup_ms = round(setup_s * 1000, 2)
    return fact.LegAnswered(contact=contact, participant=participant, leg=leg, setup_ms=setup_ms)


def ended(
    contact: ContactId, participant: ParticipantId, leg: LegId, call: Call, hangup: Hangup
) -> fact.LegEnded:
    up_s = 0.0 if call.answered_at is None else (call.ended_at or call.answered_at) - call.answered_at
    refused = hangup.status if hangup.status >= 300 else 0
    return fact.LegEnded(
        contact=contact,
        participant=participant,
        leg=leg,
        by=ENDED_BY[hangup.by],
        reason=hangup.reason,
        status=refused,
        duration_s=round(up_s, 3),
    )


def media_reported(contact: ContactId, participant: ParticipantId, report: LegReport) -> fact.MediaReported:
    """What the engine counted and its RTCP told."""
    return fact.MediaReported(
        contact=contact,
        participant=participant,
        packets_received=report.packets_received,
        packets_sent=report.packets_sent,
        lost=report.lost,
        late=report.late,
        concealed_ms=report.concealed_ms,
        jitter_ms=round(report.jitter_ms, 2),
        playout_delay_ms=round(report.playout_delay_ms, 1),
        round_trip_ms=None if report.round_trip_ms is None else round(report.round_trip_ms, 2),
        lost_by_peer=report.lost_by_peer,
        mos=None if report.mos is None else round(report.mos, 2),
    )
