"""Transcripts of finished recordings: whole or told not to be, and never stopped by one that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contacts.facts.contact import ConversationStarted
from contacts.facts.recording import RecordingStarted, TranscriptFailed, TranscriptReady
from contacts.folds.talk_measures import TalkMeasures
from contacts.ids import ContactId, ParticipantId
from media.speech.errors import RecogniserFailed
from media.speech.utterance import Utterance as Heard
from media.speech.vocabulary import General, LanguageModel
from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.files import RecordingFiles
from recordings.segment import FileHeader, RecordingId, encode_file_header, encode_segment
from recordings.transcripts import Speaker, Transcripts, Untranscribed, Utterance
from server.journal.journal import Journal
from server.store.store import open_store
from server.store.writer import StoreWriter
from server.transcripts.journal_ledger import JournalTranscripts
from server.transcripts.transcription import Transcription
from server.transcripts.windows import TimeSpan
from tests.patience import PATIENCE_S
from tests.recordings.conftest import STARTED
from tests.server.ground import counted, held, journalling

LOUD = 0x00


@dataclass
class FakeRecognizer:
    """Hears one word a window, unless it is told to fail; `gate` holds it up."""

    engine: str = "fake"
    failures: int = 0
    asked: list[int] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def transcribe(self, pcm: NDArray[np.int16], model: LanguageModel) -> tuple[Heard, ...]:
        self.asked.append(len(pcm))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        if self.failures:
            self.failures -= 1
            raise RecogniserFailed("the worker has died")
        return (Heard(0.5, 1.0, "hello there", 0.9, ()),)


@dataclass
class FakeLedger:
    """What was told, in order."""

    told: list[tuple[str, str, str | int]] = field(default_factory=list)
    measures: dict[str, TalkMeasures] = field(default_factory=dict)
    left: tuple[tuple[str, RecordingId], ...] = ()
    spans: tuple[TimeSpan, ...] = (TimeSpan(0.0, None),)

    async def speech_on_the_right(self, contact_id: str, recording_id: RecordingId) -> tuple[TimeSpan, ...]:
        return self.spans

    async def untranscribed(self) -> tuple[tuple[str, RecordingId], ...]:
        return self.left

    async def measured(self, contact_id: str, recording_id: RecordingId, talk: TalkMeasures) -> None:
        self.measures[recording_id] = talk

    async def ready(self, contact_id: str, recording_id: RecordingId, words: int) -> None:
        self.told.append(("ready", recording_id, words))

    async def failed(self, contact_id: str, recording_id: RecordingId, reason: str) -> None:
        self.told.append(("failed", recording_id, reason))


@dataclass
class Desk:
    """Transcription at work, on a clock that the test turns."""

    folder: Path
    catalogue: Catalogue
    recognizer: FakeRecognizer = field(default_factory=FakeRecognizer)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    now_s: float = 0.0
    side_by_side: int = 1

    def __post_init__(self) -> None:
        self.recognizer.gate.set()
        self.transcription = Transcription(
            self.recognizer,
            General(),
            self.catalogue,
            RecordingFiles(self.folder),
            self.ledger,
            side_by_side=self.side_by_side,
            clock=lambda: self.now_s,
        )

    def keep(self, name: str, seconds: int = 2, duration_s: float | None = None) -> RecordingId:
        recording = RecordingId(name)
        path = self.folder / f"{name}.tlr"
        octets = [encode_file_header(FileHeader(recording, "c", STARTED, "", ""))]
        for second in range(seconds):
            octets.append(encode_segment(second, second * 50, np.full((50, 2, 160), LOUD, np.uint8)))
        path.write_bytes(b"".join(octets))
        entry = RecordingEntry(
            recording,
            f"contact {name}",
            RecordingState.COMPLETE,
            Path(path.name),
            STARTED,
            "",
            "",
            duration_s=float(seconds) if duration_s is None else duration_s,
        )
        self.catalogue.save([entry])
        return recording

    def wake(self) -> None:
        """A recording that is not there: it fails at once, and whoever sleeps looks at the clock."""
        self.transcription.transcribe("nobody", "nothing")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    engine = open_store(tmp_path / "trunkline.db")
    yield Catalogue(engine)
    engine.dispose()


@pytest.fixture
async def desk(tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[Desk]:
    made = Desk(tmp_path, catalogue, side_by_side=2)
    running = asyncio.create_task(made.transcription.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.005)


async def test_both_speakers_words_are_kept_with_the_time_in_the_recording(desk: Desk) -> None:
    recording = desk.keep("a", seconds=70)
    desk.transcription.transcribe("contact a", recording)
    await until(lambda: bool(desk.ledger.told))
    assert desk.ledger.told == [("ready", recording, 8)]
    items = Transcripts(desk.catalogue).of(recording)
    assert [item.speaker for item in items] == [Speaker.CALLER, Speaker.AGENT] * 2
    assert items[0].start_s == 0.5
    assert 50 < items[2].start_s < 61


async def test_what_is_no_persons_voice_is_not_asked_about(desk: Desk) -> None:
    desk.ledger.spans = ()
    recording = desk.keep("a")
    desk.transcription.transcribe("contact a", recording)
    await until(lambda: bool(desk.ledger.told))
    assert len(desk.recognizer.asked) == 1


async def test_finding_30_a_gap_is_never_told_as_ready_and_is_filled_later(desk: Desk) -> None:
    recording = desk.keep("a")
    desk.recognizer.failures = 1
    desk.transcription.transcribe("contact a", recording)
    await until(lambda: desk.transcription.status().to_be_tried_again == 1)
    assert desk.ledger.told == []
    gap, heard = Transcripts(desk.catalogue).of(recording)
    assert gap == Untranscribed(Speaker.CALLER, 0.0, 2.0, "fake", "RecogniserFailed")
    assert isinstance(heard, Utterance)
    desk.now_s = 31.0
    desk.wake()
    await until(lambda: ("ready", recording, 4) in desk.ledger.told)
    assert all(isinstance(item, Utterance) for item in Transcripts(desk.catalogue).of(recording))


async def test_a_recording_that_never_succeeds_is_given_up_and_said_to_be(desk: Desk) -> None:
    recording = desk.keep("a")
    desk.recognizer.failures = 1000
    desk.transcription.transcribe("contact a", recording)
    for tries in range(1, 5):
        # Two channels are asked for in every try.
        await until(lambda tries=tries: len(desk.recognizer.asked) == 2 * tries)  # type: ignore[misc]
        await until(lambda: desk.transcription.status().to_be_tried_again == 1)
        desk.now_s += 2000
        desk.wake()
    await until(lambda: ("failed", recording, "4 s could not be transcribed") in desk.ledger.told)
    assert all(isinstance(item, Untranscribed) for item in Transcripts(desk.catalogue).of(recording))


async def test_a_recording_whose_file_is_gone_does_not_stop_the_next(desk: Desk) -> None:
    gone, kept = desk.keep("gone"), desk.keep("kept")
    (desk.folder / "gone.tlr").unlink()
    desk.transcription.transcribe("contact gone", gone)
    desk.transcription.transcribe("contact kept", kept)
    await until(lambda: len(desk.ledger.told) == 2)
    assert sorted(desk.ledger.told) == [("failed", gone, "FileNotFoundError"), ("ready", kept, 4)]


async def test_finding_14_recordings_are_transcribed_side_by_side(desk: Desk) -> None:
    desk.recognizer.gate.clear()
    for name in ("a", "b", "c"):
        desk.transcription.transcribe(f"contact {name}", desk.keep(name))
    await until(lambda: desk.recognizer.at_once == 2)
    status = desk.transcription.status()
    assert (status.waiting, status.in_work) == (1, 2)
    desk.now_s = 12.0
    assert desk.transcription.status().lag_s == 12.0
    desk.recognizer.gate.set()
    await until(lambda: desk.transcription.status().ready == 3)
    assert desk.recognizer.most_at_once == 2
    assert desk.transcription.status().lag_s == 0.0


async def test_a_recording_too_short_for_a_word_costs_no_pass_over_it(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    desk = Desk(tmp_path, catalogue)
    recording = desk.keep("a", duration_s=0.1)
    running = asyncio.create_task(desk.transcription.run())
    desk.transcription.transcribe("contact a", recording)
    await until(lambda: desk.ledger.told == [("ready", recording, 0)])
    assert desk.recognizer.asked == []
    running.cancel()


async def test_what_an_earlier_run_left_is_taken_up(tmp_path: Path, catalogue: Catalogue) -> None:
    left = (("contact b", RecordingId("destroyed since")), ("contact a", RecordingId("a")))
    desk = Desk(tmp_path, catalogue, ledger=FakeLedger(left=left))
    recording = desk.keep("a")
    running = asyncio.create_task(desk.transcription.run())
    await until(lambda: desk.ledger.told == [("ready", recording, 4)])
    running.cancel()


async def test_finding_30_a_full_journal_does_not_end_transcription(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    writer = StoreWriter(Path(str(catalogue.engine.url.database)), busy_timeout_s=0.1)
    writer.start()
    async with journalling(catalogue.engine, writer, capacity=2) as journal:
        desk = Desk(tmp_path, catalogue)
        recording = desk.keep("a")
        transcription = replace_ledger(desk, journal)
        running = asyncio.create_task(transcription.run())
        with held(catalogue.engine):
            journal.append(counted("x", 1))
            journal.append(counted("x", 2))
            transcription.transcribe("contact a", "no such recording")
            await asyncio.sleep(0.1)
            assert not running.done()
        transcription.transcribe("contact a", recording)
        await until(lambda: len(journal.entries("contact a")) == 2)
        kinds = {type(entry.fact) for entry in journal.entries("contact a")}
        assert kinds == {TranscriptFailed, TranscriptReady}
        running.cancel()
    await asyncio.to_thread(writer.stop)


def replace_ledger(desk: Desk, journal: Journal) -> Transcription:
    ledger = JournalTranscripts(journal, desk.catalogue.engine, full_pause_s=0.02)
    return Transcription(desk.recognizer, General(), desk.catalogue, RecordingFiles(desk.folder), ledger)


async def test_how_the_two_talked_is_measured_where_they_were_joined(desk: Desk) -> None:
    desk.ledger.spans = (TimeSpan(1.0, 3.0),)
    recording = desk.keep("a", seconds=4)
    desk.transcription.transcribe("contact a", recording)
    await until(lambda: bool(desk.ledger.told))
    assert desk.ledger.measures[recording].joined_s == 2.0
    assert [told[0] for told in desk.ledger.told] == ["ready"]


async def test_a_call_in_which_nobody_was_joined_has_nothing_to_measure(desk: Desk) -> None:
    desk.ledger.spans = ()
    desk.transcription.transcribe("contact a", desk.keep("a"))
    await until(lambda: bool(desk.ledger.told))
    assert desk.ledger.measures == {}


async def test_s24_the_voices_of_a_callback_are_looked_for_from_the_beginning_of_its_own_recording(
    catalogue: Catalogue,
) -> None:
    contact = ContactId("contact a")
    writer = StoreWriter(Path(str(catalogue.engine.url.database)))
    writer.start()
    async with journalling(catalogue.engine, writer) as journal:
        journal.append(RecordingStarted(contact=contact, recording="first"))
        await asyncio.sleep(0.05)
        journal.append(RecordingStarted(contact=contact, recording="called back"))
        journal.append(ConversationStarted(contact=contact, participant=ParticipantId("alice")))
        ledger = JournalTranscripts(journal, catalogue.engine)
        [of_first] = await ledger.speech_on_the_right(contact, RecordingId("first"))
        [of_second] = await ledger.speech_on_the_right(contact, RecordingId("called back"))
    assert of_first.start_s - of_second.start_s >= 0.05
    await asyncio.to_thread(writer.stop)
