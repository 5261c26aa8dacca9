"""The thin shell around the SIP core: datagrams in, effects out, one timer re-armed (no decisions here)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable

import structlog

from telephony.agent_events import (
    AgentEffect,
    CallArrived,
    CallFact,
    RequestFailed,
    RequestWaits,
    ResponseCame,
)
from telephony.identity import Identity, Means
from telephony.outgoing import Invitation
from telephony.own_address import own_address
from telephony.session_events import Command, SessionId
from telephony.settings import SipSettings
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import Hop, Transport
from telephony.sip.message import Request, Response
from telephony.sip.parser import parse_message
from telephony.sip.responses import response_to
from telephony.sip.transaction_events import SendMessage, TransactionId
from telephony.transport import BoundAddress, SipTransport, TransportError
from telephony.user_agent import UserAgent

log = structlog.get_logger(__name__)

Told = CallArrived | CallFact | RequestWaits | ResponseCame | RequestFailed

# A call leaves two transactions for 32 s: enough for 700 calls a second.
_MAX_TRANSACTIONS = 50_000


class Signalling:
    """What is told comes in the event loop, possibly within the very method that caused it."""

    def __init__(self, settings: SipSettings, on_told: Callable[[Told], None]) -> None:
        self._settings = settings
        self._on_told = on_told
        self._transport = SipTransport(
            settings.transport,
            on_message=self._on_arrival,
            on_framing_lost=self._refuse_unreadable,
            on_failed=self._on_transport_failed,
        )
        self._timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Event | None = None

    async def open(self) -> BoundAddress:
        """Raises TransportError when no port can be had."""
        self._loop = asyncio.get_running_loop()
        bound = await self._bind()
        here = (own_address(bound.address), bound.port)
        self.identity = Identity({Transport.UDP: here, Transport.TCP: here})
        self._agent = UserAgent(Means(self.identity, lambda: secrets.token_hex(8)), _MAX_TRANSACTIONS)
        return bound

    async def drain(self, within_s: float) -> bool:
        """Waits until every ended call has had its last answer; False when that took too long."""
        self._drained = asyncio.Event()
        self._after()
        try:
            async with asyncio.timeout(within_s):
                await self._drained.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._transport.close()

    def now(self) -> float:
        return self._loop.time()

    def command(self, session: SessionId, command: Command) -> None:
        self._carry_out(self._agent.command(session, command, self.now()))

    def invite(self, invitation: Invitation, session: SessionId) -> None:
        """Starts a call under that id."""
        self._carry_out(self._agent.invite(invitation, session, self.now()))

    def request(self, request: Request, to: Hop) -> TransactionId:
        transaction, effects = self._agent.request(request, to, self.now())
        self._carry_out(effects)
        return transaction

    def respond(self, transaction: TransactionId, response: Response) -> None:
        self._carry_out(self._agent.respond(transaction, response, self.now()))

    async def _bind(self) -> BoundAddress:
        settings = self._settings
        last = settings.port + (settings.try_next_ports if settings.port else 0)
        for port in range(settings.port, min(last, 65535) + 1):
            try:
                return await self._transport.bind(settings.address, port)
            except TransportError as error:
                if not error.port_taken or port == last:
                    raise
                log.info("sip.port_taken", port=port)
        raise AssertionError("unreachable")

    def _on_message(self, data: bytes, source: Hop) -> None:
        try:
            message = parse_message(data, max_bytes=self._settings.transport.max_message_bytes)
            effects = self._agent.receive(message, source, self.now())
        except SipSyntaxError as error:
            self._refuse_unreadable(error, source)
        else:
            self._carry_out(effects)

    def _on_arrival(self, data: bytes, source: Hop) -> None:
        """The edge of a message: what nobody expected costs this one, not those that came with it."""
        try:
            self._on_message(data, source)
        except Exception:
            log.exception("sip.message_failed", source=str(source))

    def _refuse_unreadable(self, error: SipSyntaxError, source: Hop) -> None:
        request = error.request
        log.info("sip.unreadable", source=str(source), status=error.status, reason=error.reason)
        if request is None or request.method == "ACK":
            return
        # Not even its Via can be relied on: the answer goes back to where it came from, without memory.
        response = response_to(request, error.status, error.reason, to_tag="unreadable")
        self._transport.send(response.to_bytes(), source)

    def _on_transport_failed(self, hop: Hop) -> None:
        self._carry_out(self._agent.transport_failed(hop, self.now()))

    def _on_timer(self) -> None:
        self._timer = None
        self._carry_out(self._agent.fire(self.now()))

    def _carry_out(self, effects: Iterable[AgentEffect]) -> None:
        for effect in effects:
            if isinstance(effect, SendMessage):
                self._transport.send(effect.message.to_bytes(), effect.to)
            else:
                self._on_told(effect)
        self._after()

    def _after(self) -> None:
        at = self._agent.next_timer()
        if at is not None and (self._timer is None or at < self._timer.when()):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(at, self._on_timer)
        if self._drained is not None and not self._agent.talking:
            self._drained.set()
