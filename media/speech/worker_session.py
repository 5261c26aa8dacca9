"""A recogniser session on the worker processes: an utterance goes to one of them as it is said."""

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import SpeechError
from media.speech.jobs import Continue, Continued
from media.speech.model_files import ModelFiles
from media.speech.recogniser import SpeechWorkers, as_written
from media.speech.session import (
    FinalHeard,
    NotHeard,
    OnSessionEvent,
    PartialHeard,
    RecognizerSession,
    SpokenChannel,
)
from media.speech.vocabulary import LanguageModel

MAX_WAITING: Final = 4
"""Utterances of a track that may wait behind the one in work; the oldest of more is given up."""
FAREWELL_S: Final = 20.0
BEHIND: Final = "the recogniser is behind"


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
        return WorkerSession(self._workers, self._numbers, model, tell)


@dataclass(slots=True)
class _Said:
    """One utterance on its way; `length` counts all of it, `waiting` holds what no worker has yet."""

    number: int
    start: int
    length: int = 0
    waiting: list[NDArray[np.int16]] = field(default_factory=list)
    begun: bool = False
    ended: bool = False
    slot: int | None = None

    @property
    def start_s(self) -> float:
        return self.start / SAMPLES_PER_SECOND

    @property
    def end_s(self) -> float:
        return (self.start + self.length) / SAMPLES_PER_SECOND

    def take(self) -> NDArray[np.int16]:
        waiting, self.waiting = self.waiting, []
        return np.concatenate(waiting) if waiting else np.zeros(0, np.int16)


class WorkerSession:
    """At most one order of it is with a worker; what comes meanwhile goes with the next one."""

    def __init__(
        self,
        workers: SpeechWorkers,
        numbers: "itertools.count[int]",
        model: LanguageModel,
        tell: OnSessionEvent,
    ) -> None:
        self._workers = workers
        self._numbers = numbers
        self._model = model
        self._tell = tell
        self._said: deque[_Said] = deque()
        self._more = asyncio.Event()
        self._closing = False
        self._work = asyncio.get_running_loop().create_task(self._run())

    def feed(self, at: int, pcm: NDArray[np.int16]) -> None:
        if self._closing:
            return
        if not self._said or self._said[-1].ended:
            self._said.append(_Said(next(self._numbers), at))
            self._give_up_oldest()
        said = self._said[-1]
        said.waiting.append(pcm)
        said.length += len(pcm)
        self._more.set()

    def end_utterance(self) -> None:
        if self._said:
            self._said[-1].ended = True
            self._more.set()

    async def close(self) -> None:
        self.end_utterance()
        self._closing = True
        self._more.set()
        try:
            async with asyncio.timeout(FAREWELL_S):
                await asyncio.shield(self._work)
        except TimeoutError:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            while self._said:
                said = self._said[0]
                self._over(said)
                self._lost(said, BEHIND)

    def _give_up_oldest(self) -> None:
        """The first is in work; of those behind it the oldest goes."""
        if len(self._said) > MAX_WAITING + 1:
            said = self._said[1]
            del self._said[1]
            self._lost(said, BEHIND)

    async def _run(self) -> None:
        while not (self._closing and not self._said):
            said = self._said[0] if self._said else None
            if said is None or not (said.waiting or said.ended):
                self._more.clear()
                await self._more.wait()
                continue
            try:
                await self._go_on(said)
            except SpeechError as error:
                await self._skip(said, type(error).__name__)

    async def _go_on(self, said: _Said) -> None:
        files = await self._workers.model_files(self._model)
        if said.slot is None:
            said.slot = self._workers.place()
        heard = await self._workers.go_on(said.slot, *self._order(said, files))
        self._heard(said, heard)

    def _order(self, said: _Said, files: ModelFiles) -> tuple[Continue, NDArray[np.int16]]:
        pcm = said.take()
        first, said.begun = not said.begun, True
        limit_s = self._workers.limit_s(said.length)
        return Continue(len(pcm), limit_s, files if first else None, said.number, first, said.ended), pcm

    def _heard(self, said: _Said, heard: Continued) -> None:
        if heard.utterance is not None:
            self._over(said)
            self._tell(FinalHeard(as_written(heard.utterance.moved(said.start_s), self._model)))
        elif heard.so_far:
            self._tell(PartialHeard(said.start_s, heard.so_far))

    async def _skip(self, said: _Said, reason: str) -> None:
        """The rest of it is of no use without its beginning."""
        while not (said.ended or self._closing):
            said.waiting.clear()
            self._more.clear()
            await self._more.wait()
        self._over(said)
        self._lost(said, reason)

    def _over(self, said: _Said) -> None:
        self._said.popleft()
        if said.slot is not None:
            self._workers.leave(said.slot)

    def _lost(self, said: _Said, reason: str) -> None:
        self._tell(NotHeard(said.start_s, said.end_s, reason))
