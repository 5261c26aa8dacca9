"""What a caller hears while they wait: music and announcements between, or that it rings at the other end."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

import numpy as np

from media.errors import MediaError
from media.events import PlaybackId
from media.g711 import ulaw_encode
from media.sound import SAMPLES_PER_SECOND, Sound
from telephony.call import Call

RINGING_HZ, RINGS_S, PAUSES_S, LEVEL = 425, 1, 4, 0.1


@cache
def ringback() -> Sound:
    """The tone of most of Europe (ITU-T E.180): one second of it, four of silence."""
    time_s = np.arange(RINGS_S * SAMPLES_PER_SECOND) / SAMPLES_PER_SECOND
    tone = np.sin(2 * np.pi * RINGING_HZ * time_s) * 32767 * LEVEL
    whole = np.concatenate([tone, np.zeros(PAUSES_S * SAMPLES_PER_SECOND)])
    return Sound(name="builtin:ringback", ulaw=ulaw_encode(whole.astype(np.int16)).tobytes())


class QueueSound:
    """Owns the playback on the caller's leg from `begin` to `end`."""

    def __init__(self, call: Call, music: Sound) -> None:
        self._call = call
        self._music = music
        self._announcement: PlaybackId | None = None
        self._over = False

    def begin(self) -> None:
        if self._call.hangup is None:
            self._call.leg.play((self._music,), loop=True)

    def announce(self, sound: Sound) -> None:
        """Over the music; a rendering that came too late for this wait is dropped. Raises MediaError."""
        if not self._over and self._call.hangup is None:
            self._announcement = self._call.leg.play((sound,))

    def playback_finished(self, playback: PlaybackId) -> None:
        if playback == self._announcement and not self._over:
            self._announcement = None
            self.begin()

    def end(self) -> None:
        """Silence, so that what comes next is heard at once."""
        self._over = True
        if self._call.hangup is None:
            self._call.leg.stop_playback()


def waiting_sound(call: Call, music: Sound) -> QueueSound:
    """Begun at once; a caller who cannot be played anything to waits in silence."""
    sound = QueueSound(call, music)
    with suppress(MediaError):
        sound.begin()
    return sound
