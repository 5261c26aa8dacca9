"""Keys that a caller presses, where signalling has a word in it.

They come as SIP INFO in two formats that nobody standardised and many telephones send; and some send both
INFO and RFC 4733 events for one press.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.session.capabilities import DTMF, DTMF_RELAY, content_type
from telephony.sip.message import Request

# Far above the skew between signalling and media, below the time it takes to press a key again.
_SAME_PRESS_S = 0.3
DIGITS = frozenset("0123456789*#ABCD")
# Some devices send the RFC 4733 event number instead of the key.
_EVENT_NUMBERS = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


@dataclass(slots=True)
class DigitMerger:
    """Says which keys are new. Once an RFC 4733 event was seen, INFO counts no more."""

    _seen_rfc4733: bool = False
    _last_info: str | None = None
    _last_info_at: float = 0.0

    def by_media(self, digit: str, now: float) -> bool:
        repeats_info = (
            not self._seen_rfc4733 and digit == self._last_info and now - self._last_info_at < _SAME_PRESS_S
        )
        self._seen_rfc4733 = True
        return not repeats_info

    def by_info(self, digit: str, now: float) -> bool:
        if self._seen_rfc4733:
            return False
        self._last_info, self._last_info_at = digit, now
        return True


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
