"""The messages between the recogniser and its worker processes.

The audio itself travels in memory that both share, so that the pipe carries only these.
"""

import os
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.shared_memory import mapped, nameless
from media.speech.model_files import ModelFiles
from media.speech.utterance import Utterance
from media.vad import SampleSpan


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Find the talk spurts of the shared audio."""

    samples: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class Decode:
    """Decode the shared audio as one utterance."""

    samples: int
    limit_s: float
    model: ModelFiles


@dataclass(frozen=True, slots=True)
class Continue:
    """The shared audio is more of a stream's utterance: the `first` of it, the `last`, or between."""

    samples: int
    limit_s: float
    model: ModelFiles | None
    """With the first part only."""
    stream: int
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded its engine."""

    load_s: float
    version: str


@dataclass(frozen=True, slots=True)
class Endpointed:
    """The talk spurts, in samples of the shared audio."""

    spans: tuple[SampleSpan, ...]
    busy_s: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """Times count from the start of the shared audio."""

    utterance: Utterance
    busy_s: float


@dataclass(frozen=True, slots=True)
class Continued:
    """What the utterance sounds like so far, None where that is nothing new; the whole of it at its end."""

    so_far: str | None
    utterance: Utterance | None
    busy_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine could not do it; the worker is well."""

    reason: str


Order = Endpoint | Decode | Continue
Answer = Ready | Endpointed | Decoded | Continued | Refused


_CLOSED: Final = -1


class SharedAudio:
    """The audio of one order, in memory that a worker process maps."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def create(cls) -> "SharedAudio":
        return cls(nameless("trunkline-speech", 0))

    def write(self, pcm: NDArray[np.int16]) -> None:
        """Replaces what was there; the old audio's memory is given back."""
        os.ftruncate(self.descriptor, 0)
        view = np.ascontiguousarray(pcm).data.cast("B")
        written = 0
        while written < len(view):
            written += os.pwrite(self.descriptor, view[written:], written)

    def read(self, samples: int) -> NDArray[np.int16]:
        if not samples:
            return np.zeros(0, np.int16)
        return np.frombuffer(mapped(self.descriptor, samples * 2), np.int16)

    def close(self) -> None:
        """Again is nothing: the number of a closed descriptor may be somebody else's by then."""
        descriptor, self.descriptor = self.descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)
