"""The thin shell around the SIP core: datagrams in, effects out, one timer re-armed (no decisions here)."""

from __future__ import annotations

import asyncio
import math
import secrets
import ssl
from collections.abc import Callable, Iterable

import structlog

from telephony.admission import TOO_MUCH, UNKNOWN_SOURCE, Admission, Refusal
from telephony.gate import BANNED, Gate, Measure
from telephony.refusals import Refusals
from telephony.session.agent_events import (
    AgentEffect,
    CallArrived,
    CallFact,
    ConnectionLost,
    Refused,
    RequestFailed,
    RequestWaits,
    ResponseCame,
)
from telephony.session.events import Command, SessionId
from telephony.session.identity import Identity, Means
from telephony.session.outgoing import Invitation
from telephony.session.user_agent import UserAgent
from telephony.settings import SipSettings, TlsSettings
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import ConnectionId, Hop, Transport
from telephony.sip.message import Request, Response
from telephony.sip.parser import parse_message
from telephony.sip.responses import response_to
from telephony.sip.transaction_events import SendMessage, TransactionId
from telephony.transport.own_address import own_address
from telephony.transport.resolver import Resolver
from telephony.transport.sip_transport import BoundAddress, SipTransport, TransportError
from telephony.transport.tls import TlsError, client_context, load, server_context

log = structlog.get_logger(__name__)

Told = CallArrived | CallFact | RequestWaits | ResponseCame | RequestFailed | ConnectionLost

# A call leaves two transactions for 32 s: enough for 700 calls a second.
_MAX_TRANSACTIONS = 50_000
_UNREADABLE = "sip.unreadable"

_HEARTBEAT_S = 0.1


class Signalling:
    """What is told comes in the event loop, possibly within the very method that caused it.

    `measure` is asked for each new call before anything is remembered of it. A connection over which no call
    runs, and that nothing else `is_needed` for, is closed when it has been silent long enough.
    """

    def __init__(
        self,
        settings: SipSettings,
        on_told: Callable[[Told], None],
        measure: Measure,
        is_needed: Callable[[ConnectionId], bool],
    ) -> None:
        self._settings = settings
        self._on_told = on_told
        self._gate = Gate(settings, measure, self._on_ban)
        self.resolver = Resolver()
        self._transport = SipTransport(
            settings.transport,
            self.resolver,
            on_message=self._on_arrival,
            on_framing_lost=self._refuse_unreadable,
            on_failed=self._on_transport_failed,
            on_lost=self._on_connection_lost,
            is_needed=lambda connection: is_needed(connection) or self._agent.uses(connection),
            delay=self._gate.delay,
        )
        self._tls: ssl.SSLContext | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = math.inf
        self._drained: asyncio.Event | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._ban_ends: asyncio.TimerHandle | None = None

    @property
    def admission(self) -> Admission:
        return self._gate.admission

    @property
    def refusals(self) -> Refusals:
        return self._gate.refusals

    async def open(self) -> BoundAddress:
        """Raises TransportError when no port can be had."""
        self._loop = asyncio.get_running_loop()
        bound = await self._bind()
        here = (own_address(bound.address), bound.port)
        addresses = {Transport.UDP: here, Transport.TCP: here}
        tls = self._settings.tls
        if tls.port is not None:
            addresses[Transport.TLS] = (
                here[0],
                await self._listen_tls(tls, bound.address, tls.port, here[0]),
            )
        self.identity = Identity(addresses, advertised=self._settings.advertised_address)
        means = Means(self.identity, lambda: secrets.token_hex(8))
        self._agent = UserAgent(
            means, _MAX_TRANSACTIONS, lambda received: self._gate.admits(received, self.now())
        )
        self._heartbeat = self._loop.call_later(_HEARTBEAT_S, self._beat)
        return bound

    def reconfigure(self, settings: SipSettings) -> None:
        """Judges by the new settings from the next message on, and shows a certificate that was exchanged."""
        if self._tls is not None:
            try:
                load(self._tls, settings.tls)
            except TlsError as error:
                raise ValueError(str(error)) from error
        # It may be asked for before anything is open.
        self._gate.reconfigure(settings, asyncio.get_running_loop().time())

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
        for timer in (self._timer, self._heartbeat, self._ban_ends):
            if timer is not None:
                timer.cancel()
        self._timer = self._heartbeat = self._ban_ends = None
        self.resolver.close()
        await self._transport.close()

    def now(self) -> float:
        return self._loop.time()

    def command(self, session: SessionId, command: Command) -> None:
        self._carry_out(self._agent.command(session, command, self.now()))

    def invite(self, invitation: Invitation, session: SessionId) -> None:
        """Starts a call under that id. What anybody sends in the name of those who are called bans nobody."""
        for hop in (invitation.to, *invitation.others):
            self.trust(hop.host)
        self._carry_out(self._agent.invite(invitation, session, self.now()))

    def send(self, message: bytes, to: Hop) -> None:
        """Outside of any transaction."""
        self._transport.send(message, to)

    def request(self, request: Request, to: Hop) -> TransactionId:
        self.trust(to.host)
        transaction, effects = self._agent.request(request, to, self.now())
        self._carry_out(effects)
        return transaction

    def respond(self, transaction: TransactionId, response: Response) -> None:
        self._carry_out(self._agent.respond(transaction, response, self.now()))

    async def _listen_tls(self, settings: TlsSettings, address: str, port: int, own_name: str) -> int:
        try:
            name = self._settings.advertised_address or own_name
            self._tls = server_context(settings, name)
            client = client_context(settings)
        except TlsError as error:
            raise TransportError(str(error), port_taken=False) from error
        return await self._transport.listen_tls(address, port, self._tls, client)

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
            refusal = self._gate.unread(data, source.host, self._agent.knows, self.now())
            if refusal is None:
                self._on_message(data, source)
                return
            if refusal is not BANNED and self._may_answer(refusal, source) and refusal is not TOO_MUCH:
                self._turn_away(data, refusal, source)
            if refusal is UNKNOWN_SOURCE or refusal is BANNED:
                self._transport.hang_up(source)
        except Exception:
            log.exception("sip.message_failed", source=str(source))

    def _turn_away(self, data: bytes, refusal: Refusal, source: Hop) -> None:
        """Read only now, and only to address the answer."""
        try:
            message = parse_message(data, max_bytes=self._settings.transport.max_message_bytes)
        except SipSyntaxError as error:
            if error.request is None:
                return
            message = error.request
        if isinstance(message, Request) and message.method != "ACK":
            response = response_to(
                message, refusal.status, refusal.reason, to_tag="stranger", extra=refusal.headers
            )
            self._transport.send(response.to_bytes(), source)

    def note(self, refusal: Refusal, host: str) -> None:
        """A refusal that is answered by a call itself: counted, with a line about it if there is room."""
        self._gate.note(refusal, host, self.now())

    def trust(self, host: str) -> None:
        """Somebody of ours is there."""
        self._gate.trust(host, self.now())

    def _may_answer(self, refusal: Refusal, source: Hop) -> bool:
        return self._gate.may_answer(refusal, source.host, self.now())

    def _on_ban(self, sources: frozenset[str]) -> None:
        self._transport.ignore(sources)
        if self._ban_ends is not None:
            self._ban_ends.cancel()
        at = self._gate.bans.next_end(self.now())
        self._ban_ends = None if at is None else self._loop.call_at(at, self._lift_bans)

    def _lift_bans(self) -> None:
        self._gate.lift_bans(self.now())

    def _beat(self) -> None:
        """Tells how late the event loop is; what comes over TCP waits in it unseen."""
        late_s = 0.0 if self._heartbeat is None else self.now() - self._heartbeat.when()
        self._gate.lateness.saw(late_s, self.now())
        self._heartbeat = self._loop.call_later(_HEARTBEAT_S, self._beat)

    def _refuse(self, refused: Refused) -> None:
        if self._may_answer(refused.refusal, refused.received.source):
            self._transport.send(refused.response().to_bytes(), refused.received.reply_to)

    def _refuse_unreadable(self, error: SipSyntaxError, source: Hop) -> None:
        request = error.request
        answered = self._may_answer(Refusal(error.status, error.reason, _UNREADABLE), source)
        if not answered or request is None or request.method == "ACK":
            return
        # Not even its Via can be relied on: the answer goes back to where it came from, without memory.
        response = response_to(request, error.status, error.reason, to_tag="unreadable")
        self._transport.send(response.to_bytes(), source)

    def _on_transport_failed(self, hop: Hop) -> None:
        self._carry_out(self._agent.transport_failed(hop, self.now()))

    def _on_connection_lost(self, connection: ConnectionId) -> None:
        self._on_told(ConnectionLost(connection))
        self._carry_out(self._agent.connection_lost(connection, self.now()))

    def _on_timer(self) -> None:
        self._timer, self._wakes_at = None, math.inf
        try:
            self._carry_out(self._agent.fire(self.now()))
        except Exception:
            # What was due beside it is still due: it comes at the next turn.
            log.exception("sip.timer_failed")

    def _carry_out(self, effects: Iterable[AgentEffect]) -> None:
        """One that fails takes neither the others along nor the clock."""
        try:
            for effect in effects:
                try:
                    self._carry_out_one(effect)
                except Exception:
                    log.exception("sip.effect_failed", effect=type(effect).__name__)
        finally:
            self._after()

    def _carry_out_one(self, effect: AgentEffect) -> None:
        if isinstance(effect, SendMessage):
            self._transport.send(effect.message.to_bytes(), effect.to)
        elif isinstance(effect, Refused):
            self._refuse(effect)
        else:
            self._on_told(effect)

    def _after(self) -> None:
        at = self._agent.next_timer()
        if at is not None and at < self._wakes_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(at, self._on_timer)
            self._wakes_at = at
        if self._drained is not None and not self._agent.talking:
            self._drained.set()
