"""What the recorder needs from the media engine: a ring of stereo frames with one reader."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class StereoFrames(Protocol):
    """Consecutive frames of 20 ms: `samples` is (n, 2, 160) mu-law, left (caller) before right (agent)."""

    @property
    def first_frame(self) -> int: ...

    @property
    def samples(self) -> NDArray[np.uint8]: ...


class RecordingSource(Protocol):
    """Read by the writer thread alone.

    Frames are numbered from 0, the frame in which the recording began; a jump in `first_frame` means that
    the ring overran. `finished` is true once no more frames will come after those `read` still returns.
    """

    def read(self) -> StereoFrames | None: ...

    @property
    def finished(self) -> bool: ...

    @property
    def dropped_frames(self) -> int: ...
