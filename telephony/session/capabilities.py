"""What this user agent speaks, and the refusal of what it does not (RFC 3261 section 8.2)."""

from __future__ import annotations

from telephony.admission import Refusal
from telephony.sip.bodies import parts_of
from telephony.sip.message import Message, Request

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER, REFER, PRACK, UPDATE"
# The option tags that we understand.
SUPPORTED = "100rel, timer, norefersub"
_UNDERSTOOD = frozenset(SUPPORTED.split(", "))
ALLOWED_METHODS = frozenset(ALLOW.split(", "))
# The IANA registry of SIP methods: known, yet not spoken here.
_KNOWN_METHODS = frozenset({"MESSAGE", "NOTIFY", "PUBLISH", "SUBSCRIBE"})

SDP = "application/sdp"
DTMF_RELAY = "application/dtmf-relay"
DTMF = "application/dtmf"
_BODIES = {
    "INVITE": (SDP,),
    "UPDATE": (SDP,),
    "INFO": (DTMF_RELAY, DTMF),
}
_SCHEMES = frozenset({"sip", "sips", "tel"})

Extra = tuple[tuple[str, str], ...]


LEAST_SESSION_S = 90
_UNKNOWN_SCHEME = Refusal(416, "", "uri.unknown-scheme")


def options_headers() -> Extra:
    """What an OPTIONS asks for (section 11.2); Supported names our extensions."""
    return (("Allow", ALLOW), ("Accept", SDP), ("Accept-Encoding", "identity"), ("Supported", SUPPORTED))


def refusal_of(request: Request) -> Refusal | None:
    """Why a request cannot be understood, checked in the order of section 8.2."""
    if request.method not in ALLOWED_METHODS:
        status = 405 if request.method in _KNOWN_METHODS else 501
        return Refusal(status, "", "method.not-spoken", extra=(("Allow", ALLOW),))
    if request.uri.partition(":")[0].lower() not in _SCHEMES:
        return _UNKNOWN_SCHEME
    required = [tag for tag in option_tags(request, "Require") if tag.lower() not in _UNDERSTOOD]
    if required and request.method not in {"ACK", "CANCEL"}:
        unsupported = ("Unsupported", ", ".join(required))
        return Refusal(420, "", "extension.not-spoken", extra=(unsupported,))
    return _refusal_of_session(request) or _refusal_of_body(request)


def option_tags(request: Message, header: str) -> tuple[str, ...]:
    """Those named by Require or Supported, over all its lines."""
    lines = request.headers.get_all(header)
    if not lines:
        return ()
    return tuple(tag.strip() for line in lines for tag in line.split(",") if tag.strip())


def content_type(message: Message) -> str:
    """The media type of the body without its parameters, lower case; empty when there is none."""
    return (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _refusal_of_session(request: Request) -> Refusal | None:
    """RFC 4028 section 9: a session shorter than our least, from a peer that can offer a longer one."""
    value = request.headers.get("Session-Expires")
    if value is None:
        return None
    expires = value.partition(";")[0].strip()
    brief = expires.isascii() and expires.isdigit() and len(expires) < 3 and int(expires) < LEAST_SESSION_S
    if brief and request.method in {"INVITE", "UPDATE"} and "timer" in option_tags(request, "Supported"):
        return Refusal(422, "", "session.too-brief", extra=(("Min-SE", str(LEAST_SESSION_S)),))
    return None


def described(message: Message) -> bytes:
    """The session description that a message of an INVITE brings, alone or as one part of several.

    A body that need not be understood (section 20.11), and that we do not understand, counts as none.
    """
    if not message.body or content_type(message) == SDP:
        return message.body
    parts = parts_of(message.headers, message.body)
    found = next((part.content for part in parts if part.media_type == SDP), None)
    if found is not None:
        return found
    return b"" if all(part.optional for part in parts) else message.body


def _refusal_of_body(request: Request) -> Refusal | None:
    readable = _BODIES.get(request.method)
    if readable is None or not request.body:
        return None
    if content_type(request) in readable and "Content-Encoding" not in request.headers:
        return None
    parts = parts_of(request.headers, request.body)
    wanted = [part for part in parts if part.media_type in readable]
    if any(part.encoding == "identity" for part in wanted) or all(part.optional for part in parts):
        # What is beside the description, ISUP for one, is for switches.
        return None
    if any(part.encoding != "identity" for part in parts):
        return Refusal(415, "", "body.encoded", extra=(("Accept-Encoding", "identity"),))
    return Refusal(415, "", "body.not-spoken", extra=(("Accept", ", ".join(readable)),))
