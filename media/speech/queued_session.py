"""A session over any engine that hears one utterance after the other, in pieces."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import SpeechError
from media.speech.session import FinalHeard, NotHeard, OnSessionEvent, PartialHeard
from media.speech.utterance import Utterance

MAX_WAITING: Final = 4
"""Utterances of a track that may wait behind the one in work; the oldest of more is given up."""
FAREWELL_S: Final = 60.0
BEHIND: Final = "the recogniser is behind"


class SoFar(NamedTuple):
    """What an utterance sounds like so far, None where that is nothing new; the whole of it at its end."""

    text: str | None
    utterance: Utterance | None = None


class UtteranceHearing(Protocol):
    """One utterance with an engine."""

    async def hear(self, pcm: NDArray[np.int16], *, last: bool) -> SoFar:
        """Raises SpeechError, after which nothing more of the utterance is of use."""

    async def leave(self) -> None:
        """It is over, one way or the other; called once."""


@dataclass(slots=True)
class _Said:
    """One utterance on its way; `length` counts all of it, `waiting` holds what the engine has not got."""

    start: int
    length: int = 0
    waiting: list[NDArray[np.int16]] = field(default_factory=list)
    ended: bool = False
    hearing: UtteranceHearing | None = None

    @property
    def start_s(self) -> float:
        return self.start / SAMPLES_PER_SECOND

    @property
    def end_s(self) -> float:
        return (self.start + self.length) / SAMPLES_PER_SECOND

    def take(self) -> NDArray[np.int16]:
        waiting, self.waiting = self.waiting, []
        return np.concatenate(waiting) if waiting else np.zeros(0, np.int16)


class QueuedSession:
    """Fits `media.speech.session.RecognizerSession`.

    At most one piece is with the engine; what comes meanwhile goes with the next one: an engine that is slow
    gets larger pieces, not more of them.
    """

    def __init__(self, begin: Callable[[], UtteranceHearing], tell: OnSessionEvent) -> None:
        self._begin = begin
        self._tell = tell
        self._said: deque[_Said] = deque()
        self._more = asyncio.Event()
        self._closing = False
        self._work = asyncio.get_running_loop().create_task(self._run())

    def feed(self, at: int, pcm: NDArray[np.int16]) -> None:
        if self._closing:
            return
        if not self._said or self._said[-1].ended:
            self._said.append(_Said(at))
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
                await self._over(said)
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
        if said.hearing is None:
            said.hearing = self._begin()
        last, pcm = said.ended, said.take()
        heard = await said.hearing.hear(pcm, last=last)
        if last:
            await self._over(said)
            if heard.utterance is None:
                self._lost(said, "no answer")
            else:
                self._tell(FinalHeard(heard.utterance.moved(said.start_s)))
        elif heard.text:
            self._tell(PartialHeard(said.start_s, heard.text))

    async def _skip(self, said: _Said, reason: str) -> None:
        """The rest of it is of no use without its beginning."""
        while not (said.ended or self._closing):
            said.waiting.clear()
            self._more.clear()
            await self._more.wait()
        await self._over(said)
        self._lost(said, reason)

    async def _over(self, said: _Said) -> None:
        self._said.popleft()
        if said.hearing is not None:
            await said.hearing.leave()

    def _lost(self, said: _Said, reason: str) -> None:
        self._tell(NotHeard(said.start_s, said.end_s, reason))
