"""Keys that come twice: telephones that send RFC 4733 events and INFO for the same press."""

from __future__ import annotations

from dataclasses import dataclass

# Far above the skew between signalling and media, below the time it takes to press a key again.
_SAME_PRESS_S = 0.3


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
