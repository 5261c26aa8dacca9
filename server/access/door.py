"""The one door: every request passes here before anything of it is read, and leaves a fact.

Over the unix socket the kernel says who asks; over TCP a bearer token does. A wrong token is counted, slowed
and told; the answer never says whether the token is unknown, revoked or expired.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from contacts.facts.fact import Fact
from contacts.facts.system import AccessRefused, AccessUsed
from server.access.failed_logins import FailedLogins
from server.access.principal import PeerCredentials, Principal, local_administrator
from server.access.roles import Permission, may
from server.access.routes import POLLED, ROUTES
from server.access.tokens import TokenBook

log = structlog.get_logger(__name__)

MAX_SLOWED = 32
POLL_FACT_EVERY_S = 60.0
MAX_POLLERS = 1000


class AccessJournal(Protocol):
    """Where the facts of accesses go. Never waits; what it raises turns the request away."""

    def append(self, fact: Fact) -> object: ...


@dataclass(frozen=True, slots=True)
class Knock:
    """A request as far as the door looks at it. `source` is an IP address, or `local`."""

    route: str
    """Method and path template: a key of ROUTES."""
    subject: str
    """The path's parameters: whom or what it is about."""
    source: str
    token: str | None
    peer: PeerCredentials | None
    reason: str = ""
    nearby: bool = True
    """It comes from this machine. What is open to everybody here is asked for a token elsewhere."""


class TurnedAwayError(Exception):
    """401 when the door does not know them, 403 when they may not, 429 when too many wrong tokens wait."""

    def __init__(self, status: int, why: str, how_to_fix: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.how_to_fix = how_to_fix


@dataclass(frozen=True, slots=True)
class DoorClocks:
    """Monotonic seconds, UTC, and how to wait."""

    monotonic: Callable[[], float]
    utc: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Door:
    """Made and used in the loop's thread."""

    def __init__(self, tokens: TokenBook, journal: AccessJournal, clocks: DoorClocks) -> None:
        self._tokens = tokens
        self._journal = journal
        self._clocks = clocks
        self._failed = FailedLogins()
        self._slowed = 0
        self._polled: dict[tuple[str, str, str], float] = {}

    @property
    def failed_logins(self) -> int:
        """Since the start."""
        return self._failed.total

    async def enter(self, knock: Knock) -> Principal | None:
        """None where the route is open to everybody here; raises TurnedAwayError."""
        permission = ROUTES[knock.route] or (None if knock.nearby else Permission.SEE_LIVE)
        if permission is None:
            return None
        principal = await self._identify(knock)
        if not may(principal.role, permission):
            self._refused(knock, f"{principal.name} is {principal.role.value}")
            raise TurnedAwayError(
                403,
                f"{principal.role.value} may not {permission.value}",
                "use a token with a role that may; `trunkline access roles` lists them",
            )
        self._used(knock, principal)
        return principal

    def still_opens(self, knock: Knock) -> bool:
        """For what lasts: the token may have been revoked, or have expired, since they entered."""
        permission = ROUTES[knock.route]
        if permission is None or (knock.peer is not None and knock.peer.owns_the_server):
            return True
        principal = self._tokens.principal(knock.token or "", self._clocks.utc())
        return principal is not None and may(principal.role, permission)

    async def _identify(self, knock: Knock) -> Principal:
        if knock.peer is not None and knock.peer.owns_the_server:
            return local_administrator(knock.peer)
        if knock.token is None:
            raise _unknown("this needs a token")
        principal = self._tokens.principal(knock.token, self._clocks.utc())
        if principal is None:
            await self._slow_down(knock)
            raise _unknown("this token opens nothing")
        return principal

    async def _slow_down(self, knock: Knock) -> None:
        penalty = self._failed.failed(knock.source, self._clocks.monotonic())
        if penalty.tell:
            log.warning("access.wrong_token", source=knock.source, times=penalty.tell)
            self._refused(knock, f"wrong token, {penalty.tell} times")
        if not penalty.delay_s:
            return
        if self._slowed >= MAX_SLOWED:
            raise TurnedAwayError(429, "too many wrong tokens", "use a token that `trunkline access` made")
        self._slowed += 1
        try:
            await self._clocks.sleep(penalty.delay_s)
        finally:
            self._slowed -= 1

    def _refused(self, knock: Knock, why: str) -> None:
        """Once a minute for the same: whoever asks in vain a thousand times fills no journal."""
        if self._told_lately((knock.source, knock.route, why)):
            return
        self._journal.append(AccessRefused(source=knock.source, action=knock.route, why=why))

    def _used(self, knock: Knock, principal: Principal) -> None:
        if knock.route in POLLED and self._told_lately((principal.name, knock.route, knock.subject)):
            return
        self._journal.append(
            AccessUsed(
                principal=principal.name,
                role=principal.role.value,
                action=knock.route,
                subject=knock.subject,
                reason=knock.reason,
            )
        )

    def _told_lately(self, key: tuple[str, str, str]) -> bool:
        now = self._clocks.monotonic()
        if now - self._polled.get(key, -POLL_FACT_EVERY_S) < POLL_FACT_EVERY_S:
            return True
        self._polled.pop(key, None)
        self._polled[key] = now
        if len(self._polled) > MAX_POLLERS:
            del self._polled[next(iter(self._polled))]
        return False


def _unknown(why: str) -> TurnedAwayError:
    return TurnedAwayError(
        401, why, "make one with `trunkline access tokens create`, and send `Authorization: Bearer TOKEN`"
    )


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an Authorization header (RFC 6750 2.1)."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
