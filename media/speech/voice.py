"""Which frames of live sound are voice: webrtcvad behind an energy gate, frame after frame of one track."""

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.endpointing import FRAME, LIVE_RULES
from media.vad import SpurtRules


class LiveVoice:
    """Most frames of a call are quiet and cost no more than their sum of squares."""

    def __init__(self, rules: SpurtRules = LIVE_RULES) -> None:
        self._detector = webrtcvad.Vad(rules.aggressiveness)
        self._floor = (10 ** (rules.gate_dbfs / 20) * 32768) ** 2 * FRAME

    def voiced(self, pcm: NDArray[np.int16]) -> NDArray[np.bool_]:
        """One answer for each frame of whole ones."""
        frames = pcm.reshape(-1, FRAME)
        voiced: NDArray[np.bool_] = np.einsum("ij,ij->i", frames, frames, dtype=np.float32) > self._floor
        for index in np.flatnonzero(voiced):
            voiced[index] = self._detector.is_speech(frames[index].tobytes(), SAMPLES_PER_SECOND)
        return voiced
