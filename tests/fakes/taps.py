"""A tap of a leg that is none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from media.g711 import ulaw_decode
from media.sound_tap import Heard

KEPT = 94_400


class FakeTap:
    """Keeps the contract of `media.sound_tap.SoundTap`; `hear` is its leg speaking."""

    def __init__(self, siblings: list[FakeTap]) -> None:
        self.leg_closed = False
        self.missed = 0
        self._siblings = siblings
        self._closed = False
        self._waiting: NDArray[np.int16] = np.zeros(0, np.int16)
        self._at: int | None = None

    @property
    def ended(self) -> bool:
        return self._closed or (self.leg_closed and not len(self._waiting))

    def hear(self, position: int, ulaw: bytes) -> None:
        self._at = position if self._at is None else self._at
        self._waiting = np.concatenate((self._waiting, ulaw_decode(np.frombuffer(ulaw, np.uint8))))
        gone = max(len(self._waiting) - KEPT, 0)
        self._waiting = self._waiting[gone:]
        self._at += gone
        self.missed += gone

    def read(self, most: int) -> Heard | None:
        if self._closed or self._at is None or not len(self._waiting):
            return None
        heard = Heard(self._at, self._waiting[:most])
        self._waiting = self._waiting[most:]
        self._at = heard.end
        return heard

    def close(self) -> None:
        self._closed = True
        if self in self._siblings:
            self._siblings.remove(self)
