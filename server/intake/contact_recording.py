"""The recording of one contact: begun at the answer, finished after the call, handed on to be transcribed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from config.capture import Keep
from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactFact
from contacts.facts.flow import ConsentAnswered
from contacts.facts.queue import QueueJoined
from contacts.facts.recording import (
    ConsentWithdrawn,
    RecordingBroken,
    RecordingDestroyed,
    RecordingFinished,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingWithheld,
    StatementKept,
    TranscriptReady,
)
from contacts.ids import ContactId, ParticipantId
from ivr_flows.kinds.consent import RECORDS
from media.errors import MediaError
from recordings.catalogue import RecordingState
from recordings.errors import RecordingsError
from recordings.segment import RecordingId
from server.intake.branching_feed import BranchingFeed, FeedBranch
from server.intake.capture_policy import CaptureSubject, KeySequence
from server.intake.masked_feed import MaskedFeed
from server.intake.services import Services
from server.journal.journal import JournalError
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
        self._policy = services.capture
        self._pause_keys = KeySequence(self._policy.pause_keys)
        self._withdrawal_keys = KeySequence(self._policy.withdrawal_keys)
        self._call: Call | None = None
        self._subject = CaptureSubject(contact)
        self._recording: RecordingId | None = None
        self._feed: BranchingFeed | None = None
        self._mask: MaskedFeed | None = None
        self._live: LiveContact | None = None
        self._talking: dict[ParticipantId, Call] = {}
        self._kept: list[RecordingId] = []
        self._consented = self._refused = self._withdrawn = self._destroys = False
        self._paused_at: float | None = None
        self._overdue: asyncio.Task[None] | None = None

    def agent_pressed(self, key: str) -> None:
        """Two sequences of keys mean something while an agent talks."""
        if self._pause_keys.press(key) and not self.resume("key"):
            self.pause("key")
        if self._withdrawal_keys.press(key):
            self.withdraw("key")

    @property
    def paused(self) -> bool:
        return self._paused_at is not None

    def start(self, call: Call, subject: CaptureSubject, *, asks_consent: bool) -> None:
        """As the rules of capture say; a flow that asks for consent begins the recording itself."""
        self._call, self._subject = call, subject
        self._talking.clear()
        keep = self._policy.at_answer(subject)
        if keep is Keep.NEVER:
            self._tell(RecordingWithheld(contact=self._contact, reason="no rule has it recorded"))
        elif not self._consented and (keep is Keep.ON_CONSENT or asks_consent or self._refused):
            self._tell(RecordingWithheld(contact=self._contact, reason="consent is asked first"))
        else:
            self._begin()

    def told(self, fact: ContactFact) -> None:
        """What of a contact's facts decides about its recording."""
        match fact:
            case ConsentAnswered():
                self._answered(fact)
            case QueueJoined(queue=queue):
                self._joined_queue(queue)
            case StatementKept(recording=item):
                self._keep(RecordingId(item))
            case _:
                pass

    def _answered(self, answered: ConsentAnswered) -> None:
        """What the customer answered decides; a no that was said once stays."""
        self._consented = answered.answer in RECORDS and not self._refused
        if self._policy.at_answer(self._subject) is Keep.NEVER:
            return
        if answered.answer in RECORDS and not (self._refused or self._withdrawn):
            self._begin()
        elif answered.answer not in RECORDS:
            self._refused = True
            self._services.tasks.start(self._end_early(destroy=True))

    def _joined_queue(self, queue: str) -> None:
        """A queue may have its callers recorded, or not, from there on."""
        keep = self._policy.at_queue(replace(self._subject, queue=queue))
        if keep is Keep.ALWAYS and not (self._refused or self._withdrawn):
            self._begin()
        elif keep is Keep.NEVER and self._recording is not None:
            self._tell(RecordingWithheld(contact=self._contact, reason=f"the rule of queue {queue}"))
            self._services.tasks.start(self._end_early(destroy=False))

    def withdraw(self, by: str) -> bool:
        """Says whether anything was being recorded; from here on nothing is."""
        if self._withdrawn:
            return False
        self._withdrawn = True
        was = self._recording is not None
        destroy = self._policy.destroy_withdrawn and (was or bool(self._kept))
        self._tell(ConsentWithdrawn(contact=self._contact, by=by, destroyed=destroy))
        self._services.tasks.start(self._end_early(destroy=destroy))
        return was

    def pause(self, by: str) -> bool:
        """Silence from now on, as long as the policy allows; False when there is nothing to pause."""
        if self._mask is None or self._recording is None or self.paused:
            return False
        now, most_s = self._services.now(), self._policy.pause_max_s
        self._paused_at = now
        self._silence(True, now)
        self._tell(RecordingPaused(contact=self._contact, recording=self._recording, by=by, at_most_s=most_s))
        self._overdue = self._services.tasks.start(self._resume_in_time(most_s))
        return True

    def resume(self, by: str, *, overdue: bool = False) -> bool:
        if self._paused_at is None or self._recording is None:
            return False
        now, began = self._services.now(), self._paused_at
        self._paused_at = None
        self._silence(False, now)
        if self._overdue is not None and not overdue:
            self._overdue.cancel()
        resumed = RecordingResumed(
            contact=self._contact,
            recording=self._recording,
            by=by,
            overdue=overdue,
            masked_s=round(now - began, 3),
        )
        self._tell(resumed)
        return True

    async def _resume_in_time(self, most_s: float) -> None:
        await asyncio.sleep(most_s)
        log.warning("recording.pause_overdue", contact=self._contact)
        self._services.metrics.pauses_overdue.inc()
        self.resume("", overdue=True)

    def _silence(self, on: bool, now: float) -> None:
        if self._mask is not None:
            self._mask.mask(on, now)
        if self._live is not None:
            self._live.mask(on, now)

    def _begin(self) -> None:
        """A caller who left with the very packet after their ACK leaves nothing to record."""
        call = self._call
        if call is None or call.hangup is not None or self._recording is not None or self._withdrawn:
            return
        try:
            self._mask = MaskedFeed(call.leg.start_recording(), self._services.now())
            self._feed = BranchingFeed(self._mask)
            self._recording = self._services.recordings.begin(
                self._contact,
                self._feed,
                started_at=datetime.now(UTC),
                caller=self._subject.caller,
                called=self._subject.number,
            )
        except (MediaError, RecordingsError) as error:
            self._feed = self._mask = None
            log.exception("recording.not_started", contact=self._contact)
            self._tell(RecordingBroken(contact=self._contact, reason=str(error)))
            return
        self._tell(RecordingStarted(contact=self._contact, recording=self._recording))
        self._live = self._services.live.of(self._contact)
        self._live.follow(CUSTOMER, call.leg)
        for participant, other in self._talking.items():
            self.follow(participant, other)

    def follow(self, participant: ParticipantId, call: Call) -> None:
        """Somebody talks with the customer: what they say is recorded, and understood while they say it."""
        self._talking[participant] = call
        if self._live is not None and call.hangup is None:
            self._live.follow(participant, call.leg)

    def branch(self) -> FeedBranch | None:
        """Frames from here on, for an item of its own; None when nothing is recorded."""
        return None if self._feed is None else self._feed.branch()

    async def finish(self, served_by: tuple[str, ...]) -> None:
        """Returns once every frame is durable."""
        await self._finish(served_by, destroy=False)

    async def _end_early(self, *, destroy: bool) -> None:
        """The call goes on without a recording; where it is destroyed, so is all that was recorded before."""
        kept: list[RecordingId] = []
        if destroy:
            self._destroys, kept, self._kept = True, self._kept, kept
        await self._finish((), destroy=destroy)
        for recording in kept:
            await self._destroy(recording)

    def _keep(self, ended: RecordingId) -> None:
        """Statements are parts of the recording, and have its fate; one may end after the consent has."""
        if self._destroys:
            self._services.tasks.start(self._destroy(ended))
        else:
            self._kept.append(ended)

    async def _finish(self, served_by: tuple[str, ...], *, destroy: bool) -> None:
        recording, self._recording = self._recording, None
        if self._live is not None:
            self._live.end(discard=destroy)
            self._live = None
        if self._overdue is not None:
            self._overdue.cancel()
        # A recording that a queue begins later is not paused, and can be.
        self._paused_at = self._overdue = None
        if recording is None:
            return
        if self._call is not None and self._call.hangup is None:
            # The call goes on, without a recording or in another contact, which has one of its own.
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
        if destroy:
            await self._destroy(entry.recording_id)
            return
        self._keep(entry.recording_id)
        if entry.state is RecordingState.COMPLETE and entry.duration_s < SHORTEST_WORD_S:
            # Callers who hang up at once shall not stand in line before those who said something.
            self._tell(TranscriptReady(contact=self._contact, recording=entry.recording_id, words=0))
        else:
            self._services.transcribing.transcribe(self._contact, entry.recording_id)

    async def _destroy(self, recording: RecordingId) -> None:
        reason = "consent withdrawn" if self._withdrawn else "consent refused"
        with suppress(JournalError):
            # Words that were told lately are in the journal by then, and go with the sound.
            await self._services.journal.durable()
        try:
            await self._services.destroy(recording, reason)
        except (RecordingsError, OSError):
            # Held, or the disk refuses: the contact's other recordings are destroyed all the same.
            log.exception("recording.not_destroyed", contact=self._contact, recording=recording)
            return
        self._tell(RecordingDestroyed(contact=self._contact, recording=recording, reason=reason))
