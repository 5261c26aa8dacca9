"""Transcripts of finished recordings: each party's channel, decoded and kept in the catalogue."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from media.g711 import ULAW_SILENCE, ulaw_decode
from media.sound import SAMPLES_PER_SECOND
from media.speech.recogniser import SpeechError, SpeechWorkers
from media.speech.vocabulary import General, Vocabulary
from recordings.catalogue import Catalogue
from recordings.segment import RecordingId
from recordings.segment_reader import Gap, Segment, read_segments
from recordings.transcripts import Speaker, TranscriptItem, Transcripts, Untranscribed, Utterance
from server.journal.journal import Journal
from server.transcripts.agent_speech import Span, agent_spans

log = structlog.get_logger(__name__)

MAX_WAITING = 10_000
LEFT, RIGHT = 0, 1
OUTCOMES = ("transcript.ready", "transcript.failed")


@dataclass(frozen=True, slots=True, order=True)
class _Job:
    """The order of work: what has just been said goes before what an earlier run left."""

    left_over: bool
    number: int
    contact_id: str
    recording_id: RecordingId


class Transcription:
    """One recording after the other, so that the recogniser never takes more than its workers.

    The queue is bounded; what does not fit is marked as a gap in the transcript, to be filled later.
    """

    def __init__(
        self,
        workers: SpeechWorkers,
        vocabulary: Vocabulary | General,
        catalogue: Catalogue,
        folder: Path,
        journal: Journal,
    ) -> None:
        self._workers = workers
        self._vocabulary = vocabulary
        self._catalogue = catalogue
        self._transcripts = Transcripts(catalogue)
        self._folder = folder
        self._journal = journal
        self._jobs: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue(MAX_WAITING)
        self._numbers = itertools.count()

    def transcribe(self, contact_id: str, recording_id: str) -> None:
        self._put(contact_id, recording_id, left_over=False)

    def _put(self, contact_id: str, recording_id: str, *, left_over: bool) -> None:
        job = _Job(left_over, next(self._numbers), contact_id, RecordingId(recording_id))
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            self._journal.append(contact_id, "transcript.failed", reason="too many recordings are waiting")

    async def run(self) -> None:
        """Until cancelled; a recording that cannot be transcribed does not stop the next."""
        await self._take_up_unfinished()
        while True:
            job = await self._jobs.get()
            try:
                await self._do(job)
            except Exception as error:
                log.exception("transcript.failed", recording=job.recording_id)
                self._journal.append(job.contact_id, "transcript.failed", reason=type(error).__name__)

    async def _take_up_unfinished(self) -> None:
        """Recordings that an earlier run of the server kept, but did not come to transcribe."""
        await self._journal.flush()
        contacts = await asyncio.to_thread(self._journal.contacts_lacking, ("recording.finished",), OUTCOMES)
        for contact_id in contacts:
            for entry in await asyncio.to_thread(self._catalogue.list, contact_id=contact_id):
                self._put(contact_id, entry.recording_id, left_over=True)

    async def _do(self, job: _Job) -> None:
        entry = await asyncio.to_thread(self._catalogue.get, job.recording_id)
        stereo = await asyncio.to_thread(_read, self._folder / entry.path)
        await self._journal.flush()
        events = await asyncio.to_thread(self._journal.events, job.contact_id)
        channels = {Speaker.CALLER: stereo[LEFT], Speaker.AGENT: _only(stereo[RIGHT], agent_spans(events))}
        words = 0
        for speaker, pcm in channels.items():
            items = await self._hear(speaker, pcm)
            await asyncio.to_thread(self._transcripts.replace, job.recording_id, speaker, items)
            words += sum(len(item.text.split()) for item in items if isinstance(item, Utterance))
        self._journal.append(job.contact_id, "transcript.ready", recording=job.recording_id, words=words)

    async def _hear(self, speaker: Speaker, pcm: NDArray[np.int16]) -> list[TranscriptItem]:
        engine = self._workers.engine
        try:
            utterances = await self._workers.transcribe(pcm, self._vocabulary)
        except SpeechError as error:
            log.warning("transcript.gap", speaker=speaker.value, reason=type(error).__name__)
            return [Untranscribed(speaker, 0.0, len(pcm) / SAMPLES_PER_SECOND, engine, type(error).__name__)]
        return [
            Utterance(speaker, heard.start_s, heard.end_s, heard.text, engine, heard.confidence)
            for heard in utterances
            if heard.text
        ]


def _read(file: Path) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Both channels as PCM, gaps as silence."""
    parts: list[NDArray[np.uint8]] = []
    with file.open("rb") as stream:
        for part in read_segments(stream):
            if isinstance(part, Segment):
                parts.append(part.samples.transpose(1, 0, 2).reshape(2, -1))
            elif isinstance(part, Gap):
                parts.append(np.full((2, part.frame_count * 160), ULAW_SILENCE, np.uint8))
    whole = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), np.uint8)
    return ulaw_decode(whole[LEFT]), ulaw_decode(whole[RIGHT])


def _only(pcm: NDArray[np.int16], spans: tuple[Span, ...]) -> NDArray[np.int16]:
    """Silence outside the spans: prompts and music are not an agent's words."""
    kept = np.zeros_like(pcm)
    for span in spans:
        end = None if span.end_s is None else int(span.end_s * SAMPLES_PER_SECOND)
        inside = slice(int(span.start_s * SAMPLES_PER_SECOND), end)
        kept[inside] = pcm[inside]
    return kept
