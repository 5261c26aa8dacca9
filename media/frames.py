"""Recorded frames, as they leave the engine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.g711 import ALAW_TO_ULAW
from media.layout import ULAW


@dataclass(frozen=True, slots=True)
class Frames:
    """Consecutive 20 ms frames as they travelled: tracks[0, i] is what the party sent, tracks[1, i] what it
    heard, in codes of `law`. `marks` says of each what `media.layout` has names for; without it, nothing.
    """

    first_frame: int
    tracks: NDArray[np.uint8]
    law: int = ULAW
    marks: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return int(self.tracks.shape[1])

    @property
    def samples(self) -> NDArray[np.uint8]:
        """(n, 2, 160) in mu-law, whatever travelled; a copy."""
        codes = self.tracks.transpose(1, 0, 2)
        return np.ascontiguousarray(codes if self.law == ULAW else ALAW_TO_ULAW[codes])
