"""What taking calls needs of telephony, recordings and journal: real ones and fakes fit these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contacts.facts.fact import Fact
from contacts.ids import AgentId
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


@dataclass(frozen=True, slots=True)
class Shown:
    """Who a called phone says is calling."""

    number: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody can be called: all their phones, or an address."""

    targets: tuple[str | Binding, ...]
    agent: AgentId | None = None
    """Who is busy meanwhile."""
    shown: Shown | None = None
    """Instead of the customer, where a carrier wants a number of ours."""


class Dialler(Protocol):
    """Knows where to call somebody; see `server.intake.third_party`."""

    def reach(self, target: TransferTarget) -> Reach:
        """Raises UnreachableError."""
        ...

    def agent(self, agent: AgentId) -> Reach:
        """All their phones; raises UnreachableError when none is registered."""
        ...
