"""Whether a stream is encrypted, and by which keys: what we want against what the peer says (RFC 4568)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from telephony.sdp.description import MediaDescription
from telephony.sdp.peer_audio import PROTOCOL, NotAcceptable
from telephony.sdp.sdes import CryptoKey, CryptoSuite, choose, crypto_keys

SECURE_PROTOCOL = "RTP/SAVP"
# Those that the engine speaks.
OUR_SUITES = (
    CryptoSuite.AEAD_AES_256_GCM,
    CryptoSuite.AEAD_AES_128_GCM,
    CryptoSuite.AES_CM_128_HMAC_SHA1_80,
    CryptoSuite.AES_CM_128_HMAC_SHA1_32,
)

_PLAIN_ONLY = NotAcceptable(302, f"only {PROTOCOL} is spoken")
_SECURE_ONLY = NotAcceptable(302, f"only {SECURE_PROTOCOL} with keys in SDP is spoken")
_EITHER = NotAcceptable(302, f"only {PROTOCOL} and {SECURE_PROTOCOL} are spoken")
_NO_SUITE = NotAcceptable(399, "no crypto suite in common")


class SrtpUse(StrEnum):
    """Whether sound is encrypted; `PREFER` takes SRTP where it is offered, and itself offers plain RTP."""

    REQUIRE = "require"
    PREFER = "prefer"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Protection:
    """`keys` are ours to send with, one for each suite, the best first; none where nobody can encrypt."""

    use: SrtpUse = SrtpUse.NEVER
    keys: tuple[CryptoKey, ...] = ()

    @property
    def offered(self) -> tuple[CryptoKey, ...]:
        """What an offer of ours brings; an offer without keys is one in clear."""
        return self.keys if self.use is SrtpUse.REQUIRE else ()


@dataclass(frozen=True, slots=True)
class AgreedKeys:
    """Of one suite: each side sends with its own (section 6.1)."""

    ours: CryptoKey
    theirs: CryptoKey


def fresh_keys(draw: Callable[[int], bytes]) -> tuple[CryptoKey, ...]:
    """One for each suite, since no key may serve two; `draw` gives that many random bytes."""
    return tuple([CryptoKey(tag, suite, draw(suite.key_bytes)) for tag, suite in enumerate(OUR_SUITES, 1)])


def keys_to_answer(section: MediaDescription, ours: Protection) -> AgreedKeys | NotAcceptable | None:
    """For a stream that the peer offers; None when it is in clear, and may be."""
    protocol = section.protocol.upper()
    if protocol == PROTOCOL:
        return _SECURE_ONLY if ours.use is SrtpUse.REQUIRE else None
    if protocol != SECURE_PROTOCOL or ours.use is SrtpUse.NEVER:
        return {SrtpUse.NEVER: _PLAIN_ONLY, SrtpUse.PREFER: _EITHER, SrtpUse.REQUIRE: _SECURE_ONLY}[ours.use]
    theirs = choose(crypto_keys(section), tuple([key.suite for key in ours.keys]))
    if theirs is None:
        return _NO_SUITE
    mine = next(key for key in ours.keys if key.suite is theirs.suite)
    # "The answerer MUST use the same tag" (section 5.1.2).
    return AgreedKeys(replace(mine, tag=theirs.tag), theirs)


def keys_answered(offered: MediaDescription, answered: MediaDescription) -> AgreedKeys | NotAcceptable | None:
    """What the peer made of a stream that we offered: neither way may it change the protocol."""
    protocol = answered.protocol.upper()
    if offered.protocol == PROTOCOL:
        return None if protocol == PROTOCOL else _PLAIN_ONLY
    if protocol != SECURE_PROTOCOL:
        return _SECURE_ONLY
    ours = {(key.tag, key.suite): key for key in crypto_keys(offered)}
    for theirs in crypto_keys(answered):
        if (theirs.tag, theirs.suite) in ours:
            return AgreedKeys(ours[theirs.tag, theirs.suite], theirs)
    return _NO_SUITE
