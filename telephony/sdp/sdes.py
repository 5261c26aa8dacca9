"""SDES: keys for SRTP as SDP carries them (RFC 4568, RFC 6188, RFC 7714), as data."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import Enum

from telephony.sdp.description import MediaDescription

_CRYPTO = re.compile(
    r"([0-9]{1,9})[ \t]+([A-Za-z0-9_]{1,64})[ \t]+inline:([A-Za-z0-9+/=]{1,128})(\|[^ \t]*)?[ \t]*"
)
_MAX_OFFERED = 32


class CryptoSuite(Enum):
    """What protects a stream; the value is its name in SDP. Strongest first."""

    AEAD_AES_256_GCM = "AEAD_AES_256_GCM"
    AEAD_AES_128_GCM = "AEAD_AES_128_GCM"
    AES_256_CM_HMAC_SHA1_80 = "AES_256_CM_HMAC_SHA1_80"
    AES_256_CM_HMAC_SHA1_32 = "AES_256_CM_HMAC_SHA1_32"
    AES_CM_128_HMAC_SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    AES_CM_128_HMAC_SHA1_32 = "AES_CM_128_HMAC_SHA1_32"

    @property
    def key_bytes(self) -> int:
        """Master key and salt together."""
        return _KEY_BYTES[self]


_KEY_BYTES = {
    CryptoSuite.AEAD_AES_256_GCM: 44,
    CryptoSuite.AEAD_AES_128_GCM: 28,
    CryptoSuite.AES_256_CM_HMAC_SHA1_80: 46,
    CryptoSuite.AES_256_CM_HMAC_SHA1_32: 46,
    CryptoSuite.AES_CM_128_HMAC_SHA1_80: 30,
    CryptoSuite.AES_CM_128_HMAC_SHA1_32: 30,
}
_SUITES = {suite.value: suite for suite in CryptoSuite}


@dataclass(frozen=True, slots=True)
class CryptoKey:
    """One key of one direction: whoever wrote it sends with it. `tag` tells which of an offer was taken."""

    tag: int
    suite: CryptoSuite
    key: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{self.tag} {self.suite.value} inline:{base64.b64encode(self.key).decode()}"


def crypto_keys(section: MediaDescription) -> tuple[CryptoKey, ...]:
    """Those of a media section that we can use, in the order of the peer; what cannot be read is left out.

    Keys with an MKI or session parameters are none of ours (RFC 4568 section 6.3 lets an answer pass them
    over).
    """
    found: list[CryptoKey] = []
    for name, value in section.attributes:
        if name == "crypto" and value and len(found) < _MAX_OFFERED:
            key = _key(value)
            if key is not None:
                found.append(key)
    return tuple(found)


def choose(offered: tuple[CryptoKey, ...], ours: tuple[CryptoSuite, ...]) -> CryptoKey | None:
    """The first suite of ours that was offered: the answerer has the choice (RFC 4568 section 5.1.2)."""
    return next((key for suite in ours for key in offered if key.suite is suite), None)


def _key(text: str) -> CryptoKey | None:
    match = _CRYPTO.fullmatch(text)
    suite = None if match is None else _SUITES.get(match[2])
    if match is None or suite is None:
        return None
    # After the key: a lifetime, which a call never reaches; an MKI has a colon.
    if match[4] is not None and ":" in match[4]:
        return None
    try:
        key = base64.b64decode(match[3] + "=" * (-len(match[3]) % 4), validate=True)
    except binascii.Error:
        return None
    return CryptoKey(int(match[1]), suite, key) if len(key) == suite.key_bytes else None
