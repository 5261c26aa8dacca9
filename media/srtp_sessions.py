"""libsrtp for the tick: sessions are made and freed here, and used there by their addresses.

Both libsrtp and what makes sessions come out of the wheel of pylibsrtp.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

import pylibsrtp
from pylibsrtp._binding import ffi

from media.description import SrtpKeys, SrtpSuite
from media.errors import MediaError
from media.libraries import address, load
from media.pointers import MISSING

_MODULE: Final = "pylibsrtp._binding"
_REPLAY_WINDOW: Final = 128
_SYMBOLS: Final = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")


@dataclass(frozen=True, slots=True)
class SrtpFunctions:
    """Addresses in libsrtp, or MISSING."""

    protect: int
    unprotect: int
    protect_rtcp: int
    unprotect_rtcp: int


@functools.cache
def srtp_functions() -> SrtpFunctions:
    library = load(_MODULE, _SYMBOLS)
    return SrtpFunctions(*(address(library, symbol) for symbol in _SYMBOLS))


def srtp_available() -> bool:
    """Whether legs can be encrypted: signalling offers and takes SRTP only then."""
    return srtp_functions().protect != MISSING


class SrtpSessions:
    """The pair of contexts for one set of keys, with their rollover counters and replay windows.

    When the peer alone has changed its key, what we send goes on in the context of `before`: from zero our
    key would seal other packets with a keystream that it has used (RFC 3711 section 9.1).
    """

    _sends: Any

    def __init__(self, keys: SrtpKeys, before: SrtpSessions | None = None) -> None:
        """Raises MediaError when there is no library, or the keys are none for it."""
        if not srtp_available():
            raise MediaError("there is no SRTP library")
        self.keys = keys
        try:
            self._sends = before._sends if before is not None and _sends_alike(before.keys, keys) else None
            if self._sends is None:
                self._sends = _session(keys.suite, keys.sends, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
            self._receives = _session(keys.suite, keys.receives, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        except pylibsrtp.Error as error:
            raise MediaError(f"libsrtp takes no such keys: {error}") from None

    @property
    def sends_at(self) -> int:
        return _address_of(self._sends)

    @property
    def receives_at(self) -> int:
        return _address_of(self._receives)


class LegSrtp:
    """The sessions of one leg. Those the tick may still use are kept: orders reach it later."""

    def __init__(self) -> None:
        self._sessions: list[SrtpSessions] = []

    def addresses(self, keys: SrtpKeys | None, used: int) -> tuple[int, int]:
        """Of the contexts to send and to receive with; the same keys go on with their counters.

        `used` is the address that the tick receives with at present.
        """
        if keys is None:
            return MISSING, MISSING
        if not self._sessions or self._sessions[-1].keys != keys:
            known = [index for index, each in enumerate(self._sessions) if each.receives_at == used]
            before = self._sessions[-1] if self._sessions else None
            self._sessions = [*self._sessions[known[0] if known else 0 :], SrtpSessions(keys, before)]
        return self._sessions[-1].sends_at, self._sessions[-1].receives_at

    @property
    def kept(self) -> int:
        return len(self._sessions)

    def forget(self) -> None:
        """The tick has let go of the leg."""
        self._sessions.clear()


def _sends_alike(one: SrtpKeys, other: SrtpKeys) -> bool:
    return (one.suite, one.sends) == (other.suite, other.sends)


def _session(suite: SrtpSuite, key: bytes, direction: int) -> Any:
    profile = getattr(pylibsrtp.Policy, suite.value)
    policy = pylibsrtp.Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.window_size = _REPLAY_WINDOW
    return pylibsrtp.Session(policy)


def _address_of(session: Any) -> int:
    """`srtp_t`, a pointer, as a number."""
    return int(ffi.cast("intptr_t", session._srtp[0]))
