"""Facts that dispatch is told.

They come from the registrar (devices), from SIP dialogs (legs), from the agent (breaks, wrap-up) and from
the clock. Every `RingAgent` order is answered by exactly one `OfferAnswered` or `OfferFailed`, also after
`StopRinging`, and every `OfferAnswered` is followed by exactly one `AgentCallEnded`. An agent's state rests
on that promise alone.
"""

from dataclasses import dataclass
from enum import Enum

from acd.skills import ANYBODY, Requirement
from contacts.ids import AgentId, CallId, ContactId, DeviceId, OfferId, QueueId


class LeaveReason(Enum):
    """Why a contact is no longer where dispatch had it."""

    HUNG_UP = "hung up"
    PULLED = "pulled"


class OfferFailure(Enum):
    """How the ringing of an agent came to nothing."""

    NO_ANSWER = "no answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    NETWORK = "network"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class AgentRegistered:
    """A device of the agent has a binding; a refresh may be told again."""

    agent: AgentId
    device: DeviceId


@dataclass(frozen=True, slots=True)
class AgentUnregistered:
    """The device's binding was removed or expired."""

    agent: AgentId
    device: DeviceId


@dataclass(frozen=True, slots=True)
class BreakStarted:
    """The agent wants no offers; takes effect after the call and its wrap-up."""

    agent: AgentId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BreakEnded:
    """The agent takes offers again."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class OtherCallStarted:
    """The agent is in a call that dispatch did not make: they are busy."""

    agent: AgentId
    call: CallId


@dataclass(frozen=True, slots=True)
class OtherCallEnded:
    """That call is over."""

    agent: AgentId
    call: CallId


@dataclass(frozen=True, slots=True)
class WrapUpFinished:
    """The agent is done before the wrap-up time is."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class ContactEnqueued:
    """A caller joins a queue; what they require refines what the queue requires."""

    contact: ContactId
    queue: QueueId
    requirement: Requirement = ANYBODY
    priority: int = 0
    max_wait_s: float | None = None
    """None: the queue's."""
    announce_every_s: float | None = None
    """None: the queue's; 0: only when joining."""


@dataclass(frozen=True, slots=True)
class ContactLeft:
    """The caller hung up or was taken elsewhere: while waiting, while an agent rings, or while talking."""

    contact: ContactId
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The agent's leg is up."""

    offer: OfferId


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The agent's leg ended without having been up."""

    offer: OfferId
    reason: OfferFailure


@dataclass(frozen=True, slots=True)
class AgentCallEnded:
    """The agent's leg, once up, is gone, whoever ended it."""

    offer: OfferId


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The deadline that dispatch asked for is here."""


AgentEvent = (
    AgentRegistered
    | AgentUnregistered
    | BreakStarted
    | BreakEnded
    | OtherCallStarted
    | OtherCallEnded
    | WrapUpFinished
)
ContactEvent = ContactEnqueued | ContactLeft
OfferEvent = OfferAnswered | OfferFailed | AgentCallEnded
Event = AgentEvent | ContactEvent | OfferEvent | TimePassed
