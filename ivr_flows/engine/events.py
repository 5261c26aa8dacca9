"""What a node is told: the inputs that concern it, and what the session itself made out."""

from dataclasses import dataclass

from ivr_flows.engine.inputs import (
    DigitPressed,
    DigitsSent,
    QueueLeft,
    RecordingEnded,
    RequestDone,
    SpeechHeard,
    SpeechStarted,
    TransferEnded,
)


@dataclass(frozen=True, slots=True)
class PromptOver:
    """What the node plays has been heard, or cannot be."""

    heard: bool = True


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The node's deadline has passed."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A flow that the node began has come back, with these values."""

    values: tuple[tuple[str, str], ...] = ()


Event = (
    PromptOver
    | TimedOut
    | DigitPressed
    | SpeechStarted
    | SpeechHeard
    | QueueLeft
    | TransferEnded
    | RequestDone
    | RecordingEnded
    | DigitsSent
    | Returned
)
