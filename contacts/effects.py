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

    number: str = ""
    """The number of ours whose flow it is; empty: the one that the contact began with."""


@dataclass(frozen=True, slots=True)
class StopFlow:
    """Nothing of the flow may go on; `FlowEnded` follows."""

    transferred: bool = False
    """The customer goes elsewhere; else they are gone."""


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
    """Dispatch forgets the customer; it ends what it has rung or joined for them."""

    transferred: bool = False
    """They go elsewhere; else they hung up."""


@dataclass(frozen=True, slots=True)
class StartWaiting:
    """The customer hears what the queue plays, or that somebody is being called for them."""

    ringing: ParticipantId | None = None
    """Who is being called; None in a queue."""


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
    status: int = 0
    """For a call that came in and was never answered: the SIP status that tells why. 0 is up to the cause."""


@dataclass(frozen=True, slots=True)
class RingLeg:
    """Tell an agent who called somebody that the phone rings there."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class AnswerLeg:
    """Take the call of an agent who called somebody, for that party has answered."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class TellTransferor:
    """Whoever asked for the transfer learns what became of it."""

    participant: ParticipantId
    result: TransferResult


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
    | RingLeg
    | AnswerLeg
    | TellTransferor
    | Happened
    | Close
)
