"""Typed header fields (RFC 3261 section 20) and the grammar pieces that they share (section 25)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from telephony.sip.errors import SipSyntaxError
from telephony.sip.uri import NO_PARAMS, Params, Uri, format_host_port

MAX_LIST_ELEMENTS = 128
# Parser, transaction and dialog each look at the same few fields; a field is at most a header line long.
_CACHED_FIELDS = 2048
MAX_PARAMS = 64
MAX_CSEQ = 2**31 - 1
MAX_DELTA_SECONDS = 2**32 - 1

TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"  # noqa: S105 - the grammar's word, not a secret
QUOTED = r'"(?:[^"\\]|\\.)*+"'

# Values are wider than token / host / quoted-string: RFC 5118 section 4.5 wants bare IPv6 addresses accepted,
# and tags with base64 padding are common.
_PARAM = re.compile(rf"[ \t]*+;[ \t]*+({TOKEN})(?:[ \t]*+=[ \t]*+({QUOTED}|[!#-+\--:=?-~]++))?+", re.DOTALL)
_LIST_ELEMENT = re.compile(rf'(?:[^,"<]++|{QUOTED}|<[^>]*+>)++', re.DOTALL)
_VIA = re.compile(
    rf"SIP[ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+({TOKEN})[ \t]++"
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._\-]{1,255}))(?:[ \t]*+:[ \t]*+([0-9]{1,5}))?+",
    re.IGNORECASE,
)
_NAME_ADDR = re.compile(rf"(?:({QUOTED})|([^<\"]*+))[ \t]*+<([^>]*+)>", re.DOTALL)
_CSEQ = re.compile(rf"([0-9]++)[ \t]++({TOKEN})")
_UNQUOTE = re.compile(r"\\(.)", re.DOTALL)
_MUST_ESCAPE = re.compile(r'["\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')
_LINE_BREAK = re.compile(r"[\r\n]+")


class CSeq(NamedTuple):
    """Sequence number and method of a request."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class Via:
    """One hop. `transport` is upper case as it came; `host` of an IPv6 reference has no brackets."""

    transport: str
    host: str
    port: int | None = None
    params: Params = NO_PARAMS

    @property
    def branch(self) -> str | None:
        return self.params.get("branch")

    @property
    def received(self) -> str | None:
        """The address alone: brackets around IPv6, which some peers write, are taken off."""
        value = self.params.get("received")
        return None if value is None else value.removeprefix("[").removesuffix("]")

    @property
    def rport(self) -> int | None:
        """The port filled in; a bare `rport` (the wish for it, RFC 3581) is `"rport" in via.params`."""
        value = self.params.get("rport")
        if value is None or not value.isascii() or not value.isdigit() or len(value) > 5:
            return None
        return int(value) if int(value) <= 65535 else None

    @property
    def sent_by(self) -> str:
        return format_host_port(self.host, self.port)

    def received_from(self, address: str, port: int) -> Via:
        """What a server notes on arrival (RFC 3261 section 18.2.1, RFC 3581 section 4)."""
        params = self.params
        if "rport" in params:
            params = params.with_("received", address).with_("rport", str(port))
        elif address.lower() != self.host.lower() or "received" in params:
            params = params.with_("received", address)
        else:
            return self
        return Via(self.transport, self.host, self.port, params)

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{self.params}"


@dataclass(frozen=True, slots=True)
class NameAddr:
    """The value of From, To, Contact, Route and their like; `display` is unquoted and clean Unicode."""

    display: str | None
    uri: Uri
    params: Params = NO_PARAMS

    @property
    def tag(self) -> str | None:
        for name, value in self.params.items:
            if name == "tag" or name.lower() == "tag":
                return value
        return None

    def with_tag(self, tag: str) -> NameAddr:
        return NameAddr(self.display, self.uri, self.params.with_("tag", tag))

    def __str__(self) -> str:
        display = "" if self.display is None else f"{quote(self.display)} "
        return f"{display}<{self.uri}>{self.params}"


def quote(text: str) -> str:
    """A quoted-string; line breaks, which no quoted-string can hold, become spaces."""
    return '"' + _MUST_ESCAPE.sub(r"\\\g<0>", _LINE_BREAK.sub(" ", text)) + '"'


def unquote(text: str) -> str:
    """Undoes `quote`; text without quotes comes back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _UNQUOTE.sub(r"\1", text[1:-1])


def parse_number(text: str, maximum: int, what: str) -> int:
    """An unsigned decimal of any length, refused beyond `maximum`."""
    if len(text) < 10 and text.isascii() and text.isdigit() and (number := int(text)) <= maximum:
        return number
    digits = text.strip(" \t")
    if not digits.isascii() or not digits.isdigit():
        raise SipSyntaxError(f"{what} is not a number")
    significant = digits.lstrip("0")
    if len(significant) > 20 or int(significant or "0") > maximum:
        raise SipSyntaxError(f"{what} out of range")
    return int(significant or "0")


def split_list(text: str) -> tuple[str, ...]:
    """Comma-separated elements; commas in quotes and angle brackets do not count."""
    if "," not in text:
        return (text.strip(" \t"),)
    elements: list[str] = []
    position = 0
    while True:
        match = _LIST_ELEMENT.match(text, position)
        if match is None or len(elements) == MAX_LIST_ELEMENTS:
            raise SipSyntaxError("Malformed or overlong list")
        elements.append(match[0].strip(" \t"))
        position = match.end() + 1
        if match.end() == len(text):
            return tuple(elements)
        if text[match.end()] != ",":
            raise SipSyntaxError("Unbalanced quotes or brackets")


def parse_params(text: str) -> Params:
    """`;name=value` sequences of a header field."""
    if not text:
        return NO_PARAMS
    items: list[tuple[str, str | None]] = []
    position, end = 0, len(text)
    while position < end:
        match = _PARAM.match(text, position)
        if match is None or len(items) == MAX_PARAMS:
            raise SipSyntaxError("Malformed or too many parameters")
        items.append((match[1], match[2]))
        position = match.end()
    return Params(tuple(items))


@lru_cache(_CACHED_FIELDS)
def parse_via(text: str) -> Via:
    text = text.strip(" \t")
    match = _VIA.match(text)
    if match is None:
        raise SipSyntaxError("Malformed Via")
    transport, ipv6, name, port_text = match.groups()
    port = int(port_text) if port_text else None
    if port is not None and port > 65535:
        raise SipSyntaxError("Port out of range in Via")
    return Via(transport.upper(), ipv6 or name, port, parse_params(text[match.end() :]))


def parse_vias(text: str) -> tuple[Via, ...]:
    if "," not in text:
        return (parse_via(text),)
    return tuple(parse_via(element) for element in split_list(text))


@lru_cache(_CACHED_FIELDS)
def parse_name_addr(text: str) -> NameAddr:
    """One address, with or without brackets; without them `;` starts header parameters (section 20)."""
    text = text.strip(" \t")
    if "<" not in text:
        return _parse_bare_address(text)
    match = _NAME_ADDR.match(text)
    if match is None:
        raise SipSyntaxError("Malformed address")
    quoted, words, uri = match.groups()
    params = parse_params(text[match.end() :].rstrip(" \t"))
    return NameAddr(_display(quoted, words), Uri.parse(uri), params)


def parse_name_addrs(text: str) -> tuple[NameAddr, ...]:
    if "," not in text:
        return (parse_name_addr(text),)
    return tuple(parse_name_addr(element) for element in split_list(text))


@lru_cache(_CACHED_FIELDS)
def parse_cseq(text: str) -> CSeq:
    match = _CSEQ.fullmatch(text.strip(" \t"))
    if match is None:
        raise SipSyntaxError("Malformed CSeq")
    return CSeq(parse_number(match[1], MAX_CSEQ, "CSeq"), match[2])


def _parse_bare_address(text: str) -> NameAddr:
    address, semicolon, params = text.partition(";")
    uri = Uri.parse(address.rstrip(" \t"))
    # Section 20.10: an address with a comma, question mark or semicolon needs brackets.
    if uri.headers or "," in address or "?" in address:
        raise SipSyntaxError("Address needs angle brackets")
    return NameAddr(None, uri, parse_params(semicolon + params))


def _display(quoted: str | None, words: str | None) -> str | None:
    text = unquote(quoted) if quoted is not None else (words or "").strip(" \t")
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if quoted is None and "," in text:
        raise SipSyntaxError("Display name needs quotes")
    return text if text or quoted is not None else None
