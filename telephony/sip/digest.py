"""Digest authentication (RFC 3261 section 22, RFC 7616, RFC 8760): header values, hashes, the client's part.

MD5 and SHA-256, qop `auth`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import QUOTED, TOKEN, quote, unquote

MAX_HEADER_LENGTH = 4096
MAX_FIELDS = 32

_SCHEME = re.compile(r"[ \t]*+Digest[ \t]++", re.IGNORECASE)
_FIELD = re.compile(
    rf"[ \t,]*+({TOKEN})[ \t]*+=[ \t]*+({QUOTED}|[^ \t,\"]++)[ \t]*+(?:,|$)", re.DOTALL | re.ASCII
)
_NONCE_COUNT = re.compile(r"[0-9A-Fa-f]{8}")


class Algorithm(StrEnum):
    """Strongest last."""

    MD5 = "MD5"
    SHA_256 = "SHA-256"


@dataclass(frozen=True, slots=True)
class Password:
    """A stored secret in the clear."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HashedPassword:
    """H(user:realm:password) per algorithm, as lower-case hex; an absent one cannot be used to log in."""

    ha1: tuple[tuple[Algorithm, str], ...] = field(repr=False)


Secret = Password | HashedPassword


@dataclass(frozen=True, slots=True)
class Challenge:
    """The value of WWW-Authenticate or Proxy-Authenticate."""

    realm: str
    nonce: str
    algorithm: Algorithm
    opaque: str | None = None
    qop_auth: bool = True
    stale: bool = False

    def __str__(self) -> str:
        parts = [f"realm={quote(self.realm)}", f"nonce={quote(self.nonce)}"]
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        if self.stale:
            parts.append("stale=true")
        parts.append(f"algorithm={self.algorithm}")
        if self.qop_auth:
            parts.append('qop="auth"')
        return "Digest " + ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The value of Authorization or Proxy-Authorization; `nonce_count` is None without a qop (RFC 2069)."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm
    opaque: str | None = None
    cnonce: str = ""
    nonce_count: int | None = None

    def __str__(self) -> str:
        parts = [
            f"username={quote(self.username)}",
            f"realm={quote(self.realm)}",
            f"nonce={quote(self.nonce)}",
            f"uri={quote(self.uri)}",
            f'response="{self.response}"',
            f"algorithm={self.algorithm}",
        ]
        if self.opaque is not None:
            parts.append(f"opaque={quote(self.opaque)}")
        if self.nonce_count is not None:
            parts += ["qop=auth", f"nc={self.nonce_count:08x}", f"cnonce={quote(self.cnonce)}"]
        return "Digest " + ", ".join(parts)


def parse_challenge(text: str) -> Challenge:
    fields = _parse_fields(text)
    qop = fields.get("qop")
    offered = [] if qop is None else [word.strip().lower() for word in qop.split(",")]
    if qop is not None and "auth" not in offered:
        raise SipSyntaxError("No quality of protection in common")
    return Challenge(
        realm=_required(fields, "realm"),
        nonce=_required(fields, "nonce"),
        algorithm=_algorithm(fields),
        opaque=fields.get("opaque"),
        qop_auth=qop is not None,
        stale=fields.get("stale", "").lower() == "true",
    )


def parse_credentials(text: str) -> Credentials:
    fields = _parse_fields(text)
    count: int | None = None
    if "qop" in fields:
        if fields["qop"].lower() != "auth" or not _NONCE_COUNT.fullmatch(fields.get("nc", "")):
            raise SipSyntaxError("Malformed qop or nonce count")
        count = int(fields["nc"], 16)
    return Credentials(
        username=_required(fields, "username"),
        realm=_required(fields, "realm"),
        nonce=_required(fields, "nonce"),
        uri=_required(fields, "uri"),
        response=_required(fields, "response"),
        algorithm=_algorithm(fields),
        opaque=fields.get("opaque"),
        cnonce=fields.get("cnonce", ""),
        nonce_count=count,
    )


def choose_challenge(values: Iterable[str]) -> Challenge | None:
    """The strongest challenge that we can answer (RFC 8760 section 2.4); None when there is none."""
    best: Challenge | None = None
    for value in values:
        try:
            challenge = parse_challenge(value)
        except SipSyntaxError:
            continue
        if best is None or _strength(challenge.algorithm) > _strength(best.algorithm):
            best = challenge
    return best


def answer_challenge(
    challenge: Challenge, method: str, uri: str, *, user: str, password: str, cnonce: str, nc: int
) -> str:
    """The header value to send; `nc` starts at 1 for each nonce and counts our requests that use it."""
    ha1 = hash_password(challenge.algorithm, user, challenge.realm, password)
    draft = Credentials(
        username=user,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        opaque=challenge.opaque,
        cnonce=cnonce if challenge.qop_auth else "",
        nonce_count=nc if challenge.qop_auth else None,
    )
    return str(replace(draft, response=digest_response(draft, ha1, method)))


def hash_password(algorithm: Algorithm, user: str, realm: str, password: str) -> str:
    """HA1 of RFC 7616 section 3.4.2."""
    return _hash(algorithm, f"{user}:{realm}:{password}")


def _parse_fields(text: str) -> dict[str, str]:
    scheme = _SCHEME.match(text)
    if scheme is None or len(text) > MAX_HEADER_LENGTH:
        raise SipSyntaxError("Not a Digest header")
    fields: dict[str, str] = {}
    position, end = scheme.end(), len(text.rstrip(" \t,"))
    while position < end:
        match = _FIELD.match(text, position)
        if match is None or len(fields) == MAX_FIELDS:
            raise SipSyntaxError("Malformed Digest header")
        name = match[1].lower()
        if name in fields:
            raise SipSyntaxError("Repeated Digest field")
        fields[name] = unquote(match[2])
        position = match.end()
    return fields


def _required(fields: dict[str, str], name: str) -> str:
    try:
        return fields[name]
    except KeyError:
        raise SipSyntaxError(f"Digest without {name}") from None


def _algorithm(fields: dict[str, str]) -> Algorithm:
    try:
        return Algorithm(fields.get("algorithm", "MD5").upper())
    except ValueError:
        raise SipSyntaxError("Unknown digest algorithm") from None


def _strength(algorithm: Algorithm) -> int:
    return list(Algorithm).index(algorithm)


def _hash(algorithm: Algorithm, text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    match algorithm:
        case Algorithm.MD5:
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        case Algorithm.SHA_256:
            return hashlib.sha256(data).hexdigest()
        case _:
            assert_never(algorithm)


def digest_response(credentials: Credentials, ha1: str, method: str) -> str:
    """What the `response` of these credentials must be."""
    ha2 = _hash(credentials.algorithm, f"{method}:{credentials.uri}")
    if credentials.nonce_count is None:
        return _hash(credentials.algorithm, f"{ha1}:{credentials.nonce}:{ha2}")
    middle = f"{credentials.nonce}:{credentials.nonce_count:08x}:{credentials.cnonce}:auth"
    return _hash(credentials.algorithm, f"{ha1}:{middle}:{ha2}")
