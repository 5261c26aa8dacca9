"""Facts a leg reports to its owner.

`at_s` is when the engine saw it, in monotonic seconds, however late it is read; comparisons leave it out.
"""

from dataclasses import dataclass, field
from typing import NewType

PlaybackId = NewType("PlaybackId", int)


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """A key was pressed; reported at the first packet of the RFC 4733 event, once per press."""

    digit: str
    at_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """The last sample has been sent; not reported for a playback that was stopped or replaced."""

    playback: PlaybackId
    at_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class TalkStarted:
    """Sound began at `at`, in samples since the leg was opened."""

    at: int
    at_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """Sound lasted from `start` to `end`, in samples since the leg was opened, without the hangover.

    `cut` says that it reached the greatest length of a spurt and goes on: rather music or noise than speech.
    """

    start: int
    end: int
    cut: bool = False
    at_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class MediaSilent:
    """No RTP arrived for `for_s` although some was expected."""

    for_s: float
    at_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class MediaResumed:
    """RTP arrives again after MediaSilent."""

    at_s: float = field(default=0.0, compare=False)


MediaEvent = DigitReceived | PlaybackFinished | TalkStarted | TalkEnded | MediaSilent | MediaResumed
