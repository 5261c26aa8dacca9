"""Bytes to SIP messages (RFC 3261 section 7): tolerant in what is harmless, bounded in everything.

Only the fields that routing and matching rest on are checked here; every other header stays text until
somebody asks for it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import (
    MAX_DELTA_SECONDS,
    TOKEN,
    CSeq,
    parse_cseq,
    parse_name_addr,
    parse_name_addrs,
    parse_number,
    parse_vias,
)
from telephony.sip.message import Headers, Message, Request, Response, header_key
from telephony.sip.uri import MAX_URI_LENGTH, Uri

__all__ = [
    "MAX_HEADERS",
    "MAX_LINE_LENGTH",
    "MAX_MESSAGE_BYTES",
    "SipSyntaxError",
    "call_id_in",
    "method_in",
    "parse_message",
]

MAX_MESSAGE_BYTES = 65535
MAX_HEADERS = 256
MAX_LINE_LENGTH = 8192
MAX_VIAS = 70
MAX_ROUTES = 70

_REQUEST_LINE = re.compile(rf"({TOKEN}) ([^ ]++) SIP/([0-9]{{1,3}}\.[0-9]{{1,3}})", re.IGNORECASE)
_ALMOST_REQUEST_LINE = re.compile(rf"({TOKEN})[ \t]++(.*)[ \t]SIP/[0-9.]++[ \t]*+", re.IGNORECASE)
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE)
_NAME = re.compile(TOKEN)
_FOLD = re.compile(r"\r\n[ \t]+")
_WORD = re.compile(r"[!-~]++")
_CALL_ID = re.compile(rb"\n(?:call-id|i)[ \t]*+:[ \t]*+([^\r\n]*+)", re.IGNORECASE)

_SINGLE = frozenset(
    ("call-id", "content-length", "content-type", "cseq", "expires", "from", "max-forwards", "to")
)
_REQUIRED = ("via", "from", "to", "call-id", "cseq")

Index = dict[str, list[str]]


def parse_message(datagram: bytes, *, max_bytes: int = MAX_MESSAGE_BYTES) -> Message:
    """One message as UDP delivers it: octets beyond Content-Length are ignored, missing ones are an error.

    Raises SipSyntaxError and nothing else; its `request` is set whenever the first line was recognisably one.
    """
    if len(datagram) > max_bytes:
        raise SipSyntaxError("Message too large", status=513)
    data = datagram.lstrip(b"\r\n")
    bare = b"\r\n" not in data and b"\n" in data
    if bare:
        # Read only so far as to be able to say what is wrong with it.
        data = data.replace(b"\n", b"\r\n")
    head, blank_line, body = data.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "surrogateescape")
    start_line, _, rest = text.partition("\r\n")
    if start_line[:4].upper() == "SIP/":
        return _parse_response(start_line, rest, body, complete=bool(blank_line) and not bare)
    return _parse_request(start_line, rest, body, complete=bool(blank_line) and not bare)


def call_id_in(datagram: bytes) -> str:
    """The Call-ID of what may be a message, found without reading it: cheap enough for every stranger."""
    found = _CALL_ID.search(datagram)
    return "" if found is None else found[1].rstrip(b" \t").decode("utf-8", "surrogateescape")


def method_in(datagram: bytes) -> str:
    """The first word of what may be a message: a method in capitals, or that of a response."""
    return datagram[:64].lstrip().partition(b" ")[0].decode("ascii", "replace").upper()


def _parse_request(start_line: str, rest: str, body: bytes, *, complete: bool) -> Request:
    match = _REQUEST_LINE.fullmatch(start_line)
    almost = match or _ALMOST_REQUEST_LINE.fullmatch(start_line)
    if almost is None or len(almost[1]) > MAX_LINE_LENGTH:
        raise SipSyntaxError("Not a SIP message")
    items, index, fault = _parse_headers(rest)
    request = Request(almost[1], almost[2], Headers(items, index))
    try:
        _check_request_line(match, start_line)
        body = _check_framing(index, body, fault, complete=complete)
        _check_request(request, index)
    except SipSyntaxError as error:
        raise SipSyntaxError(error.reason, status=error.status, request=request) from None
    return Request(request.method, request.uri, request.headers, body) if body else request


def _check_request_line(request_line: re.Match[str] | None, text: str) -> None:
    if len(text) > MAX_LINE_LENGTH:
        raise SipSyntaxError("Request-URI Too Long", status=414)
    if request_line is None:
        raise SipSyntaxError("Malformed request line")
    if request_line[3] != "2.0":
        raise SipSyntaxError("Version Not Supported", status=505)


def _parse_response(start_line: str, rest: str, body: bytes, *, complete: bool) -> Response:
    match = _STATUS_LINE.fullmatch(start_line)
    if match is None or len(start_line) > MAX_LINE_LENGTH:
        raise SipSyntaxError("Malformed status line")
    items, index, fault = _parse_headers(rest)
    body = _check_framing(index, body, fault, complete=complete)
    _check_common(index, repeated=len(items) != len(index))
    return Response(int(match[1]), match[2] or "", Headers(items, index), body)


def _parse_headers(text: str) -> tuple[tuple[tuple[str, str], ...], Index, str | None]:
    """The headers that could be read, the same by canonical name, and the first fault if there was one."""
    items: list[tuple[str, str]] = []
    index: Index = {}
    if not text:
        return (), index, None
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    # Only the pair breaks a line; a lone CR or LF kept in a value would break lines when sent on.
    broken = text.count("\r") + text.count("\n") != 2 * (len(lines) - 1)
    fault = "Stray CR or LF" if broken else None
    if len(lines) > MAX_HEADERS:
        fault, lines = "Too many headers", lines[:MAX_HEADERS]
    for line in lines:
        name, colon, value = line.partition(":")
        key = _key_of(name) if colon else None
        if key is None or len(line) > MAX_LINE_LENGTH or (broken and _has_stray_break(line)):
            fault = fault or "Malformed or overlong header"
            continue
        value = value.strip(" \t")
        items.append((name.rstrip(" \t"), value))
        if key in index:
            index[key].append(value)
        else:
            index[key] = [value]
    return tuple(items), index, fault


@lru_cache(maxsize=1024)
def _key_of(name: str) -> str | None:
    """The canonical form of a header's name as it stands before the colon; None for what is no token."""
    plain = name.rstrip(" \t")
    return header_key(plain) if _NAME.fullmatch(plain) else None


def _has_stray_break(line: str) -> bool:
    return "\r" in line or "\n" in line


def _check_framing(index: Index, body: bytes, fault: str | None, *, complete: bool) -> bytes:
    if fault is not None:
        raise SipSyntaxError(fault)
    if not complete:
        raise SipSyntaxError("Headers do not end, or lines do not end in CRLF")
    values = index.get("content-length")
    if values is None:
        return body
    if len(values) > 1:
        raise SipSyntaxError("Several Content-Length headers")
    length = parse_number(values[0], MAX_MESSAGE_BYTES * 256, "Content-Length")
    if length > len(body):
        raise SipSyntaxError("Body shorter than Content-Length")
    return body[:length]


def _check_common(index: Index, *, repeated: bool) -> CSeq:
    _check_presence(index, repeated=repeated)
    hops = 0
    for line in index["via"]:
        hops += len(parse_vias(line))
    if hops > MAX_VIAS:
        raise SipSyntaxError("Too many Via hops")
    parse_name_addr(index["from"][0])
    parse_name_addr(index["to"][0])
    if not _WORD.fullmatch(index["call-id"][0]):
        raise SipSyntaxError("Malformed Call-ID")
    for line in index.get("contact", ()):
        if line != "*":
            parse_name_addrs(line)
    cseq = parse_cseq(index["cseq"][0])
    if cseq.method == "INVITE":
        _check_routes(index)
    return cseq


def _check_routes(index: Index) -> None:
    """A dialog is made of them: what cannot be a route set must not get as far as a call."""
    routes = index.get("record-route")
    if routes is not None and sum(len(parse_name_addrs(line)) for line in routes) > MAX_ROUTES:
        raise SipSyntaxError("Too many routes")


def _check_presence(index: Index, *, repeated: bool) -> None:
    for name in _REQUIRED:
        if name not in index:
            raise SipSyntaxError(f"Missing {name}")
    if not repeated:
        return
    for name, values in index.items():
        if len(values) > 1 and name in _SINGLE:
            raise SipSyntaxError(f"Several {name} headers")


def _check_request(request: Request, index: Index) -> None:
    if len(request.uri) > MAX_URI_LENGTH:
        raise SipSyntaxError("Request-URI Too Long", status=414)
    # RFC 4475 section 3.1.2.11: headers have no place in a Request-URI.
    if Uri.parse(request.uri).headers:
        raise SipSyntaxError("Headers in Request-URI")
    cseq = _check_common(index, repeated=len(request.headers.items) != len(index))
    if cseq.method != request.method:
        raise SipSyntaxError("CSeq method differs from the request's")
    if "max-forwards" in index:
        parse_number(index["max-forwards"][0], 255, "Max-Forwards")
    if "expires" in index:
        parse_number(index["expires"][0], MAX_DELTA_SECONDS, "Expires")
