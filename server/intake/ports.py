"""What taking calls needs of telephony, recordings and journal: real ones and fakes fit these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contacts.facts.fact import Fact
from ivr_flows.definition.targets import TransferTarget
from media.sound import Sound
from media.speech.synthesis import Voice
from recordings.catalogue import RecordingEntry
from recordings.segment import RecordingId
from recordings.source import RecordingSource
from telephony.call import Call
from telephony.registrar.bindings import Binding


class FactLog(Protocol):
    """The journal, as those who write to it see it."""

    def append(self, fact: Fact) -> object:
        """Never waits; raises JournalFull when the disk has fallen too far behind."""

    async def durable(self) -> None:
        """Returns once everything appended so far would survive kill -9; raises JournalError."""


class Lines(Protocol):
    """Places calls, as `telephony.endpoint.SipEndpoint` does."""

    async def place_call(
        self,
        target: str | Binding,
        *,
        caller: str | None = None,
        display: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        lasting: str = "",
    ) -> Call: ...


class PhoneBook(Protocol):
    """The phones that are registered now."""

    def bindings(self, user: str) -> Sequence[Binding]: ...


class Recordings(Protocol):
    """Keeps sound, as `recordings.recorder.Recorder` does."""

    def begin(
        self,
        contact_id: str,
        source: RecordingSource,
        *,
        started_at: datetime,
        caller: str,
        called: str,
        what: str = "",
    ) -> RecordingId: ...

    async def finish(self, recording_id: RecordingId, *, agent: str = "") -> RecordingEntry: ...


@dataclass(frozen=True, slots=True)
class Understood:
    """What an utterance was taken for; an empty text when it was none of the phrases."""

    text: str = field(repr=False)
    confidence: float


class Recognition(Protocol):
    """Understands one utterance as one of the phrases; an empty text when it cannot."""

    async def understand(self, pcm: NDArray[np.int16], phrases: tuple[str, ...]) -> Understood:
        """Raises SpeechError when the recogniser is busy or failed."""


class Transcribing(Protocol):
    """Takes a finished recording to be transcribed; the journal tells the rest."""

    def transcribe(self, contact_id: str, recording_id: str) -> None: ...


class Speaking(Protocol):
    """Makes sound of a text, as `media.speech.synthesis.Synthesiser` does."""

    async def render(self, text: str, voice: Voice | None = None) -> Sound:
        """Raises SynthesisError."""


class Dialler(Protocol):
    """Calls somebody for a caller; see `server.intake.third_party`."""

    async def dial(self, target: TransferTarget, caller: Call) -> Call: ...
