"""SIP and SIPS URIs (RFC 3261 section 19.1); any other scheme is kept as opaque text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from telephony.sip.errors import SipSyntaxError

MAX_URI_LENGTH = 2048

_SIP_URI = re.compile(
    r"(?:(?P<user>(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})++)"
    r"(?::(?P<password>(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*+))?@)?"
    # RFC 5118 section 4.10: three colons are a bug of the old grammar that must be survived, so only the
    # alphabet of an IPv6 reference is checked.
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._\-]{1,255}))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<params>(?:;[!#-:=A-~]++)*+)"
    r"(?:\?(?P<headers>[!#-;=?A-~]++))?"
)
_OTHER_URI = re.compile(r"[!#-;=?-~]++")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,31}")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")

# RFC 3261 section 19.1.4: these never match when only one of the two URIs has them.
_DECISIVE_PARAMS = ("transport", "user", "ttl", "method", "maddr")


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters in the order and spelling of the wire; names are looked up without regard to case.

    A value is kept as it stood, quotes and escapes included; None is a parameter without a value.
    """

    items: tuple[tuple[str, str | None], ...] = ()

    def __iter__(self) -> Iterator[tuple[str, str | None]]:
        return iter(self.items)

    def __contains__(self, name: str) -> bool:
        key = name.lower()
        for held, _ in self.items:  # noqa: SIM110 - asked for every message, and `any` costs twice as much
            if held == key or held.lower() == key:
                return True
        return False

    def __str__(self) -> str:
        return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in self.items)

    def get(self, name: str) -> str | None:
        """The value; None both when absent and when present without a value (`in` tells them apart)."""
        key = name.lower()
        for held, value in self.items:
            if held == key or held.lower() == key:
                return value
        return None

    def with_(self, name: str, value: str | None) -> Params:
        """Replaces in place, or appends."""
        key = name.lower()
        if name not in self:
            return Params((*self.items, (name, value)))
        return Params(tuple((held, value if held.lower() == key else old) for held, old in self.items))


NO_PARAMS = Params()


@dataclass(frozen=True, slots=True)
class Uri:
    """An address. Nothing is unescaped, so that the text form survives; ASCII only.

    `host` of an IPv6 reference has no brackets. A scheme other than sip and sips leaves everything after the
    colon in `opaque` and the other parts empty.
    """

    scheme: str
    user: str | None = None
    password: str | None = None
    host: str = ""
    port: int | None = None
    params: Params = NO_PARAMS
    headers: str = ""
    opaque: str = ""

    @staticmethod
    def parse(text: str) -> Uri:
        """Raises SipSyntaxError. The same text gives the same object for a while: dialogs repeat theirs."""
        return _parse(text)

    @property
    def is_sip(self) -> bool:
        return self.scheme in ("sip", "sips")

    @property
    def host_port(self) -> str:
        """Host and port as written in a URI: an IPv6 address in brackets."""
        return format_host_port(self.host, self.port)

    def __str__(self) -> str:
        if not self.is_sip:
            return f"{self.scheme}:{self.opaque}"
        password = "" if self.password is None else f":{self.password}"
        userinfo = "" if self.user is None else f"{self.user}{password}@"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{userinfo}{self.host_port}{self.params}{headers}"

    def matches(self, other: Uri) -> bool:
        """Equality of RFC 3261 section 19.1.4: not transitive, so never a key."""
        return (
            self.scheme == other.scheme
            and _unescaped(self.user) == _unescaped(other.user)
            and _unescaped(self.password) == _unescaped(other.password)
            and self.host.lower() == other.host.lower()
            and self.port == other.port
            and self.opaque == other.opaque
            and _params_match(self.params, other.params)
            and _headers_of(self.headers) == _headers_of(other.headers)
        )


@lru_cache(maxsize=2048)
def _parse(text: str) -> Uri:
    if len(text) > MAX_URI_LENGTH:
        raise SipSyntaxError("URI too long")
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise SipSyntaxError("URI without a scheme")
    scheme = scheme.lower()
    if scheme in ("sip", "sips"):
        return _parse_sip(scheme, rest)
    if not _OTHER_URI.fullmatch(rest):
        raise SipSyntaxError("Malformed URI")
    return Uri(scheme, opaque=rest)


def _parse_sip(scheme: str, rest: str) -> Uri:
    match = _SIP_URI.fullmatch(rest)
    if match is None:
        raise SipSyntaxError("Malformed SIP URI")
    user, password, ipv6, name, port_text, params, headers = match.groups()
    port = int(port_text) if port_text else None
    if port is not None and port > 65535:
        raise SipSyntaxError("Port out of range in URI")
    return Uri(
        scheme,
        user,
        password,
        ipv6 or name,
        port,
        _parse_params(params) if params else NO_PARAMS,
        headers or "",
    )


def format_host_port(host: str, port: int | None) -> str:
    written = f"[{host}]" if ":" in host else host
    return written if port is None else f"{written}:{port}"


def _parse_params(text: str) -> Params:
    items: list[tuple[str, str | None]] = []
    for part in text[1:].split(";"):
        name, equals, value = part.partition("=")
        if not name:
            raise SipSyntaxError("URI parameter without a name")
        items.append((name, value if equals else None))
    return Params(tuple(items))


def _unescape_if_harmless(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _unescaped(text: str | None) -> str | None:
    return text if text is None or "%" not in text else _ESCAPE.sub(_unescape_if_harmless, text)


def _folded(params: Params) -> dict[str, str]:
    return {(_unescaped(name) or "").lower(): (_unescaped(value) or "").lower() for name, value in params}


def _params_match(mine: Params, theirs: Params) -> bool:
    if not mine.items and not theirs.items:
        return True
    left, right = _folded(mine), _folded(theirs)
    shared = left.keys() & right.keys()
    return all(left[name] == right[name] for name in shared) and all(
        (name in left) == (name in right) for name in _DECISIVE_PARAMS
    )


def _headers_of(text: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in text.split("&") if part)
    return sorted((name.lower(), _unescaped(value) or "") for name, _, value in pairs)
