"""The one port through which live sound becomes words: a session for each track of a call.

`Recognizer.open` begins one, `feed` gives it the sound of an utterance as it is said, `end_utterance` asks
for its final words, `close` ends it. What it hears it tells by events, in the order of utterances.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from media.speech.utterance import Utterance
from media.speech.vocabulary import LanguageModel


@dataclass(frozen=True, slots=True)
class SpokenChannel:
    """Whose sound it is: of which conversation, and which of those who talk in it."""

    session: str
    name: str


@dataclass(frozen=True, slots=True)
class PartialHeard:
    """What an utterance sounds like so far; the next one, or its final, replaces it."""

    start_s: float
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FinalHeard:
    """The words of a whole utterance; times count from the start of the track."""

    utterance: Utterance = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotHeard:
    """A stretch that got no words, and why: it is to be done again from the recording."""

    start_s: float
    end_s: float
    reason: str


SessionEvent = PartialHeard | FinalHeard | NotHeard
OnSessionEvent = Callable[[SessionEvent], None]


class RecognizerSession(Protocol):
    """Bounded: what the engine cannot keep up with is dropped, oldest first, and told as NotHeard.

    No method but `close` waits.
    """

    def feed(self, at: int, pcm: NDArray[np.int16]) -> None:
        """More of an utterance; `at` is the position of its first sample in the track, at 8 kHz."""

    def end_utterance(self) -> None:
        """What has been fed since the last one is an utterance."""

    async def close(self) -> None:
        """Returns when every utterance has been told, one way or the other; idempotent."""


class Recognizer(Protocol):
    """A speech engine, wherever it runs."""

    @property
    def engine(self) -> str: ...

    @property
    def engine_version(self) -> str: ...

    def open(self, channel: SpokenChannel, model: LanguageModel, tell: OnSessionEvent) -> RecognizerSession:
        """Never fails: an engine that is not there tells NotHeard for each utterance."""
