"""What this user agent speaks, and the refusal of what it does not (RFC 3261 section 8.2)."""

from __future__ import annotations

from telephony.identity import Tokens
from telephony.sip.message import Request, Response
from telephony.sip.responses import response_to

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER"
ALLOWED_METHODS = frozenset(ALLOW.split(", "))
# The IANA registry of SIP methods: known, yet not spoken here.
_KNOWN_METHODS = frozenset({"MESSAGE", "NOTIFY", "PRACK", "PUBLISH", "REFER", "SUBSCRIBE", "UPDATE"})

SDP = "application/sdp"
DTMF_RELAY = "application/dtmf-relay"
DTMF = "application/dtmf"
_BODIES = {
    "INVITE": (SDP,),
    "INFO": (DTMF_RELAY, DTMF),
}
_SCHEMES = frozenset({"sip", "tel"})

Extra = tuple[tuple[str, str], ...]


def options_headers() -> Extra:
    """What an OPTIONS asks for (section 11.2); the empty Supported says: no extensions."""
    return (("Allow", ALLOW), ("Accept", SDP), ("Accept-Encoding", "identity"), ("Supported", ""))


def refusal_of(request: Request, tokens: Tokens) -> Response | None:
    """The answer to a request that cannot be understood, checked in the order of section 8.2."""
    if request.method not in ALLOWED_METHODS:
        status = 405 if request.method in _KNOWN_METHODS else 501
        return response_to(request, status, to_tag=tokens(), extra=(("Allow", ALLOW),))
    if request.uri.partition(":")[0].lower() not in _SCHEMES:
        return response_to(request, 416, to_tag=tokens())
    required = [
        option.strip()
        for line in request.headers.get_all("Require")
        for option in line.split(",")
        if option.strip()
    ]
    if required and request.method not in {"ACK", "CANCEL"}:
        unsupported = ("Unsupported", ", ".join(required))
        return response_to(request, 420, to_tag=tokens(), extra=(unsupported,))
    return _refusal_of_body(request, tokens)


def content_type(request: Request) -> str:
    """The media type of the body without its parameters, lower case; empty when there is none."""
    return (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def _refusal_of_body(request: Request, tokens: Tokens) -> Response | None:
    readable = _BODIES.get(request.method)
    if readable is None or not request.body or _is_optional(request):
        return None
    encoding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity":
        return response_to(request, 415, to_tag=tokens(), extra=(("Accept-Encoding", "identity"),))
    if content_type(request) in readable:
        return None
    return response_to(request, 415, to_tag=tokens(), extra=(("Accept", ", ".join(readable)),))


def _is_optional(request: Request) -> bool:
    # Section 20.11: a body with handling=optional is ignored when it is not understood.
    return "handling=optional" in (request.headers.get("Content-Disposition") or "").lower().replace(" ", "")
