"""What a caller hears while they wait: music, and announcements between."""

from __future__ import annotations

from contextlib import suppress

from media.errors import MediaError
from media.events import PlaybackId
from media.sound import Sound
from telephony.call import Call


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
