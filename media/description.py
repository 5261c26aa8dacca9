"""The far end of a leg, as signalling has agreed on it: one record, from SDP down to the tick."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from media.errors import MediaError

_MAPPED = 0xFFFF << 32
_WORD = 1 << 64


class SoundCodec(Enum):
    """What a leg can speak; the value is the number by which the engine knows it. All count time in 8 kHz.

    Of G.722 the lower band is heard, mixed and recorded; a bridge of two such legs passes on both bands.
    """

    PCMU = 0
    PCMA = 1
    G722 = 2


@dataclass(frozen=True, slots=True)
class PayloadTypes:
    """The numbers of one direction: of its sound, and of its telephone-events if it has any (RFC 4733)."""

    sound: int
    events: int | None = None


class SrtpSuite(Enum):
    """By the names that SDP gives them (RFC 4568, RFC 7714); the value is what libsrtp's wheel calls it."""

    AES_CM_128_HMAC_SHA1_80 = "SRTP_PROFILE_AES128_CM_SHA1_80"
    AES_CM_128_HMAC_SHA1_32 = "SRTP_PROFILE_AES128_CM_SHA1_32"
    AEAD_AES_128_GCM = "SRTP_PROFILE_AEAD_AES_128_GCM"
    AEAD_AES_256_GCM = "SRTP_PROFILE_AEAD_AES_256_GCM"

    @property
    def key_bytes(self) -> int:
        """Of the master key and its salt together, as in the `inline:` of SDP."""
        return _KEY_BYTES[self]


_KEY_BYTES = {
    SrtpSuite.AES_CM_128_HMAC_SHA1_80: 30,
    SrtpSuite.AES_CM_128_HMAC_SHA1_32: 30,
    SrtpSuite.AEAD_AES_128_GCM: 28,
    SrtpSuite.AEAD_AES_256_GCM: 44,
}


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master key and salt of each direction, ours to send with and the peer's. Never printed.

    The same keys again go on with the same counters, as a re-INVITE that changes no key must.
    """

    suite: SrtpSuite
    sends: bytes = field(repr=False)
    receives: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if {len(self.sends), len(self.receives)} != {self.suite.key_bytes}:
            raise MediaError(f"a key of {self.suite.name} has {self.suite.key_bytes} bytes with its salt")


@dataclass(frozen=True, slots=True)
class LegDescription:
    """`may_send` and `may_receive` are ours: False for the directions a hold has closed.

    The two directions may number their payloads differently: `sends` is what the peer asked for, `receives`
    what we promised to understand. `signalled_from` is the address that the party's signalling comes from,
    when known: sound may come from there too, whatever SDP says. With `srtp` nothing goes out or is heard in
    clear, RTCP included; `media.srtp_sessions.srtp_available` says whether that can be negotiated at all.
    Raises MediaError for what no leg can speak.
    """

    address: str
    port: int
    codec: SoundCodec
    sends: PayloadTypes
    receives: PayloadTypes
    may_send: bool = True
    may_receive: bool = True
    ptime_ms: int = 20
    signalled_from: str | None = None
    srtp: SrtpKeys | None = None

    def __post_init__(self) -> None:
        address_words(self.address)
        if self.signalled_from is not None:
            address_words(self.signalled_from)
        if not 0 < self.port < 65536:
            raise MediaError(f"no port to send to: {self.port}")
        for types in (self.sends, self.receives):
            if not 0 <= types.sound < 128 or not (types.events is None or 0 <= types.events < 128):
                raise MediaError(f"no payload types: {types}")


@lru_cache(maxsize=1024)
def address_words(address: str) -> tuple[int, int]:
    """The 16 bytes of an address as two words with a sign; an IPv4 address is mapped into IPv6 (RFC 4291)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise MediaError(f"not an IP address: {address!r}") from None
    number = int(parsed)
    if isinstance(parsed, ipaddress.IPv4Address):
        number |= _MAPPED
    return _signed(number // _WORD), _signed(number % _WORD)


def _signed(word: int) -> int:
    return word - _WORD if word >= _WORD // 2 else word
