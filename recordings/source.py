"""What the recorder needs from the media engine: a ring of stereo frames with one reader."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class StereoFrames(Protocol):
    """Consecutive frames of 20 ms as they travelled: `tracks` is (2, n, 160), the caller's before what they
    hear, in codes of G.711 mu-law (0) or A-law (1); `marks` is (2, n) of `FrameFlag`, or None without any.
    """

    @property
    def first_frame(self) -> int: ...

    @property
    def tracks(self) -> NDArray[np.uint8]: ...

    @property
    def law(self) -> int: ...

    @property
    def marks(self) -> NDArray[np.uint8] | None: ...

    def __len__(self) -> int: ...


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
