"""Facts that dispatch is told.

They come from the registrar (devices), from SIP dialogs (legs), from the agent (breaks, wrap-up), from the
settings and from the clock. Every `RingAgent` order is answered by exactly one `OfferAnswered` or
`OfferFailed`, also after `StopRinging`, and every `OfferAnswered` is followed by exactly one
`AgentCallEnded`. An agent's state rests on that promise alone.

Every event has a JSON form (see `acd.event_json`), by which a stretch of the journal is decided again.
"""

from enum import Enum

from msgspec import Struct

from acd.settings import AcdSettings
from acd.skills import ANYBODY, Requirement
from contacts.ids import AgentId, CallId, ContactId, DeviceId, OfferId, QueueId


class LeaveReason(Enum):
    """Why a contact is no longer where dispatch had it."""

    HUNG_UP = "hung up"
    TRANSFERRED = "transferred"
    """Somebody sends them elsewhere: the agent they talk with, a flow, another queue."""
    PULLED = "pulled"
    """Somebody took them out of the queue."""
    FAILED = "failed"
    """We cannot keep them: a fault of ours, or the server stops."""


class CallFirst(Enum):
    """Whom a callback rings first."""

    AGENT = "agent"
    """An agent answers, then the customer is called: nobody waits on the customer's side."""
    CUSTOMER = "customer"
    """An agent is kept free while the customer is called."""


class OfferFailure(Enum):
    """How the ringing of an agent came to nothing."""

    NO_ANSWER = "no answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    NETWORK = "network"
    WITHDRAWN = "withdrawn"


class _Told(Struct, frozen=True, tag_field="event"):
    """What all events have in common: their JSON form is an object that names the event."""


class AgentRegistered(_Told, frozen=True, tag="agent registered"):
    """A device of the agent has a binding. `device` is what the registrar calls the binding, whatever the
    phone writes in its Contact."""

    agent: AgentId
    device: DeviceId
    refresh: bool = False
    """The binding was there already and goes on."""


class AgentUnregistered(_Told, frozen=True, tag="agent unregistered"):
    """The device's binding was removed or expired."""

    agent: AgentId
    device: DeviceId


class BreakStarted(_Told, frozen=True, tag="break started"):
    """The agent wants no offers; takes effect after the call and its wrap-up."""

    agent: AgentId
    reason: str = ""


class BreakEnded(_Told, frozen=True, tag="break ended"):
    """The agent takes offers again."""

    agent: AgentId


class OtherCallStarted(_Told, frozen=True, tag="other call started"):
    """The agent is in a call that dispatch did not make: they are busy."""

    agent: AgentId
    call: CallId


class OtherCallEnded(_Told, frozen=True, tag="other call ended"):
    """That call is over."""

    agent: AgentId
    call: CallId


class WrapUpDone(_Told, frozen=True, tag="wrap-up done"):
    """The agent is done with the wrap-up."""

    agent: AgentId
    code: str = ""
    """What the contact was about, in the words of its queue."""


class WrapUpExtended(_Told, frozen=True, tag="wrap-up extended"):
    """The agent needs more time."""

    agent: AgentId
    by_s: float


class ContactEnqueued(_Told, frozen=True, tag="contact enqueued"):
    """A caller joins a queue; what they require refines what the queue requires."""

    contact: ContactId
    queue: QueueId
    requirement: Requirement = ANYBODY
    priority: int = 0
    max_wait_s: float | None = None
    """None: the queue's."""
    announce_every_s: float | None = None
    """None: the queue's; 0: only when joining."""
    preferred: tuple[tuple[str, int], ...] = ()
    """Skills with levels that are nice to have, the most important first, before what the queue prefers."""
    agent: AgentId | None = None
    """Whom the caller is for: the agent they talked with last, or asked for."""
    agent_wait_s: float = 0.0
    """How long they wait for that agent alone, while the agent is signed in."""
    age_s: float = 0.0
    """Waited already, in another queue: it counts for the place, not for this queue's longest wait."""
    callback: CallFirst | None = None
    """The customer is not on the line: they are called when it is their turn."""
    due: bool = True
    """False: a callback that may not be made yet; `CallbackDue` says when."""


class PlaceKept(_Told, frozen=True, tag="place kept"):
    """The caller hangs up but keeps the place: they are called when it is their turn, if `due`."""

    contact: ContactId
    callback: CallFirst = CallFirst.CUSTOMER
    due: bool = True


class CallbackDue(_Told, frozen=True, tag="callback due"):
    """The customer may be called from here on, or may not: hours, attempts, their wish."""

    contact: ContactId
    due: bool = True


class CustomerReached(_Told, frozen=True, tag="customer reached"):
    """The customer is on the line: they answered our call, or called again themselves."""

    contact: ContactId


class CustomerNotReached(_Told, frozen=True, tag="customer not reached"):
    """Our call came to nothing. `again`: the place is kept until `CallbackDue`; else it is given up."""

    contact: ContactId
    again: bool


class ContactLeft(_Told, frozen=True, tag="contact left"):
    """The caller hung up or was taken elsewhere: while waiting, while an agent rings, or while talking."""

    contact: ContactId
    reason: LeaveReason


class OfferAnswered(_Told, frozen=True, tag="offer answered"):
    """The agent's leg is up."""

    offer: OfferId


class OfferFailed(_Told, frozen=True, tag="offer failed"):
    """The agent's leg ended without having been up."""

    offer: OfferId
    reason: OfferFailure


class ConversationHeld(_Told, frozen=True, tag="conversation held"):
    """The agent put the caller on hold, or came back."""

    offer: OfferId
    held: bool


class AgentCallEnded(_Told, frozen=True, tag="agent call ended"):
    """The agent's leg, once up, is gone, whoever ended it."""

    offer: OfferId
    lost: bool = False
    """Nobody hung up: the phone or its network is gone."""


class SettingsChanged(_Told, frozen=True, tag="settings changed"):
    """Other agents and queues are configured from here on. The settings are whole and valid."""

    settings: AcdSettings


class TimePassed(_Told, frozen=True, tag="time passed"):
    """The deadline that dispatch asked for is here."""


AgentEvent = (
    AgentRegistered
    | AgentUnregistered
    | BreakStarted
    | BreakEnded
    | OtherCallStarted
    | OtherCallEnded
    | WrapUpDone
    | WrapUpExtended
)
CallbackEvent = PlaceKept | CallbackDue | CustomerReached | CustomerNotReached
ContactEvent = ContactEnqueued | ContactLeft | CallbackEvent
OfferEvent = OfferAnswered | OfferFailed | ConversationHeld | AgentCallEnded
Event = AgentEvent | ContactEvent | OfferEvent | SettingsChanged | TimePassed
