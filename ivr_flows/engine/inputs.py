"""What happens to a caller, as the flow engine is told."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

PlaybackId = NewType("PlaybackId", int)


class QueueOutcome(StrEnum):
    """Why a caller is no longer in the queue."""

    ANSWERED = "answered"
    """An agent talked to the caller and left; the caller is still there."""
    OVERFLOW = "overflow"
    """The longest wait that the flow allows is over."""
    NOBODY = "nobody"
    """Nobody who could ever serve this caller is signed in, or exists."""
    FAILED = "failed"


class TransferOutcome(StrEnum):
    """How a transfer ended while the caller is still there."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Started:
    """The call has been answered. The wall clock must carry a time zone; opening hours are judged by it."""

    wall_clock: datetime


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """A playback came to its end by itself."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """One key of `0-9*#A-D`; hidden from repr because it may be part of a secret."""

    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody has begun to speak: the wait for an answer is over, what was said follows as `SpeechHeard`."""


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """A whole utterance; an empty text means that somebody spoke and nothing was understood."""

    text: str = field(repr=False)
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; due when `Session.deadline()` is reached, harmless at any other time."""


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The queue is done with the caller."""

    outcome: QueueOutcome


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """The party that the caller was transferred to is gone, or never came."""

    outcome: TransferOutcome


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone."""


Input = (
    Started
    | PlaybackFinished
    | DigitPressed
    | SpeechStarted
    | SpeechHeard
    | Tick
    | QueueLeft
    | TransferEnded
    | HungUp
)
