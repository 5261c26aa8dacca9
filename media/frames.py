"""Recorded frames, as they leave the engine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frames:
    """Consecutive 20 ms frames: samples[i, 0] is what the party sent, samples[i, 1] what it heard, mu-law."""

    first_frame: int
    samples: NDArray[np.uint8]
