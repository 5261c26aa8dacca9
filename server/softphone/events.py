"""What a softphone reports."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, Literal, TypeVar


class Stack(StrEnum):
    """The SIP and media stack inside a softphone."""

    PJSUA2 = "pjsua2"
    TRUNKLINE = "trunkline"


class PhoneParty(StrEnum):
    """Who did it: this phone, or the one it talks to."""

    SELF = "self"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class PhoneReady:
    """The first event: the phone listens at this address."""

    stack: Stack
    version: str
    address: str
    port: int
    kind: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class Registered:
    """The registrar has accepted the registration (also said at every refresh)."""

    expires_s: int
    kind: Literal["registered"] = "registered"


@dataclass(frozen=True, slots=True)
class Unregistered:
    """There is no registration any more, or the registrar refused it: then with the status it gave."""

    status: int
    reason: str
    kind: Literal["unregistered"] = "unregistered"


@dataclass(frozen=True, slots=True)
class Calling:
    """The INVITE has been sent."""

    uri: str
    call_id: str
    kind: Literal["calling"] = "calling"


@dataclass(frozen=True, slots=True)
class Incoming:
    """Somebody calls; this phone rings."""

    caller_uri: str
    caller_name: str
    call_id: str
    kind: Literal["incoming"] = "incoming"


@dataclass(frozen=True, slots=True)
class PhoneRinging:
    """The called side rings (180) or makes progress (183)."""

    status: int
    kind: Literal["ringing"] = "ringing"


@dataclass(frozen=True, slots=True)
class PhoneAnswered:
    """The call is established: 200 received and acknowledged, or our 200 acknowledged."""

    kind: Literal["answered"] = "answered"


@dataclass(frozen=True, slots=True)
class MediaActive:
    """Audio flows both ways for the first time in this call."""

    codec: str
    kind: Literal["media_active"] = "media_active"


@dataclass(frozen=True, slots=True)
class PhoneHeld:
    """The call is on hold, by whose wish."""

    by: PhoneParty
    kind: Literal["held"] = "held"


@dataclass(frozen=True, slots=True)
class PhoneResumed:
    """The call is off hold again; audio flows both ways."""

    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class KeysSent:
    """The keys have been handed to the stack; the first is on its way."""

    digits: str
    kind: Literal["digits_sent"] = "digits_sent"


@dataclass(frozen=True, slots=True)
class KeyReceived:
    """The peer pressed a key."""

    digit: str
    kind: Literal["digit_received"] = "digit_received"


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The file is being said into the call."""

    path: Path
    kind: Literal["playback_started"] = "playback_started"


@dataclass(frozen=True, slots=True)
class PlaybackDone:
    """The file has been said to its end."""

    path: Path
    kind: Literal["playback_done"] = "playback_done"


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The call is over. The duration is the SIP dialog's, from 200 to BYE; 0 when never answered."""

    status: int
    reason: str
    duration_s: float
    by: PhoneParty
    kind: Literal["disconnected"] = "disconnected"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recording is complete on disk."""

    path: Path
    kind: Literal["recorded"] = "recorded"


@dataclass(frozen=True, slots=True)
class Failed:
    """A command could not be carried out; the phone goes on."""

    what: str
    reason: str
    kind: Literal["error"] = "error"


Event = (
    PhoneReady
    | Registered
    | Unregistered
    | Calling
    | Incoming
    | PhoneRinging
    | PhoneAnswered
    | MediaActive
    | PhoneHeld
    | PhoneResumed
    | KeysSent
    | KeyReceived
    | PlaybackStarted
    | PlaybackDone
    | Disconnected
    | Recorded
    | Failed
)


Event_co = TypeVar("Event_co", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class PhoneReport(Generic[Event_co]):
    """An event and when it happened. `at_s` is the machine's monotonic clock, the same for all processes."""

    at_s: float
    wall_s: float
    event: Event_co
