"""Recorded frames on their way from the tick to a writer thread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frames:
    """Consecutive 20 ms frames: samples[i, 0] is what the party sent, samples[i, 1] what it heard, mu-law."""

    first_frame: int
    samples: NDArray[np.uint8]


class RecordingSource:
    """Read by one thread only; `finished` is final once read() has returned None."""

    finished: bool
    dropped_frames: int

    def read(self) -> Frames | None:
        raise NotImplementedError
