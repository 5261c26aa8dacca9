"""What happens to a caller, as the flow engine is told."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

PlaybackId = NewType("PlaybackId", int)
ListenId = NewType("ListenId", int)
"""Counts the times that a session began to listen; what is heard belongs to one of them."""


RequestId = NewType("RequestId", int)


class QueueOutcome(StrEnum):
    """Why a caller is no longer in the queue."""

    ANSWERED = "answered"
    """An agent talked to the caller and ended the conversation; the caller is still there. An agent whose leg
    dropped has not ended it: the shell tells nothing and keeps the caller in the queue, at the old place."""
    OVERFLOW = "overflow"
    """The longest wait that the flow or the queue allows is over."""
    NOBODY = "nobody"
    """Nobody who could serve this caller is signed in."""
    FAILED = "failed"
    """The queue itself could not take or keep the caller: it is unknown, full, or closed by an error."""


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
class PlaybackFailed:
    """A playback that could not be rendered or played; nothing of it, or not all, was heard."""

    playback: PlaybackId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """One key of `0-9*#A-D`; hidden from repr because it may be part of a secret.

    `at` is when the key was pressed, on the clock of `now`: after a stall it is judged by that moment, not by
    the one at which it is told.
    """

    digit: str = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak at `at`: the wait for an answer is over, `SpeechHeard` follows."""

    listen: ListenId
    at: float


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """A whole utterance that began at `at`; an empty text: somebody spoke and nothing was understood.

    `listen` is the id of the `Listen` order under which it was made; of another one it is stale and dropped.
    """

    text: str = field(repr=False)
    listen: ListenId
    at: float
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


class RequestOutcome(StrEnum):
    """How something that a flow asked of the outside ended."""

    DONE = "done"
    REFUSED = "refused"
    """There was an answer, and it was no."""
    FAILED = "failed"
    """There was no answer: unreachable, too slow, or not understood."""


@dataclass(frozen=True, slots=True)
class RequestDone:
    """What a `AskOutside` came to. `values` are told by the names that the request asked for."""

    request: RequestId
    outcome: RequestOutcome
    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The caller's statement is kept, or there is none: `item` is then empty."""

    item: str
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class DigitsSent:
    """All digits of a `PlayKeys` have been sent."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone."""


Input = (
    Started
    | PlaybackFinished
    | PlaybackFailed
    | DigitPressed
    | SpeechStarted
    | SpeechHeard
    | Tick
    | QueueLeft
    | TransferEnded
    | RequestDone
    | RecordingEnded
    | DigitsSent
    | HungUp
)
