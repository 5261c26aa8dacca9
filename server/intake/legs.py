"""The calls of one contact, by leg: what each of them tells becomes a fact of the contact."""

from __future__ import annotations

from collections.abc import Callable

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

Listener = Callable[[CallEvent], None]


class Legs:
    """Attached before their calls can tell anything; forgotten when they have ended."""

    def __init__(self, contact: ContactId, tell: Callable[[ContactFact], None]) -> None:
        self._contact = contact
        self._tell = tell
        self._calls: dict[LegId, Call] = {}

    def start(self, participant: ParticipantId, leg: LegId, call: Call, listener: Listener) -> None:
        """A leg that begins with this call: `LegStarted`, and then what the call tells."""
        self.adopt(participant, leg, call, listener)
        started = fact.LegStarted(
            contact=self._contact, participant=participant, leg=leg, call_id=call.sip_call_id
        )
        self._tell(started)

    def adopt(self, participant: ParticipantId, leg: LegId, call: Call, listener: Listener) -> None:
        """From here on the call's events are facts of that leg; then `listener` gets them too."""
        self._calls[leg] = call
        call.on_event = lambda event: self._on_event(participant, leg, call, listener, event)

    def call(self, leg: LegId | None) -> Call | None:
        """None once the leg has ended."""
        return None if leg is None else self._calls.get(leg)

    def _on_event(
        self, participant: ParticipantId, leg: LegId, call: Call, listener: Listener, event: CallEvent
    ) -> None:
        if isinstance(event, Ended):
            # Dispatch hears of an agent's end before the contact, which may have to ask it for another.
            # Whatever comes of that, the leg has ended.
            try:
                listener(event)
            finally:
                self._tell_event(participant, leg, call, event)
        else:
            self._tell_event(participant, leg, call, event)
            listener(event)

    def _tell_event(self, participant: ParticipantId, leg: LegId, call: Call, event: CallEvent) -> None:
        match event:
            case Ringing(180):
                self._tell(fact.LegRinging(contact=self._contact, participant=participant, leg=leg))
            case Answered():
                self._tell(answered(self._contact, participant, leg, call))
            case Ended(hangup):
                self._calls.pop(leg, None)
                if call.answered_at is not None:
                    self._tell(media_reported(self._contact, participant, call.leg.report()))
                self._tell(ended(self._contact, participant, leg, call, hangup))
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
