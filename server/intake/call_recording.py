"""The recording of one contact: begun at the answer, finished after the call, handed on to be transcribed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from contacts.facts.fact import Fact
from contacts.facts.recording import RecordingBroken, RecordingFinished, RecordingStarted
from contacts.ids import ContactId
from media.errors import MediaError
from recordings.errors import RecordingsError
from recordings.segment import RecordingId
from server.intake.house import House
from telephony.call import Call

log = structlog.get_logger(__name__)


TellFact = Callable[[Fact], None]
"""Writes one fact to the contact's journal; never raises."""


class Tape:
    """A call whose recording cannot begin goes on without one, and the journal says so."""

    def __init__(self, contact_id: ContactId, call: Call, house: House, fact: TellFact) -> None:
        self._contact_id = contact_id
        self._call = call
        self._house = house
        self._fact = fact
        self._recording: RecordingId | None = None

    def start(self, caller: str, called: str) -> None:
        """A caller who left with the very packet after his ACK leaves nothing to record."""
        if self._call.hangup is not None:
            return
        try:
            source = self._call.leg.start_recording()
            self._recording = self._house.recorder.begin(
                self._contact_id, source, started_at=datetime.now(UTC), caller=caller, called=called
            )
        except (MediaError, RecordingsError) as error:
            log.exception("recording.not_started", contact=self._contact_id)
            self._fact(RecordingBroken(contact=self._contact_id, reason=str(error)))
            return
        self._fact(RecordingStarted(contact=self._contact_id, recording=self._recording))

    async def finish(self, agent: str) -> None:
        """Returns once every frame is durable."""
        if self._recording is None:
            return
        try:
            entry = await self._house.recorder.finish(self._recording, agent=agent)
        except RecordingsError as error:
            log.exception("recording.not_finished", contact=self._contact_id)
            self._fact(RecordingBroken(contact=self._contact_id, reason=str(error)))
            return
        self._fact(
            RecordingFinished(
                contact=self._contact_id,
                recording=entry.recording_id,
                duration_s=round(entry.duration_s, 3),
                state=entry.state.value,
            )
        )
        self._house.transcribing.transcribe(self._contact_id, entry.recording_id)
