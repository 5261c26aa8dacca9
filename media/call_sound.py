"""The sound of a call as its owners use it: what the engine's legs and the fakes of tests have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from media.description import LegDescription
from media.events import MediaEvent, PlaybackId
from media.frames import Frames
from media.reports import LegReport
from media.sound import Sound
from media.sound_tap import SoundTap


class RecordingFeed(Protocol):
    """Frames of one recording, read by one thread; `finished` is final once `read` has returned None."""

    def read(self) -> Frames | None: ...

    @property
    def finished(self) -> bool: ...

    @property
    def dropped_frames(self) -> int: ...

    @property
    def started_at_frame(self) -> int: ...


class CallSound(Protocol):
    """One party's sound. No method waits; all but `close` and `report` raise MediaStopped once it is closed.

    Positions are in samples since the leg was opened. Whatever raises a MediaError has changed nothing.
    """

    @property
    def address(self) -> str:
        """What SDP offers as our end, together with `rtp_port`."""

    @property
    def rtp_port(self) -> int: ...

    @property
    def closed(self) -> bool: ...

    def connect(self, description: LegDescription) -> None:
        """May be called again: playback, bridge, recording and listening go on."""

    def play(self, sounds: Sequence[Sound], *, loop: bool = False) -> PlaybackId:
        """Replaces what is playing and goes before a bridge; PlaybackFinished tells its natural end."""

    def stop_playback(self) -> None: ...

    def send_digits(self, digits: str) -> None:
        """Raises MediaError when the peer takes no telephone-events."""

    def bridge(self, other: CallSound) -> None:
        """Lets both hear each other and ends their earlier bridges; both must be of one engine."""

    def unbridge(self) -> None: ...

    def shield(self, on: bool) -> None:
        """From now on nobody hears the party: no bridge, room, recording or listener. Its keys are told."""

    def start_recording(self) -> RecordingFeed:
        """Ends an earlier recording of the leg; raises MediaExhausted."""

    def stop_recording(self) -> None: ...

    def listen(self, on: bool) -> None:
        """Talk is told, and what was heard kept for a while; raises MediaExhausted when too many listen."""

    def heard(self, start: int, end: int) -> NDArray[np.int16]:
        """PCM between two positions; zeros where nothing is kept, MediaError where nothing can be."""

    def tap(self) -> SoundTap:
        """A stream of what the party says, beside whoever else listens; MediaExhausted as for `listen`."""

    def report(self) -> LegReport: ...

    def close(self) -> None:
        """Idempotent. No event comes any more."""


class RoomPart(Enum):
    """Everybody in a room hears those who speak to everybody, and nobody themselves."""

    SPEAKER = "speaker"
    MONITOR = "monitor"
    """Hears only: a supervisor who listens."""
    COACH = "coach"
    """Is heard by those who are coached only."""
    COACHED = "coached"
    """A speaker who also hears the coach."""


class SoundRoom(Protocol):
    """A conference of legs, of any size: a supervisor barges in by becoming a speaker."""

    @property
    def members(self) -> tuple[CallSound, ...]: ...

    def join(self, leg: CallSound, part: RoomPart = RoomPart.SPEAKER, gain_db: float = 0.0) -> None:
        """Or take another part; ends the leg's bridge. `gain_db` is how much louder the others hear it."""

    def leave(self, leg: CallSound) -> None:
        """Into silence. A leg that closes should be told to leave, too; one that is not here may be."""

    def close(self) -> None:
        """Everybody leaves. Idempotent."""


class SoundEngine(Protocol):
    """Opens legs, all of which can be bridged with each other."""

    def open_leg(self, on_event: Callable[[MediaEvent], None], *, ipv6: bool = False) -> CallSound:
        """For a party on IPv4 or on IPv6, of which the server may have no address: then MediaError.

        Raises MediaExhausted or MediaStopped.
        """

    def open_room(self) -> SoundRoom:
        """Raises MediaExhausted."""

    def load(self) -> float:
        """The share of its time that the engine was busy in the last second: above 0.8 sound is in danger."""
