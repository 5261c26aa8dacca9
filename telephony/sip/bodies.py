"""Bodies of several parts (RFC 5621, RFC 2046): the one part that is wanted, bounded and without decoding."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.sip.fields import QUOTED, TOKEN
from telephony.sip.message import Headers, header_key

_BOUNDARY = re.compile(rf';[ \t]*+boundary[ \t]*+=[ \t]*+(?:"([^"]{{1,70}})"|({TOKEN}))', re.IGNORECASE)
_HANDLING = re.compile(rf";[ \t]*+handling[ \t]*+=[ \t]*+({TOKEN}|{QUOTED})", re.IGNORECASE)
_MAX_PARTS = 16
_MAX_PART_HEADERS = 16
_MULTIPART = "multipart/mixed"


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One part. Its `media_type` is in lower case, without parameters; empty when it names none."""

    media_type: str
    optional: bool
    encoding: str
    content: bytes


def parts_of(headers: Headers, body: bytes) -> tuple[BodyPart, ...]:
    """The body itself, or those it is made of when it is multipart/mixed; none when there is no body.

    A multipart that cannot be taken apart is one part, which nobody can read.
    """
    if not body:
        return ()
    whole = _part(headers.items, body)
    if whole.media_type != _MULTIPART:
        return (whole,)
    found = _BOUNDARY.search(headers.get("Content-Type") or "")
    if found is None:
        return (whole,)
    delimiter = b"\r\n--" + (found[1] or found[2]).encode("utf-8", "surrogateescape")
    pieces = (b"\r\n" + body).split(delimiter, _MAX_PARTS + 1)
    parts = [_inner(piece) for piece in pieces[1 : _MAX_PARTS + 1] if not piece.startswith(b"--")]
    return tuple(parts) or (whole,)


def _inner(piece: bytes) -> BodyPart:
    # What follows the delimiter on its line is padding.
    text = piece.partition(b"\r\n")[2]
    head, blank, content = text.partition(b"\r\n\r\n")
    if text.startswith(b"\r\n"):
        head, content = b"", text[2:]
    elif not blank:
        head, content = text, b""
    lines = head.decode("utf-8", "surrogateescape").split("\r\n", _MAX_PART_HEADERS)[:_MAX_PART_HEADERS]
    pairs = (line.partition(":") for line in lines)
    return _part(tuple((name.strip(" \t"), value.strip(" \t")) for name, _, value in pairs), content)


def _part(items: tuple[tuple[str, str], ...], content: bytes) -> BodyPart:
    named = {header_key(name): value for name, value in reversed(items)}
    handling = _HANDLING.search(named.get("content-disposition", ""))
    return BodyPart(
        named.get("content-type", "").partition(";")[0].strip().lower(),
        handling is not None and handling[1].strip('"').lower() == "optional",
        named.get("content-encoding", "identity").strip().lower(),
        content,
    )
