"""One party's sound: what it sends, what it hears."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from media.events import PlaybackId
from media.recording_ring import RecordingSource
from media.remote import RemoteMedia
from media.reports import LegReport
from media.sound import Sound


class Leg:
    """A row of the engine; methods only enqueue commands and never wait for the tick."""

    address: str
    rtp_port: int

    def connect(self, remote: RemoteMedia) -> None:
        raise NotImplementedError

    def play(self, sounds: Sequence[Sound], *, loop: bool = False) -> PlaybackId:
        """Replace what is playing; the sounds follow each other without a gap."""
        raise NotImplementedError

    def stop_playback(self) -> None:
        raise NotImplementedError

    def send_digits(self, digits: str) -> None:
        """Queue RFC 4733 events behind those already being sent."""
        raise NotImplementedError

    def bridge(self, other: "Leg") -> None:
        """Let both hear each other; a sound playing on a leg goes before the bridge on that leg."""
        raise NotImplementedError

    def unbridge(self) -> None:
        raise NotImplementedError

    def start_recording(self) -> RecordingSource:
        raise NotImplementedError

    def stop_recording(self) -> None:
        raise NotImplementedError

    def listen(self, on: bool) -> None:
        raise NotImplementedError

    def heard(self, start: int, end: int) -> NDArray[np.int16]:
        raise NotImplementedError

    def report(self) -> LegReport:
        raise NotImplementedError

    def close(self) -> None:
        """Idempotent; the row is free again after the tick has let go of it."""
        raise NotImplementedError
