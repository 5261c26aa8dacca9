"""The contacts' journal as transcription sees it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from contacts.facts.fact import Fact
from contacts.facts.recording import RecordingFinished, StatementKept, TranscriptFailed, TranscriptReady
from contacts.facts.speech import TalkMeasured
from contacts.folds.agent_speech import agent_speech
from contacts.folds.talk_measures import TalkMeasures
from contacts.ids import ContactId
from recordings.segment import RecordingId
from server.journal.journal import Journal, JournalFull
from server.journal.reading import recordings_lacking
from server.transcripts.windows import TimeSpan

FULL_PAUSE_S = 1.0
ENDED = (RecordingFinished, StatementKept)
OUTCOMES = (TranscriptReady, TranscriptFailed)
TAKEN_UP = timedelta(days=7)


class JournalTranscripts:
    """Waits while the journal is full: what has been transcribed must not be lost for want of a line."""

    def __init__(self, journal: Journal, store: Engine, full_pause_s: float = FULL_PAUSE_S) -> None:
        self._journal = journal
        self._store = store
        self._full_pause_s = full_pause_s

    async def speech_on_the_right(self, contact_id: str, recording_id: RecordingId) -> tuple[TimeSpan, ...]:
        await self._journal.durable()
        entries = await asyncio.to_thread(self._journal.entries, contact_id)
        stretches = agent_speech(entries, recording_id)
        return tuple(TimeSpan(stretch.start_s, stretch.end_s) for stretch in stretches)

    async def untranscribed(self) -> tuple[tuple[str, RecordingId], ...]:
        await self._journal.durable()
        since = datetime.now(UTC) - TAKEN_UP
        found = await asyncio.to_thread(recordings_lacking, self._store, ENDED, OUTCOMES, since)
        return tuple((contact, RecordingId(recording)) for contact, recording in found)

    async def measured(self, contact_id: str, recording_id: RecordingId, talk: TalkMeasures) -> None:
        contact = ContactId(contact_id)
        await self._append(TalkMeasured(contact=contact, recording=recording_id, **asdict(talk)))

    async def ready(self, contact_id: str, recording_id: RecordingId, words: int) -> None:
        contact = ContactId(contact_id)
        await self._append(TranscriptReady(contact=contact, recording=recording_id, words=words))

    async def failed(self, contact_id: str, recording_id: RecordingId, reason: str) -> None:
        contact = ContactId(contact_id)
        await self._append(TranscriptFailed(contact=contact, recording=recording_id, reason=reason))

    async def _append(self, fact: Fact) -> None:
        while True:
            try:
                self._journal.append(fact)
            except JournalFull:
                await asyncio.sleep(self._full_pause_s)
            else:
                return
