"""Sessions: an utterance becomes words while it is said; what no engine could do is told, never lost."""

import asyncio
import os
import signal
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from media.speech.queued_session import BEHIND, MAX_WAITING
from media.speech.recogniser import SpeechWorkers
from media.speech.session import FinalHeard, NotHeard, PartialHeard, SessionEvent, SpokenChannel
from media.speech.settings import SpeechSettings
from media.speech.synthesis import Synthesiser
from media.speech.vocabulary import Vocabulary
from media.speech.worker_session import WorkerRecognizer
from tests.patience import until

HOUSE = Vocabulary("house", ("support is here", "please hold the line", "i want a refund for my order"))
CHANNEL = SpokenChannel("contact", "customer")
PIECE = 800


@pytest.fixture
async def refund(synthesiser: Synthesiser, telephone: Any) -> NDArray[np.int16]:
    heard: NDArray[np.int16] = telephone.heard(await synthesiser.render("I want a refund for my order"), 0.2)
    return heard


@pytest.fixture
async def ready(workers: SpeechWorkers) -> WorkerRecognizer:
    await workers.prepare(HOUSE)
    return WorkerRecognizer(workers)


async def said(
    recognizer: WorkerRecognizer, pcm: NDArray[np.int16], at: int = 0, times: int = 1
) -> list[SessionEvent]:
    told: list[SessionEvent] = []
    session = recognizer.open(CHANNEL, HOUSE, told.append)
    for _ in range(times):
        for begin in range(0, len(pcm), PIECE):
            session.feed(at + begin, pcm[begin : begin + PIECE])
            await asyncio.sleep(0)
        session.end_utterance()
        at += len(pcm)
    await session.close()
    return told


async def test_words_come_with_times_of_the_track(ready: WorkerRecognizer, refund: NDArray[np.int16]) -> None:
    events = await said(ready, refund, at=10 * 8000)
    (final,) = [event for event in events if isinstance(event, FinalHeard)]
    assert "refund" in final.utterance.text.split()
    assert final.utterance.start_s == 10.0
    assert all(10.0 <= word.start_s < word.end_s < 13.0 for word in final.utterance.words)
    assert ready.engine_version


async def test_partials_come_before_the_utterance_is_over(
    ready: WorkerRecognizer, refund: NDArray[np.int16]
) -> None:
    told: list[SessionEvent] = []
    session = ready.open(CHANNEL, HOUSE, told.append)
    for begin in range(0, len(refund), PIECE):
        session.feed(begin, refund[begin : begin + PIECE])
    await until(lambda: told)
    assert isinstance(told[0], PartialHeard)
    assert told[0].text
    session.end_utterance()
    await session.close()
    assert isinstance(told[-1], FinalHeard)


async def test_the_whole_of_an_utterance_decides_not_its_pieces(
    ready: WorkerRecognizer, workers: SpeechWorkers, refund: NDArray[np.int16]
) -> None:
    events = await said(ready, refund)
    (whole,) = await workers.transcribe(refund, HOUSE)
    assert isinstance(events[-1], FinalHeard)
    assert events[-1].utterance.text == whole.text


async def test_a_worker_that_dies_costs_the_utterance_and_not_the_session(
    ready: WorkerRecognizer, workers: SpeechWorkers, refund: NDArray[np.int16]
) -> None:
    (pid,) = workers.statistics().pids
    told: list[SessionEvent] = []
    session = ready.open(CHANNEL, HOUSE, told.append)
    os.kill(pid, signal.SIGSTOP)
    session.feed(0, refund)
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    session.end_utterance()
    await until(lambda: told)
    assert told == [NotHeard(0.0, len(refund) / 8000, "RecogniserFailed")]
    await until(lambda: workers.statistics().restarts == 1)
    session.feed(len(refund), refund)
    session.end_utterance()
    await session.close()
    assert isinstance(told[-1], FinalHeard)


async def test_what_it_cannot_keep_up_with_is_told_oldest_first_and_nothing_is_forgotten(
    ready: WorkerRecognizer, workers: SpeechWorkers, refund: NDArray[np.int16]
) -> None:
    (pid,) = workers.statistics().pids
    told: list[SessionEvent] = []
    session = ready.open(CHANNEL, HOUSE, told.append)
    os.kill(pid, signal.SIGSTOP)
    for number in range(MAX_WAITING + 3):
        session.feed(number * len(refund), refund)
        session.end_utterance()
        await asyncio.sleep(0.01)
    dropped = [(event.start_s, event.reason) for event in told if isinstance(event, NotHeard)]
    assert dropped == [(number * len(refund) / 8000, BEHIND) for number in (1, 2)]
    os.kill(pid, signal.SIGCONT)
    await session.close()
    assert len(told) == MAX_WAITING + 3
    assert sum(isinstance(event, FinalHeard) for event in told) == MAX_WAITING + 1


async def test_workers_hear_calls_side_by_side(settings: SpeechSettings, refund: NDArray[np.int16]) -> None:
    workers = SpeechWorkers(settings.model_copy(update={"workers": 2}))
    await workers.start()
    await workers.prepare(HOUSE)
    recognizer = WorkerRecognizer(workers)
    first, _ = workers.statistics().pids
    told: list[SessionEvent] = []
    sessions = [recognizer.open(CHANNEL, HOUSE, told.append) for _ in range(2)]
    os.kill(first, signal.SIGSTOP)
    for session in sessions:
        session.feed(0, refund)
        session.end_utterance()
    await until(lambda: any(isinstance(event, FinalHeard) for event in told))
    os.kill(first, signal.SIGCONT)
    for session in sessions:
        await session.close()
    await workers.stop()
    assert sum(isinstance(event, FinalHeard) for event in told) == 2


async def test_a_live_call_goes_before_a_recording_of_yesterday(
    ready: WorkerRecognizer, workers: SpeechWorkers, refund: NDArray[np.int16]
) -> None:
    recording = asyncio.ensure_future(workers.transcribe(np.tile(refund, 12), HOUSE))
    await until(lambda: workers.statistics().busy_s > 0)
    events = await said(ready, refund)
    assert isinstance(events[-1], FinalHeard)
    assert not recording.done()
    await recording


async def test_stopped_workers_are_told_as_not_heard(
    settings: SpeechSettings, refund: NDArray[np.int16]
) -> None:
    events = await said(WorkerRecognizer(SpeechWorkers(settings)), refund)
    assert [type(event) for event in events] == [NotHeard]
