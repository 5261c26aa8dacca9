"""Session timers (RFC 4028): who refreshes the session, and when a peer that does not counts as gone."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.session.capabilities import LEAST_SESSION_S, Extra, option_tags
from telephony.session.events import SessionEffect, SessionTimer, Wake
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import parse_number, parse_params
from telephony.sip.message import Message, Request

_MOST_S = 7200


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The header of that name; `refresher` is "uac", "uas" or empty."""

    interval_s: int
    refresher: str


def session_expires_in(message: Message) -> SessionExpires | None:
    """None without the header, or with one that cannot be read."""
    value = message.headers.get("Session-Expires")
    if value is None:
        return None
    seconds, semicolon, rest = value.partition(";")
    try:
        interval_s = parse_number(seconds, 2**32 - 1, "Session-Expires")
        refresher = (parse_params(semicolon + rest).get("refresher") or "").lower()
    except SipSyntaxError:
        return None
    return SessionExpires(interval_s, refresher if refresher in {"uac", "uas"} else "")


@dataclass(slots=True)
class SessionRefresh:
    """Nothing happens until a peer that knows session timers asks for one; then each refresh starts anew.

    A wake-up of an earlier round is known by its number and ignored.
    """

    interval_s: int | None = None
    ours: bool = False
    """Whether it is us who refresh."""
    round: int = 0

    def asked(self, request: Request, now: float) -> tuple[Extra, list[SessionEffect]]:
        """The peer's INVITE or UPDATE: what our 2xx says of it."""
        wanted = session_expires_in(request)
        if "timer" not in (*option_tags(request, "Supported"), *option_tags(request, "Require")):
            return (), self._start(now) if self.interval_s is not None else []
        if wanted is not None:
            self.interval_s = min(max(wanted.interval_s, LEAST_SESSION_S), _MOST_S)
            self.ours = wanted.refresher == "uas"
        if self.interval_s is None:
            return (), []
        refresher = "uas" if self.ours else "uac"
        extra = (("Require", "timer"), ("Session-Expires", f"{self.interval_s};refresher={refresher}"))
        return extra, self._start(now)

    def answered(self, response: Message, now: float) -> list[SessionEffect]:
        """The peer's 2xx to our INVITE or UPDATE."""
        granted = session_expires_in(response)
        if granted is not None:
            self.interval_s = min(max(granted.interval_s, LEAST_SESSION_S), _MOST_S)
            self.ours = granted.refresher != "uas"
        elif not self.ours:
            self.interval_s = None
        return self._start(now) if self.interval_s is not None else []

    def headers(self) -> Extra:
        """What our own INVITE or UPDATE says of it."""
        if self.interval_s is None:
            return (("Supported", "timer"),)
        refresher = "uac" if self.ours else "uas"
        expires = ("Session-Expires", f"{self.interval_s};refresher={refresher}")
        return (("Supported", "timer"), expires, ("Min-SE", str(LEAST_SESSION_S)))

    def _start(self, now: float) -> list[SessionEffect]:
        assert self.interval_s is not None  # noqa: S101 - for the type checker
        self.round += 1
        if self.ours:
            return [Wake(SessionTimer.REFRESH, self.round, now + self.interval_s / 2)]
        # Section 10: a BYE "slightly before the session expiration", the lesser of 32 s and a third.
        early_s = min(32.0, self.interval_s / 3)
        return [Wake(SessionTimer.EXPIRE, self.round, now + self.interval_s - early_s)]
