"""The control side of listening: who shares a leg's ring, and reading from it while the tick writes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.errors import MediaError, NoLongerHeard
from media.layout import FRAME, LISTEN_SAMPLES
from media.sound_tap import Heard

_SAFE: Final = LISTEN_SAMPLES - 10 * FRAME
"""What a reader may still copy while the tick goes on writing behind it."""
_START: Final = -1


class ListenRing:
    """The ring that the tick fills for one leg; positions are in samples since the leg was opened."""

    def __init__(self, listener: np.void, decode: NDArray[np.int16], use: int) -> None:
        self._listener = listener
        self._codes = listener["codes"]
        self._decode = decode
        self.use = use

    @property
    def live(self) -> bool:
        """Whether it is this leg's: not before the tick has begun to fill it, nor when another leg has it."""
        return int(self._listener["use"]) == self.use

    @property
    def newest(self) -> int:
        return int(self._listener["newest"])

    @property
    def oldest(self) -> int:
        return int(self._listener["oldest"])

    def between(self, start: int, end: int) -> NDArray[np.int16]:
        """Zeros where nothing is kept; NoLongerHeard when the tick has gone a whole ring beyond it."""
        if not 0 <= end - start <= LISTEN_SAMPLES:
            raise MediaError("the listen ring is shorter than that")
        newest = self.newest
        if end <= newest - LISTEN_SAMPLES:
            raise NoLongerHeard("what was said then is no longer kept")
        samples = self._decoded(start, end)
        oldest = max(newest - LISTEN_SAMPLES, self.oldest)
        samples[: max(oldest - start, 0)] = 0
        samples[max(newest - start, 0) :] = 0
        return samples

    def after(self, position: int, most: int) -> Heard:
        """What follows a position, or what is left of it; safe from being written over meanwhile."""
        newest = self.newest
        start = max(position, self.oldest, newest - _SAFE)
        return Heard(start, self._decoded(start, max(min(newest, start + most), start)))

    def _decoded(self, start: int, end: int) -> NDArray[np.int16]:
        at = start % LISTEN_SAMPLES
        first = self._codes[at : at + end - start]
        rest = self._codes[: max(at + end - start - LISTEN_SAMPLES, 0)]
        samples: NDArray[np.int16] = self._decode[self._listener["law"]][np.concatenate((first, rest))]
        return samples


class RingTap:
    """A `SoundTap` on a ring, in the engine's own process or in another one."""

    def __init__(self, ring: ListenRing, on_close: Callable[[RingTap], None] = lambda _: None) -> None:
        self._ring: ListenRing | None = ring
        self._on_close = on_close
        self._at = ring.newest if ring.live else _START
        self._left = Heard(0, np.zeros(0, np.int16))
        self._missed = 0
        self._closed = False

    @property
    def missed(self) -> int:
        return self._missed

    @property
    def ended(self) -> bool:
        return self._closed or (self._ring is None and not len(self._left.pcm))

    def read(self, most: int) -> Heard | None:
        if self._closed:
            return None
        if self._ring is None:
            heard = Heard(self._left.start, self._left.pcm[:most])
            self._left = Heard(heard.end, self._left.pcm[most:])
            return heard if len(heard.pcm) else None
        return self._read_from(self._ring, most)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._ring is not None:
                self._ring = None
                self._on_close(self)

    def leg_closed(self) -> None:
        """Keep what has not been read: the ring is another leg's soon."""
        if self._ring is not None and not self._closed:
            self._left = self.read(LISTEN_SAMPLES) or self._left
            self._ring = None

    def _read_from(self, ring: ListenRing, most: int) -> Heard | None:
        if not ring.live:
            return None
        at = ring.oldest if self._at == _START else self._at
        heard = ring.after(at, most)
        if not ring.live:
            return None
        self._missed += heard.start - at
        self._at = heard.end
        return heard if len(heard.pcm) else None


class Listeners:
    """The consumers of one leg; the ring is had while there is one."""

    def __init__(self, take: Callable[[], ListenRing], give_back: Callable[[], None]) -> None:
        self._take = take
        self._give_back = give_back
        self._ring: ListenRing | None = None
        self._switched_on = False
        self._taps: list[RingTap] = []

    @property
    def ring(self) -> ListenRing:
        if self._ring is None:
            raise MediaError("nobody listens to this leg")
        return self._ring

    def switch(self, on: bool) -> None:
        if on and self._ring is None:
            self._ring = self._take()
        self._switched_on = on
        self._release()

    def tap(self) -> RingTap:
        if self._ring is None:
            self._ring = self._take()
        self._taps.append(RingTap(self._ring, self._untap))
        return self._taps[-1]

    def leg_closed(self) -> None:
        for tap in self._taps:
            tap.leg_closed()
        self._taps.clear()
        self._switched_on = False

    def forget(self) -> None:
        """The tick has let go of the leg."""
        self.leg_closed()
        self._release()

    def _untap(self, tap: RingTap) -> None:
        """When the order to let go finds no room, the ring stays the leg's until the next chance."""
        self._taps.remove(tap)
        with contextlib.suppress(MediaError):
            self._release()

    def _release(self) -> None:
        if self._ring is not None and not self._switched_on and not self._taps:
            self._give_back()
            self._ring = None
