"""The contacts' journal as transcription sees it."""

from __future__ import annotations

import asyncio

from recordings.segment import RecordingId
from server.journal.journal import Journal, JournalFull
from server.transcripts.agent_speech import agent_spans
from server.transcripts.windows import Span

FULL_PAUSE_S = 1.0
OUTCOMES = ("transcript.ready", "transcript.failed")


class JournalTranscripts:
    """Waits while the journal is full: what has been transcribed must not be lost for want of a line."""

    def __init__(self, journal: Journal, full_pause_s: float = FULL_PAUSE_S) -> None:
        self._journal = journal
        self._full_pause_s = full_pause_s

    async def speech_on_the_right(self, contact_id: str) -> tuple[Span, ...]:
        await self._journal.flush()
        return agent_spans(await asyncio.to_thread(self._journal.events, contact_id))

    async def untranscribed(self) -> tuple[str, ...]:
        await self._journal.flush()
        found = await asyncio.to_thread(self._journal.contacts_lacking, ("recording.finished",), OUTCOMES)
        return tuple(found)

    async def ready(self, contact_id: str, recording_id: RecordingId, words: int) -> None:
        await self._append(contact_id, "transcript.ready", recording=recording_id, words=words)

    async def failed(self, contact_id: str, recording_id: RecordingId, reason: str) -> None:
        await self._append(contact_id, "transcript.failed", recording=recording_id, reason=reason)

    async def _append(self, contact_id: str, kind: str, **fields: str | int) -> None:
        while True:
            try:
                self._journal.append(contact_id, kind, **fields)
            except JournalFull:
                await asyncio.sleep(self._full_pause_s)
            else:
                return
