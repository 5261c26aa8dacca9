"""The server's half of digest authentication: challenges, and who may pass.

The server keeps no memory of the nonces it hands out: a nonce carries its time and a serial number under an
HMAC. Only nonces that a valid user has used are remembered, for their nonce counts, so strangers cannot fill
the store.
"""

from __future__ import annotations

import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from telephony.sip.digest import (
    Algorithm,
    Challenge,
    Credentials,
    HashedPassword,
    Password,
    Secret,
    digest_response,
    hash_password,
    parse_credentials,
)
from telephony.sip.errors import SipSyntaxError
from telephony.sip.uri import Uri

_NONCE = re.compile(r"([0-9a-f]{1,12})-([0-9a-f]{1,12})-([0-9a-f]{32})")


class LoginFault(StrEnum):
    """Why credentials did not do; for logs, never for the peer."""

    NO_CREDENTIALS = "no-credentials"
    MALFORMED = "malformed"
    FORGED_NONCE = "forged-nonce"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - a reason, not a secret
    WRONG_URI = "wrong-uri"
    EXPIRED_NONCE = "expired-nonce"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The peer knows the secret of `username`."""

    username: str


@dataclass(frozen=True, slots=True)
class Unauthenticated:
    """Answer 401 (or 407) with one header per challenge, in this order."""

    challenges: tuple[Challenge, ...]
    fault: LoginFault


class DigestServer:
    """Demands and checks credentials. `secret` must be random and belong to this process alone."""

    def __init__(
        self,
        realm: str,
        secret: bytes,
        *,
        algorithms: tuple[Algorithm, ...] = (Algorithm.SHA_256, Algorithm.MD5),
        nonce_life_s: float = 300.0,
        max_nonces: int = 10_000,
    ) -> None:
        self.realm = realm
        self._secret = secret
        self._algorithms = algorithms
        self._nonce_life_s = nonce_life_s
        self._max_nonces = max_nonces
        self._opaque = self._sign(f"opaque:{realm}")
        self._issued = 0
        self._used: OrderedDict[int, int] = OrderedDict()
        # Nonces up to this serial number may have been used and forgotten: they count as used up.
        self._forgotten = 0

    def challenges(self, now: float, *, stale: bool = False) -> tuple[Challenge, ...]:
        """One per algorithm, strongest first (RFC 8760 section 2.3), over one fresh nonce."""
        self._issued += 1
        payload = f"{int(now * 1000):x}-{self._issued:x}"
        nonce = f"{payload}-{self._sign(payload)}"
        return tuple(
            Challenge(self.realm, nonce, algorithm, self._opaque, stale=stale)
            for algorithm in self._algorithms
        )

    def verify(
        self,
        values: Iterable[str],
        method: str,
        request_uri: str,
        secret_of: Callable[[str], Secret | None],
        now: float,
    ) -> Authenticated | Unauthenticated:
        """Checks the Authorization headers of a request; those of other realms are not for us."""
        fault = LoginFault.NO_CREDENTIALS
        for value in values:
            try:
                credentials = parse_credentials(value)
            except SipSyntaxError:
                fault = LoginFault.MALFORMED
                continue
            if credentials.realm != self.realm:
                continue
            verdict = self._check(credentials, method, request_uri, secret_of, now)
            if verdict is None:
                return Authenticated(credentials.username)
            fault = verdict
        stale = fault in (LoginFault.EXPIRED_NONCE, LoginFault.REPLAYED)
        return Unauthenticated(self.challenges(now, stale=stale), fault)

    def _check(
        self,
        credentials: Credentials,
        method: str,
        request_uri: str,
        secret_of: Callable[[str], Secret | None],
        now: float,
    ) -> LoginFault | None:
        nonce = self._read_nonce(credentials.nonce)
        if nonce is None or credentials.opaque not in (None, self._opaque):
            return LoginFault.FORGED_NONCE
        if not self._knows_secret(credentials, method, secret_of):
            return LoginFault.WRONG_PASSWORD
        if not _same_target(credentials.uri, request_uri):
            return LoginFault.WRONG_URI
        # From here on the peer is genuine, so it is told `stale` and needs not ask its user again.
        issued_at, serial = nonce
        if now - issued_at > self._nonce_life_s:
            return LoginFault.EXPIRED_NONCE
        return None if self._count(serial, credentials.nonce_count or 0) else LoginFault.REPLAYED

    def _knows_secret(
        self, credentials: Credentials, method: str, secret_of: Callable[[str], Secret | None]
    ) -> bool:
        # An unknown user, a missing hash or a missing qop costs the same work as a wrong password.
        secret = secret_of(credentials.username)
        ha1 = self._ha1(credentials, secret)
        decoy = self._sign(f"decoy:{credentials.username}")
        expected = digest_response(credentials, ha1 or decoy, method)
        same = hmac.compare_digest(expected.encode(), credentials.response.lower().encode("utf-8", "replace"))
        usable = ha1 is not None and credentials.nonce_count is not None
        return same and usable and credentials.algorithm in self._algorithms

    def _ha1(self, credentials: Credentials, secret: Secret | None) -> str | None:
        match secret:
            case Password(text):
                return hash_password(credentials.algorithm, credentials.username, self.realm, text)
            case HashedPassword(ha1):
                hash_password(credentials.algorithm, credentials.username, self.realm, "")
                return dict(ha1).get(credentials.algorithm)
            case None:
                hash_password(credentials.algorithm, credentials.username, self.realm, "")
                return None
            case _:
                assert_never(secret)

    def _read_nonce(self, nonce: str) -> tuple[float, int] | None:
        match = _NONCE.fullmatch(nonce)
        if match is None or not hmac.compare_digest(match[3], self._sign(f"{match[1]}-{match[2]}")):
            return None
        return int(match[1], 16) / 1000, int(match[2], 16)

    def _count(self, serial: int, nonce_count: int) -> bool:
        last = self._used.get(serial)
        if last is None and serial <= self._forgotten:
            return False
        if nonce_count <= (last or 0):
            return False
        self._used[serial] = nonce_count
        self._used.move_to_end(serial)
        if len(self._used) > self._max_nonces:
            dropped, _ = self._used.popitem(last=False)
            self._forgotten = max(self._forgotten, dropped)
        return True

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, text.encode("utf-8", "surrogateescape"), "sha256").hexdigest()[:32]


def _same_target(digest_uri: str, request_uri: str) -> bool:
    """User and host only: proxies and phones differ in ports and parameters."""
    try:
        mine, theirs = Uri.parse(request_uri), Uri.parse(digest_uri)
    except SipSyntaxError:
        return False
    return (mine.user, mine.host.lower()) == (theirs.user, theirs.host.lower())
