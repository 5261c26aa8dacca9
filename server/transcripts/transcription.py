"""Transcripts of finished recordings: each party's channel, decoded window by window and kept in the
catalogue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import structlog

from contacts.folds.talk_measures import Spoke, measure
from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import SpeechError
from media.speech.utterance import Utterance as Heard
from media.speech.vocabulary import General, Vocabulary
from media.vad import SpurtRules, talk_spurts
from recordings.catalogue import Catalogue, RecordingState
from recordings.errors import CatalogueError, RecordingsError
from recordings.files import RecordingFiles
from recordings.segment import RecordingId
from recordings.transcripts import Speaker, SpokenWord, TranscriptItem, Transcripts, Untranscribed, Utterance
from server.transcripts.backlog import Backlog, Job
from server.transcripts.ports import Transcriber, TranscriptLedger
from server.transcripts.windows import StereoSide, TimeSpan, Window, windows

log = structlog.get_logger(__name__)

SHORTEST_WORD_S = 0.2
"""A caller who hangs up at once leaves nothing that could be a word, and costs no pass over the recording."""

VOICE_ALONE = SpurtRules(padding_ms=0)
_WHOLE = (TimeSpan(0.0, None),)


@dataclass(frozen=True, slots=True)
class TranscriptionStatus:
    """`lag_s` is how long the recording has waited that has waited longest; what is given up is counted."""

    waiting: int
    in_work: int
    to_be_tried_again: int
    lag_s: float
    ready: int
    given_up: int


class Transcription:
    """`side_by_side` recordings at once; those of calls that just ended go first.

    A stretch that the recogniser could not do is marked in the transcript and the recording tried again, four
    times within the hour; the transcript is told ready only when it has no such stretch.
    """

    def __init__(
        self,
        recognizer: Transcriber,
        vocabulary: Vocabulary | General,
        catalogue: Catalogue,
        files: RecordingFiles,
        ledger: TranscriptLedger,
        *,
        side_by_side: int = 1,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._recognizer = recognizer
        self._vocabulary = vocabulary
        self._catalogue = catalogue
        self._transcripts = Transcripts(catalogue)
        self._files = files
        self._ledger = ledger
        self._side_by_side = side_by_side
        self._clock = clock
        self._backlog = Backlog()
        self._more = asyncio.Event()
        self._in_work: set[Job] = set()
        self._ready = self._given_up = 0

    def transcribe(self, contact_id: str, recording_id: str) -> None:
        """Soon; never waits."""
        self._backlog.put(contact_id, RecordingId(recording_id), self._clock(), left_over=False)
        self._more.set()

    def status(self) -> TranscriptionStatus:
        now_s = self._clock()
        in_work_s = max((now_s - job.asked_at_s for job in self._in_work), default=0.0)
        return TranscriptionStatus(
            waiting=self._backlog.waiting,
            in_work=len(self._in_work),
            to_be_tried_again=self._backlog.to_be_tried_again,
            lag_s=max(self._backlog.oldest_s(now_s), in_work_s),
            ready=self._ready,
            given_up=self._given_up,
        )

    async def run(self) -> None:
        """Until cancelled; a recording that cannot be transcribed does not stop the next."""
        await self._guarded(self._take_up_unfinished())
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._side_by_side):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            job = await self._next()
            self._in_work.add(job)
            try:
                await self._guarded(self._do(job), job)
            finally:
                self._in_work.discard(job)

    async def _next(self) -> Job:
        while (job := self._backlog.take(self._clock())) is None:
            if self._backlog.overflowed:
                self._backlog.overflowed = False
                await self._guarded(self._take_up_unfinished())
                continue
            self._more.clear()
            try:
                async with asyncio.timeout(self._backlog.wait_s(self._clock())):
                    await self._more.wait()
            except TimeoutError:
                continue
        return job

    async def _guarded(self, work: Awaitable[None], job: Job | None = None) -> None:
        """The edge of one recording's transcript."""
        try:
            await work
        except Exception as error:
            # Whatever ails this one must not end the loop that transcribes all.
            log.exception("transcript.failed", recording=job and job.recording_id)
            if job is not None:
                await self._retry(job, type(error).__name__)

    async def _take_up_unfinished(self) -> None:
        """Recordings that an earlier run of the server kept, but did not come to transcribe."""
        left = await self._ledger.untranscribed()
        kept = await asyncio.to_thread(self._catalogue.known, [recording for _, recording in left])
        for contact, recording in left:
            if recording in kept:
                self._backlog.put(contact, recording, self._clock(), left_over=True)

    async def _do(self, job: Job) -> None:
        try:
            entry = await asyncio.to_thread(self._catalogue.get, job.recording_id)
            if entry.state is RecordingState.COMPLETE and entry.duration_s < SHORTEST_WORD_S:
                await self._whole(job, 0)
                return
            spans = await self._ledger.speech_on_the_right(job.contact_id, job.recording_id)
            caller, customer_spoke = await self._hear(job, entry.path, Speaker.CALLER, _WHOLE)
            agent, agent_spoke = await self._hear(job, entry.path, Speaker.AGENT, spans)
        except CatalogueError:
            # The database refuses for the moment; the recording is as it was.
            raise
        except (RecordingsError, OSError) as error:
            await self._give_up(job, type(error).__name__)
            return
        missing_s = sum(item.end_s - item.start_s for item in caller + agent if _is_missing(item))
        if missing_s:
            await self._retry(job, f"{missing_s:.0f} s could not be transcribed")
            return
        joined = [Spoke(s.start_s, entry.duration_s if s.end_s is None else s.end_s) for s in spans]
        talk = measure(joined, customer_spoke, agent_spoke)
        if talk is not None:
            await self._ledger.measured(job.contact_id, job.recording_id, talk)
        await self._whole(job, sum(len(i.text.split()) for i in caller + agent if isinstance(i, Utterance)))

    async def _whole(self, job: Job, words: int) -> None:
        self._backlog.done(job)
        self._ready += 1
        await self._ledger.ready(job.contact_id, job.recording_id, words)

    async def _hear(
        self, job: Job, path: Path, speaker: Speaker, spans: tuple[TimeSpan, ...]
    ) -> tuple[list[TranscriptItem], list[Spoke]]:
        """One speaker's words, and when they spoke; what is heard is kept whatever follows."""
        items: list[TranscriptItem] = []
        spoke: list[Spoke] = []
        channel = StereoSide.LEFT if speaker is Speaker.CALLER else StereoSide.RIGHT
        found = windows(self._files.sound(path), channel)
        while (window := await asyncio.to_thread(_next_window, found, spans)) is not None:
            items += await self._understand(window, speaker)
            spoke += await asyncio.to_thread(_spoke, window)
        await asyncio.to_thread(self._transcripts.replace, job.recording_id, speaker, items)
        return items, spoke

    async def _understand(self, window: Window, speaker: Speaker) -> list[TranscriptItem]:
        engine = self._recognizer.engine
        if not window.pcm.any():
            return []
        try:
            heard = await self._recognizer.transcribe(window.pcm, self._vocabulary)
        except SpeechError as error:
            reason = type(error).__name__
            log.warning("transcript.gap", speaker=speaker.value, reason=reason)
            return [Untranscribed(speaker, window.start_s, window.end_s, engine, reason)]
        return [
            _kept(utterance.moved(window.start_s), speaker, engine) for utterance in heard if utterance.text
        ]

    async def _retry(self, job: Job, reason: str) -> None:
        if self._backlog.again(job, self._clock()):
            self._more.set()
        else:
            await self._give_up(job, reason)

    async def _give_up(self, job: Job, reason: str) -> None:
        self._backlog.done(job)
        self._given_up += 1
        await self._ledger.failed(job.contact_id, job.recording_id, reason)


def _kept(heard: Heard, speaker: Speaker, engine: str) -> Utterance:
    words = tuple(SpokenWord(w.text, w.start_s, w.end_s, w.confidence) for w in heard.words)
    return Utterance(speaker, heard.start_s, heard.end_s, heard.text, engine, heard.confidence, words)


def _spoke(window: Window) -> list[Spoke]:
    """When somebody's voice is heard, without the padding that a recogniser wants around it."""
    edges = ((span.start, span.end) for span in talk_spurts(window.pcm, VOICE_ALONE))
    at_s = window.start_s
    return [Spoke(at_s + start / SAMPLES_PER_SECOND, at_s + end / SAMPLES_PER_SECOND) for start, end in edges]


def _is_missing(item: TranscriptItem) -> bool:
    return isinstance(item, Untranscribed)


def _next_window(found: Iterator[Window], spans: tuple[TimeSpan, ...]) -> Window | None:
    window = next(found, None)
    return None if window is None else window.only(spans)
