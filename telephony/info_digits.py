"""Keys that come as SIP INFO: two formats that nobody standardised and many telephones send."""

from __future__ import annotations

from telephony.capabilities import DTMF, DTMF_RELAY, content_type
from telephony.sip.message import Request

DIGITS = frozenset("0123456789*#ABCD")
# Some devices send the RFC 4733 event number instead of the key.
_EVENT_NUMBERS = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


def digit_of(info: Request) -> str | None:
    """The key an INFO tells of, or None when it tells of none."""
    text = info.body[:200].decode("ascii", "replace")
    media_type = content_type(info)
    if media_type == DTMF_RELAY:
        return _key(_signal(text))
    return _key(text.strip()) if media_type == DTMF else None


def _signal(text: str) -> str:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip().lower() == "signal":
            return value.strip()
    return ""


def _key(signal: str) -> str | None:
    key = _EVENT_NUMBERS.get(signal, signal.upper())
    return key if key in DIGITS else None
