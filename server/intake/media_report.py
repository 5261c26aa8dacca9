"""How a party's sound travelled, as a fact for the journal."""

from __future__ import annotations

from contacts.facts.contact import MediaReported
from contacts.ids import ContactId, ParticipantId
from media.reports import LegReport


def media_reported(contact: ContactId, participant: ParticipantId, report: LegReport) -> MediaReported:
    """What the engine counted and its RTCP told; times in milliseconds."""
    return MediaReported(
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
    )
