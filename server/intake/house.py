"""What every contact needs of the program around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from acd.events import Event as DispatchEvent
from ivr_flows.definition.targets import TransferTarget
from recordings.recorder import Recorder
from server.http.metrics import Metrics
from server.intake.prompts import Prompts
from server.journal.journal import Journal
from telephony.call import Call


@dataclass(frozen=True, slots=True)
class Understood:
    """What one utterance was taken for."""

    text: str = field(repr=False)
    confidence: float


class Ears(Protocol):
    """Understands one utterance as one of the phrases; an empty text when it cannot."""

    async def understand(self, pcm: NDArray[np.int16], phrases: tuple[str, ...]) -> Understood: ...


class Dialler(Protocol):
    """Calls somebody for a caller; see `server.intake.dialler`."""

    async def dial(self, target: TransferTarget, caller: Call) -> Call: ...


class Transcribing(Protocol):
    """Takes a finished recording to be transcribed; the journal tells the rest."""

    def transcribe(self, contact_id: str, recording_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class House:
    """The collaborators of a contact. `post` tells dispatch a fact."""

    journal: Journal
    prompts: Prompts
    recorder: Recorder
    metrics: Metrics
    ears: Ears
    dialler: Dialler
    transcribing: Transcribing
    post: Callable[[DispatchEvent], None]
