"""An utterance that an engine hears while it is being said."""

import time
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.utterance import Utterance

_FIRST_LOOK_S: Final = 0.5
_LOOK_AGAIN: Final = 1.4
_RARELY: Final = 4.0
_SLOW: Final = 0.5


class Stream(Protocol):
    """One utterance, inside a worker. `finish` ends it."""

    def feed(self, pcm: NDArray[np.int16]) -> str | None:
        """What it sounds like so far; None when there is nothing new to say."""

    def finish(self) -> Utterance: ...


class RepeatedDecoding:
    """For an engine that hears a whole utterance better than one in pieces.

    Its beginning is decoded again each time it has grown by two fifths, so that all the looks together cost
    about three and a half times what the utterance does, however long that is. Where a look takes more than
    half the time of what it looks at, the next comes when it has grown fourfold.
    """

    def __init__(self, decode: Callable[[NDArray[np.int16]], Utterance]) -> None:
        self._decode = decode
        self._chunks: list[NDArray[np.int16]] = []
        self._length = 0
        self._next_look = int(_FIRST_LOOK_S * SAMPLES_PER_SECOND)

    def feed(self, pcm: NDArray[np.int16]) -> str | None:
        # A copy: the worker's audio is overwritten by the next order.
        self._chunks.append(pcm.copy())
        self._length += len(pcm)
        if self._length < self._next_look:
            return None
        began = time.monotonic()
        text = self._decode(np.concatenate(self._chunks)).text
        slow = (time.monotonic() - began) * SAMPLES_PER_SECOND > self._length * _SLOW
        self._next_look = int(self._length * (_RARELY if slow else _LOOK_AGAIN))
        return text or None

    def finish(self) -> Utterance:
        return self._decode(np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16))
