"""Where telephones report: the registrar core with its digest, its clock and somebody to tell."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable

import structlog

from telephony.registrar import (
    AddressOfRecord,
    Authorized,
    Binding,
    BindingRefreshed,
    Registrar,
    RegistrarEffect,
    authorize,
)
from telephony.settings import SipSettings
from telephony.sip.digest import Secret
from telephony.sip.digest_server import DigestServer
from telephony.sip.message import Response
from telephony.sip.received import ReceivedRequest
from telephony.sip.responses import response_to

log = structlog.get_logger(__name__)


def _unheard(_effect: RegistrarEffect) -> None:
    """Nobody wants to know."""


class RegistrationDesk:
    """`secret_of` knows the agents' passwords; `on_change` hears of telephones that come, stay and go."""

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
        self._secret_of = secret_of
        self._md5_only = settings.registrar.md5_only_user_agents
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None

    def bindings(self, user: str) -> tuple[Binding, ...]:
        """The telephones of that user now, the one heard of last at the end."""
        return self._registrar.bindings(AddressOfRecord(user), asyncio.get_running_loop().time())

    def answer(self, received: ReceivedRequest, now: float) -> Response:
        """The response to a REGISTER."""
        request = received.request
        verdict = authorize(request, self._digest, self._secret_of, now, self._md5_only)
        if isinstance(verdict, Authorized):
            outcome = self._registrar.register(verdict.aor, request, received.source, now)
        else:
            outcome = verdict
        self._tell(outcome.effects)
        self._arm()
        return response_to(request, outcome.status, to_tag=secrets.token_hex(8), extra=outcome.headers)

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
