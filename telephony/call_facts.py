"""What is known of a call when it begins, and what it draws on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from telephony.admission import Refusal
from telephony.sdp.offer_answer import MediaProfile
from telephony.session.events import Command, SessionId
from telephony.sip.hop import is_address
from telephony.sip.message import Headers
from telephony.sip.received import ReceivedRequest
from telephony.sip.uri import Uri
from telephony.trunks.numbers import Identities, caller_of, identities_in, number_of

if TYPE_CHECKING:
    from media.call_sound import SoundEngine


class CallDirection(Enum):
    """Who called whom."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Never changes during the call. `headers` are those of a received INVITE, `offer` its description.

    `called` is the number that an incoming call is for: of the Request-URI, since To may name somebody before
    a forwarding. `caller` is the number to show: what a trunk that is trusted asserts, else that of From.
    `identities` tells what was asserted, diverted and forwarded. `peer_ip` is the IPv4 address that
    signalling comes from or goes to, when it is one. `agent` is the account that
    the calling phone has logged in with; `profile` is how its trunk or phone is set to speak.
    """

    id: SessionId
    sip_call_id: str
    direction: CallDirection
    remote_uri: Uri
    local_uri: Uri
    remote_display: str | None = None
    trunk: str | None = None
    caller: str = ""
    called: str | None = None
    identities: Identities = field(default_factory=Identities)
    peer_ip: str | None = None
    agent: str | None = None
    headers: Headers = field(default_factory=Headers)
    offer: bytes = field(default=b"", repr=False)
    profile: MediaProfile = field(default_factory=MediaProfile)


@dataclass(frozen=True, slots=True)
class Line:
    """What a call needs of the endpoint it belongs to."""

    media: SoundEngine
    command: Callable[[SessionId, Command], None]
    now: Callable[[], float]
    new_session_id: Callable[[], int]
    note_refusal: Callable[[Refusal, str], None]
    lookup: Callable[[str, Callable[[str | None], None]], None]
    random_bytes: Callable[[int], bytes]


def arrived(
    session: SessionId,
    invite: ReceivedRequest,
    trunk: str,
    agent: str | None,
    profile: MediaProfile,
    *,
    trusted: bool,
) -> CallFacts:
    """Of a call that came in: over a trunk, whose word on who calls is `trusted` or not, or of an agent."""
    identities = identities_in(invite.request.headers)
    return CallFacts(
        session,
        invite.call_id,
        CallDirection.INCOMING,
        invite.from_.uri,
        invite.to.uri,
        remote_display=invite.from_.display,
        trunk=trunk,
        caller=agent or caller_of(invite.from_.uri, identities, trusted=trusted),
        called=number_of(Uri.parse(invite.request.uri)) or None,
        identities=identities,
        headers=invite.request.headers,
        offer=invite.request.body,
        peer_ip=ipv4_of(invite.source.host),
        agent=agent,
        profile=profile,
    )


def ipv4_of(host: str) -> str | None:
    """The host if sound can come from it as it stands: the engine speaks IPv4, and looks up no names."""
    mapped = host.removeprefix("::ffff:")
    return mapped if is_address(mapped) and ":" not in mapped else None
