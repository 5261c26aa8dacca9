"""Messages out of a TCP stream (RFC 3261 section 18.3), and the keep-alives between them (RFC 5626 4.4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from telephony.sip.errors import SipSyntaxError
from telephony.sip.message import Request
from telephony.sip.parser import MAX_LINE_LENGTH, MAX_MESSAGE_BYTES, parse_message

PONG = b"\r\n"

_FOLD = re.compile(rb"\r\n[ \t]+")
_CONTENT_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*+:([^\r]*+)", re.IGNORECASE)


class KeepAlive(Enum):
    """A PING is to be answered with PONG at once; a PONG only proves that the peer is there."""

    PING = auto()
    PONG = auto()


class StreamFramer:
    """Cuts one connection's bytes into messages, never holding more than one message and one read."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._searched = 0
        self._is_sip = False
        self._total: int | None = None
        self._half_ping = False

    @property
    def idle(self) -> bool:
        """No message has begun."""
        return not self._buffer

    def feed(self, data: bytes) -> Iterator[bytes | KeepAlive]:
        """Whole messages, fit for `parse_message`, and keep-alives.

        Raises SipSyntaxError, after what came before it, when nobody can tell any more where the next message
        starts: answer its `request` if there is one, then close. Exhaust the iterator each time.
        """
        self._buffer += data
        while self._buffer:
            item = self._take_keep_alive() or self._take_message()
            if item is None:
                return
            yield item

    def _take_keep_alive(self) -> KeepAlive | None:
        if self._buffer.startswith(b"\r\n\r\n"):
            del self._buffer[:4]
            return KeepAlive.PING
        if self._buffer.startswith(b"\r\n"):
            # The other half of a ping may come in the next segment.
            del self._buffer[:2]
            self._half_ping = not self._half_ping
            return KeepAlive.PONG if self._half_ping else KeepAlive.PING
        return None

    def _take_message(self) -> bytes | None:
        if self._buffer == b"\r":
            return None
        self._half_ping = False
        if self._total is None:
            self._total = self._find_total()
        if self._total is None or len(self._buffer) < self._total:
            return None
        message = bytes(self._buffer[: self._total])
        del self._buffer[: self._total]
        self._searched, self._is_sip, self._total = 0, False, None
        return message

    def _find_total(self) -> int | None:
        """The length of the message at the front, once its headers are here; done once for each message."""
        self._is_sip = self._is_sip or self._first_line_is_sip()
        head_end = self._buffer.find(b"\r\n\r\n", max(self._searched - 3, 0))
        self._searched = len(self._buffer)
        if head_end < 0:
            if self._searched > self._max_bytes:
                raise self._lost("Message too large", status=513)
            return None
        total = head_end + 4 + self._content_length(bytes(self._buffer[:head_end]))
        if total > self._max_bytes:
            raise self._lost("Message too large", status=513)
        return total

    def _first_line_is_sip(self) -> bool:
        """False while the line is not yet complete."""
        line_end = self._buffer.find(b"\r\n", 0, MAX_LINE_LENGTH)
        if line_end < 0 and len(self._buffer) < MAX_LINE_LENGTH:
            return False
        if b"SIP/" not in self._buffer[: max(line_end, 0)].upper():
            raise SipSyntaxError("Not a SIP stream")
        return True

    def _content_length(self, head: bytes) -> int:
        values = {value.strip(b" \t") for value in _CONTENT_LENGTH.findall(_FOLD.sub(b" ", head))}
        if len(values) != 1:
            raise self._lost("Content-Length missing or ambiguous")
        digits = values.pop().lstrip(b"0") or b"0"
        if not digits.isdigit():
            raise self._lost("Content-Length is not a number")
        if len(digits) > 9:
            raise self._lost("Message too large", status=513)
        return int(digits)

    def _lost(self, reason: str, *, status: int = 400) -> SipSyntaxError:
        head = bytes(self._buffer[: self._max_bytes - 4]).partition(b"\r\n\r\n")[0]
        request: Request | None = None
        try:
            message = parse_message(head + b"\r\n\r\n", max_bytes=self._max_bytes)
            request = message if isinstance(message, Request) else None
        except SipSyntaxError as error:
            request = error.request
        return SipSyntaxError(reason, status=status, request=request)
