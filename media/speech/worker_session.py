"""Recogniser sessions on this machine's worker processes."""

import itertools

import numpy as np
from numpy.typing import NDArray

from media.speech.jobs import Continue
from media.speech.queued_session import QueuedSession, SoFar
from media.speech.recogniser import SpeechWorkers, as_written
from media.speech.session import OnSessionEvent, RecognizerSession, SpokenChannel
from media.speech.vocabulary import LanguageModel


class WorkerRecognizer:
    """The `Recognizer` of this machine's own workers."""

    def __init__(self, workers: SpeechWorkers) -> None:
        self._workers = workers
        self._numbers = itertools.count(1)

    @property
    def engine(self) -> str:
        return self._workers.engine

    @property
    def engine_version(self) -> str:
        return self._workers.engine_version

    def open(self, channel: SpokenChannel, model: LanguageModel, tell: OnSessionEvent) -> RecognizerSession:
        return QueuedSession(lambda: WorkerHearing(self._workers, next(self._numbers), model), tell)


class WorkerHearing:
    """One utterance, with one worker from its beginning to its end."""

    def __init__(self, workers: SpeechWorkers, number: int, model: LanguageModel) -> None:
        self._workers = workers
        self._number = number
        self._model = model
        self._slot: int | None = None
        self._length = 0

    async def hear(self, pcm: NDArray[np.int16], *, last: bool) -> SoFar:
        files = await self._workers.model_files(self._model)
        first = self._slot is None
        if self._slot is None:
            self._slot = self._workers.place()
        self._length += len(pcm)
        limit_s = self._workers.limit_s(self._length)
        order = Continue(len(pcm), limit_s, files if first else None, self._number, first, last)
        heard = await self._workers.go_on(self._slot, order, pcm)
        if heard.utterance is None:
            return SoFar(heard.so_far)
        return SoFar(None, as_written(heard.utterance, self._model))

    async def leave(self) -> None:
        if self._slot is not None:
            self._workers.leave(self._slot)
