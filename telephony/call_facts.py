"""What is known of a call when it begins, and what it draws on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from telephony.admission import Refusal
from telephony.session_events import Command, SessionId
from telephony.sip.message import Headers
from telephony.sip.uri import Uri

if TYPE_CHECKING:
    from media.call_sound import SoundEngine


class CallDirection(Enum):
    """Who called whom."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Never changes during the call. `headers` are those of a received INVITE, `offer` its body.

    `called` is the user that an incoming call is for: of the Request-URI, since To may name somebody before a
    forwarding. `peer_ip` is the IPv4 address that signalling comes from or goes to, when it is one.
    """

    id: SessionId
    sip_call_id: str
    direction: CallDirection
    remote_uri: Uri
    local_uri: Uri
    remote_display: str | None = None
    trunk: str | None = None
    called: str | None = None
    peer_ip: str | None = None
    headers: Headers = field(default_factory=Headers)
    offer: bytes = b""


@dataclass(frozen=True, slots=True)
class Line:
    """What a call needs of the endpoint it belongs to."""

    media: SoundEngine
    command: Callable[[SessionId, Command], None]
    now: Callable[[], float]
    new_session_id: Callable[[], int]
    note_refusal: Callable[[Refusal, str], None]
