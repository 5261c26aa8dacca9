"""What transcription needs from the rest of the server."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contacts.folds.talk_measures import TalkMeasures
from media.speech.utterance import Utterance
from media.speech.vocabulary import LanguageModel
from recordings.segment import RecordingId
from server.transcripts.windows import TimeSpan


class Transcriber(Protocol):
    """Raises SpeechError when it cannot, now or at all."""

    @property
    def engine(self) -> str: ...

    async def transcribe(self, pcm: NDArray[np.int16], model: LanguageModel) -> tuple[Utterance, ...]: ...


class TranscriptLedger(Protocol):
    """The contacts' journal. Nothing here raises because the journal is full: it waits."""

    async def speech_on_the_right(self, contact_id: str, recording_id: RecordingId) -> tuple[TimeSpan, ...]:
        """Where the right channel of that recording holds a person's voice, and not prompts or music."""

    async def untranscribed(self) -> tuple[tuple[str, RecordingId], ...]:
        """Contact and id of finished recordings of whose transcript nothing was ever told, oldest first."""

    async def measured(self, contact_id: str, recording_id: RecordingId, talk: TalkMeasures) -> None:
        """How the two talked with each other."""

    async def ready(self, contact_id: str, recording_id: RecordingId, words: int) -> None: ...

    async def failed(self, contact_id: str, recording_id: RecordingId, reason: str) -> None: ...
