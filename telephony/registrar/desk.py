"""Where telephones report: the registrar core with its digest, its clock and somebody to tell."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import unquote as unescape

import structlog

from telephony.admission import Refusal
from telephony.registrar.authorization import (
    GUESSES,
    Authorized,
    addressed_user,
    authorize,
    authorize_caller,
    claimed_user,
)
from telephony.registrar.bindings import (
    AddressOfRecord,
    Binding,
    BindingRefreshed,
    Outcome,
    Registrar,
    RegistrarEffect,
)
from telephony.registrar.login_guard import LoginGuard
from telephony.settings import SipSettings
from telephony.sip.digest import Secret
from telephony.sip.digest_server import DigestServer
from telephony.sip.hop import ConnectionId
from telephony.sip.message import Request, Response
from telephony.sip.received import ReceivedRequest
from telephony.sip.responses import response_to

log = structlog.get_logger(__name__)

_NOBODY = "login.nobody"


def _untold(_refusal: Refusal, _source: str) -> None:
    """Nobody counts."""


def _unmoved(_source: str) -> None:
    """Nobody trusts a source the more for it."""


def _unheard(_effect: RegistrarEffect) -> None:
    """Nobody wants to know."""


class RegistrationDesk:
    """`secret_of` knows the agents' passwords; `on_change` hears of telephones that come, stay and go.

    `on_refused` is told refusals with where they came from, `on_login` where somebody logged in from; the
    endpoint that the desk belongs to sets both.
    """

    def __init__(
        self,
        settings: SipSettings,
        secret_of: Callable[[str], Secret | None],
        on_change: Callable[[RegistrarEffect], None] = _unheard,
    ) -> None:
        self._registrar = Registrar(settings.registrar)
        self._digest = DigestServer(
            settings.realm, secrets.token_bytes(32), nonce_life_s=settings.nonce_life_s
        )
        self.on_refused: Callable[[Refusal, str], None] = _untold
        self.on_login: Callable[[str], None] = _unmoved
        self._guard = LoginGuard()
        self._secret_of = secret_of
        self._md5_only = settings.registrar.md5_only_user_agents
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None

    def bindings(self, user: str) -> tuple[Binding, ...]:
        """The telephones of that user now, the one heard of last at the end."""
        return self._registrar.bindings(AddressOfRecord(user), asyncio.get_running_loop().time())

    def answer(self, received: ReceivedRequest, now: float) -> Response:
        """The response to a REGISTER."""
        request, source = received.request, received.source.host
        outcome = self._outcome(received, now)
        if outcome.rule_id:
            self.on_refused(Refusal(outcome.status, "", outcome.rule_id), source)
        self._tell(outcome.effects)
        self._arm()
        return response_to(request, outcome.status, to_tag=secrets.token_hex(8), extra=outcome.headers)

    def caller(self, invite: ReceivedRequest, now: float, *, must: bool) -> AddressOfRecord | Refusal | None:
        """Whose phone calls, once logged in; None for a trunk's call, unless it `must` be a phone's."""
        if not must and not self._is_a_phones(invite):
            return None
        request, source = invite.request, invite.source.host
        user = claimed_user(request)
        wait_s = 0.0 if user is None else self._guard.wait_s(source, user, now)
        if wait_s > 0:
            return Refusal(503, "", "login.too-often", math.ceil(wait_s))
        verdict = authorize_caller(request, self._digest, self._secret_of, now, self._md5_only)
        self._remember(verdict, request, source, now)
        if isinstance(verdict, Authorized):
            return verdict.aor
        return Refusal(verdict.status, "", verdict.rule_id, extra=verdict.headers)

    def _is_a_phones(self, invite: ReceivedRequest) -> bool:
        """It offers to log in, or comes from where a phone of that name has registered."""
        if invite.request.headers.get("Authorization") is not None:
            return True
        user, source = invite.from_.uri.user, invite.source
        return user is not None and any(
            (hop.host, hop.port, hop.transport) == (source.host, source.port, source.transport)
            for hop in (binding.hop for binding in self.bindings(unescape(user)))
        )

    def uses(self, connection: ConnectionId) -> bool:
        """Whether that connection is the only way to a registered telephone."""
        return self._registrar.uses(connection)

    def connection_lost(self, connection: ConnectionId) -> None:
        """The telephones behind it are gone until they register again."""
        self._tell(self._registrar.connection_lost(connection))

    def forget(self, binding: Binding) -> None:
        """That telephone does not answer any more."""
        self._tell(self._registrar.forget(binding))

    def _outcome(self, received: ReceivedRequest, now: float) -> Outcome:
        request, source = received.request, received.source
        user = claimed_user(request)
        wait_s = 0.0 if user is None else self._guard.wait_s(source.host, user, now)
        if wait_s > 0:
            # The same for users there are and users there are not.
            later = (("Retry-After", str(math.ceil(wait_s))),)
            return Outcome(503, later, rule_id="login.too-often")
        verdict = authorize(request, self._digest, self._secret_of, now, self._md5_only)
        self._remember(verdict, request, source.host, now)
        if isinstance(verdict, Authorized):
            return self._registrar.register(verdict.aor, request, source, now)
        return replace(verdict, rule_id=_NOBODY) if self._asks_for_nobody(verdict, request) else verdict

    def _asks_for_nobody(self, verdict: Outcome, request: Request) -> bool:
        """A challenge like any other for who asks; many of them tell a scanner."""
        if verdict.status != 401 or verdict.rule_id:
            return False
        user = addressed_user(request)
        return user is not None and self._secret_of(user) is None

    def _remember(self, verdict: Authorized | Outcome, request: Request, source: str, now: float) -> None:
        user = claimed_user(request)
        if isinstance(verdict, Authorized):
            self._guard.succeeded(source, verdict.aor)
            self.on_login(source)
        elif user is not None and verdict.rule_id in GUESSES:
            self._guard.failed(source, user, now)

    def reconfigure(self, settings: SipSettings) -> None:
        """Bounds and lives of registrations from the next REGISTER on; those that hold are kept."""
        self._registrar.settings = settings.registrar
        self._md5_only = settings.registrar.md5_only_user_agents

    def drop_gone(self) -> None:
        """Accounts that are no more: so are their telephones."""
        for user in self._registrar.users():
            if self._secret_of(user) is None:
                for binding in self.bindings(user):
                    self.forget(binding)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        at = self._registrar.next_expiry()
        if at is None or (self._timer is not None and self._timer.when() <= at):
            return
        self.close()
        self._timer = asyncio.get_running_loop().call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._tell(self._registrar.expire(asyncio.get_running_loop().time()))
        self._arm()

    def _tell(self, effects: Iterable[RegistrarEffect]) -> None:
        for effect in effects:
            if not isinstance(effect, BindingRefreshed):
                binding = effect.binding
                log.info(
                    "registrar.changed", change=type(effect).__name__, user=binding.aor, hop=str(binding.hop)
                )
            self._on_change(effect)
