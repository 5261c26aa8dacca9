"""Facts a leg reports to its owner."""

from dataclasses import dataclass
from typing import NewType

PlaybackId = NewType("PlaybackId", int)


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """A key was pressed; reported at the first packet of the RFC 4733 event, once per press."""

    digit: str


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """The last sample has been sent; not reported for a playback that was stopped or replaced."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class TalkStarted:
    """Sound began at `at`, in samples since the leg was opened."""

    at: int


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """Sound lasted from `start` to `end`, in samples since the leg was opened, without the hangover."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MediaSilent:
    """No RTP arrived for `for_s` although some was expected."""

    for_s: float


@dataclass(frozen=True, slots=True)
class MediaResumed:
    """RTP arrives again after MediaSilent."""


MediaEvent = DigitReceived | PlaybackFinished | TalkStarted | TalkEnded | MediaSilent | MediaResumed
