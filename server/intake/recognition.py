"""The recogniser as a menu hears with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media.speech.recogniser import SpeechWorkers
from media.speech.vocabulary import General, Phrases
from server.intake.ports import Understood


class PhraseRecognition:
    """One utterance, one of the phrases, or anything where there are none: the best of what was found."""

    def __init__(self, workers: SpeechWorkers) -> None:
        self._workers = workers

    async def understand(self, pcm: NDArray[np.int16], phrases: tuple[str, ...]) -> Understood:
        """Raises SpeechError when the recogniser is busy or failed."""
        utterances = await self._workers.transcribe(pcm, Phrases(phrases) if phrases else General())
        best = max(utterances, key=lambda utterance: utterance.confidence, default=None)
        return Understood("", 0.0) if best is None else Understood(best.text, best.confidence)
