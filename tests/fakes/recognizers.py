"""A recogniser that hears what the test says, and voice that is whatever is loud."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.endpointing import FRAME
from media.speech.session import FinalHeard, NotHeard, OnSessionEvent, PartialHeard, SpokenChannel
from media.speech.utterance import Utterance, Word
from media.speech.vocabulary import LanguageModel


class LoudIsVoice:
    """One answer for each frame."""

    def voiced(self, pcm: NDArray[np.int16]) -> NDArray[np.bool_]:
        voiced: NDArray[np.bool_] = np.abs(pcm.reshape(-1, FRAME)).max(axis=1) > 1000
        return voiced


class FakeRecognizer:
    """Keeps every session that was opened; fits `media.speech.session.Recognizer`."""

    engine = "fake"
    engine_version = "1"

    def __init__(self) -> None:
        self.sessions: list[FakeSession] = []

    def open(self, channel: SpokenChannel, model: LanguageModel, tell: OnSessionEvent) -> FakeSession:
        self.sessions.append(FakeSession(channel, tell))
        return self.sessions[-1]

    def of(self, name: str) -> FakeSession:
        """The newest of that channel."""
        return next(session for session in reversed(self.sessions) if session.channel.name == name)


class FakeSession:
    """`words` are what the utterance is taken for that ends next; without any it stays open."""

    def __init__(self, channel: SpokenChannel, tell: OnSessionEvent) -> None:
        self.channel = channel
        self.closed = False
        self.fed: list[tuple[int, NDArray[np.int16]]] = []
        self.utterances = 0
        self._tell = tell
        self._ended: list[tuple[float, float]] = []

    @property
    def samples(self) -> int:
        return sum(len(pcm) for _, pcm in self.fed)

    def feed(self, at: int, pcm: NDArray[np.int16]) -> None:
        self.fed.append((at, pcm))

    def end_utterance(self) -> None:
        start, (last, pcm) = self.fed[0][0], self.fed[-1]
        self._ended.append((start / SAMPLES_PER_SECOND, (last + len(pcm)) / SAMPLES_PER_SECOND))
        self.utterances += 1

    def partial(self, text: str) -> None:
        """The engine hears that so far."""
        self._tell(PartialHeard(self.fed[0][0] / SAMPLES_PER_SECOND, text))

    def final(self, text: str) -> None:
        """The engine is done with the oldest utterance that has ended."""
        start_s, end_s = self._ended.pop(0)
        words = tuple(Word(word, start_s, end_s, 0.9) for word in text.split())
        self._tell(FinalHeard(Utterance(start_s, end_s, text, 0.9, words)))

    def fail(self, reason: str) -> None:
        start_s, end_s = self._ended.pop(0)
        self._tell(NotHeard(start_s, end_s, reason))

    async def close(self) -> None:
        self.closed = True
        while self._ended:
            self.fail("closed")
