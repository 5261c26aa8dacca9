"""The recording of one contact: begun at the answer, finished after the call, handed on to be transcribed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactFact
from contacts.facts.recording import RecordingBroken, RecordingFinished, RecordingStarted, TranscriptReady
from contacts.ids import ContactId, ParticipantId
from media.errors import MediaError
from recordings.catalogue import RecordingState
from recordings.errors import RecordingsError
from recordings.segment import RecordingId
from server.intake.branching_feed import BranchingFeed, FeedBranch
from server.intake.services import Services
from server.live_transcripts.following import LiveContact
from server.transcripts.transcription import SHORTEST_WORD_S
from telephony.call import Call

log = structlog.get_logger(__name__)


class ContactRecording:
    """A call whose recording cannot begin goes on without one, and the journal says so."""

    def __init__(self, contact: ContactId, services: Services, tell: Callable[[ContactFact], None]) -> None:
        self._contact = contact
        self._services = services
        self._tell = tell
        self._recording: RecordingId | None = None
        self._feed: BranchingFeed | None = None
        self._live: LiveContact | None = None
        self._call: Call | None = None

    def start(self, call: Call, caller: str, called: str) -> None:
        """A caller who left with the very packet after their ACK leaves nothing to record."""
        if call.hangup is not None:
            return
        self._call = call
        try:
            self._feed = BranchingFeed(call.leg.start_recording())
            self._recording = self._services.recordings.begin(
                self._contact,
                self._feed,
                started_at=datetime.now(UTC),
                caller=caller,
                called=called,
            )
        except (MediaError, RecordingsError) as error:
            self._feed = None
            log.exception("recording.not_started", contact=self._contact)
            self._tell(RecordingBroken(contact=self._contact, reason=str(error)))
            return
        self._tell(RecordingStarted(contact=self._contact, recording=self._recording))
        self._live = self._services.live.of(self._contact)
        self._live.follow(CUSTOMER, call.leg)

    def follow(self, participant: ParticipantId, call: Call) -> None:
        """Somebody talks with the customer: what they say is recorded, and understood while they say it."""
        if self._live is not None and call.hangup is None:
            self._live.follow(participant, call.leg)

    def branch(self) -> FeedBranch | None:
        """Frames from here on, for an item of its own; None when nothing is recorded."""
        return None if self._feed is None else self._feed.branch()

    async def finish(self, served_by: tuple[str, ...]) -> None:
        """Returns once every frame is durable."""
        recording, self._recording = self._recording, None
        if self._live is not None:
            self._live.end()
        if recording is None:
            return
        if self._call is not None and self._call.hangup is None:
            # The call goes on in another contact, which has a recording of its own.
            with suppress(MediaError):
                self._call.leg.stop_recording()
        try:
            entry = await self._services.recordings.finish(recording, agent=", ".join(served_by))
        except Exception as error:
            # The contact must close whatever became of its sound; what is on disk is found at the next start.
            log.exception("recording.not_finished", contact=self._contact)
            self._tell(
                RecordingBroken(contact=self._contact, recording=recording, reason=type(error).__name__)
            )
            return
        finished = RecordingFinished(
            contact=self._contact,
            recording=entry.recording_id,
            duration_s=round(entry.duration_s, 3),
            state=entry.state.value,
        )
        self._tell(finished)
        if entry.state is RecordingState.COMPLETE and entry.duration_s < SHORTEST_WORD_S:
            # Callers who hang up at once shall not stand in line before those who said something.
            self._tell(TranscriptReady(contact=self._contact, recording=entry.recording_id, words=0))
        else:
            self._services.transcribing.transcribe(self._contact, entry.recording_id)
