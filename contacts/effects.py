"""What the contact core orders. Nothing here is journalled but what `Happened` carries."""

from __future__ import annotations

from dataclasses import dataclass

from contacts.facts.contact import ContactFact
from contacts.facts.queue import QueueJoined
from contacts.ids import LegId, ParticipantId
from contacts.outcomes import ContactOutcome, QueueExit, TransferResult


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Keep the sound of the customer's leg; `RecordingStarted` or `RecordingBroken` follows."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class FinishRecording:
    """Make the recording durable; `RecordingFinished` or `RecordingBroken` follows."""

    served_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartFlow:
    """The flow takes the customer from its beginning; it is the flow that has a caller's call answered."""


@dataclass(frozen=True, slots=True)
class StopFlow:
    """The customer is gone: nothing of the flow may go on; `FlowEnded` follows."""


@dataclass(frozen=True, slots=True)
class TellQueueExit:
    """The flow goes on: the queue is done with the customer."""

    exit: QueueExit


@dataclass(frozen=True, slots=True)
class TellTransferResult:
    """The flow goes on: the transfer is over."""

    result: TransferResult


@dataclass(frozen=True, slots=True)
class JoinQueue:
    """Dispatch finds somebody; it answers with facts of its own."""

    joined: QueueJoined


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """Dispatch forgets the customer, who hung up; it ends what it has rung or joined for them."""


@dataclass(frozen=True, slots=True)
class StartWaiting:
    """The customer hears what the queue plays."""


@dataclass(frozen=True, slots=True)
class StopWaiting:
    """Silence, so that what comes next is heard at once."""


@dataclass(frozen=True, slots=True)
class Connect:
    """The customer and that participant hear each other."""

    participant: ParticipantId


@dataclass(frozen=True, slots=True)
class Disconnect:
    """They hear each other no more."""

    participant: ParticipantId


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    """End that leg; `LegEnded` follows. A leg that has ended already costs nothing."""

    participant: ParticipantId
    leg: LegId
    cause: str


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact that follows from those told: to be journalled, and not to be told again."""

    fact: ContactFact


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing is left of the contact; its last fact was journalled with the effect before."""

    outcome: ContactOutcome


ContactEffect = (
    StartRecording
    | FinishRecording
    | StartFlow
    | StopFlow
    | TellQueueExit
    | TellTransferResult
    | JoinQueue
    | LeaveQueue
    | StartWaiting
    | StopWaiting
    | Connect
    | Disconnect
    | HangUpLeg
    | Happened
    | Close
)
