"""What one party says, as a stream: the port of everything that listens to a call while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Heard:
    """Consecutive samples of a party, 8 kHz and 16 bits; `start` counts samples since its leg was opened."""

    start: int
    pcm: NDArray[np.int16]

    @property
    def end(self) -> int:
        return self.start + len(self.pcm)


class SoundTap(Protocol):
    """One consumer's place in what a party says: received sound only, never a prompt or another party.

    It begins with what is said after it was opened. Any number of consumers may tap the same leg, each at its
    own pace. Who is slower than the ring (some seconds) loses the oldest: `start` jumps, `missed` counts it.
    Where nothing was received, samples are zero. What was heard before the leg closed can still be read.
    The talk of a leg is told as events while somebody taps it.
    """

    def read(self, most: int) -> Heard | None:
        """At most so many new samples, or None when there are none; never waits."""

    @property
    def missed(self) -> int:
        """Samples that were gone before they were read."""

    @property
    def ended(self) -> bool:
        """Nothing comes any more: the tap was closed, or its leg was and all has been read."""

    def close(self) -> None:
        """Idempotent; should be called also after the leg has closed."""
