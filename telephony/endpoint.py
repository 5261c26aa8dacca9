"""The telephone line as the server sees it: calls come in, calls are placed, telephones register."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import structlog

from telephony.admission import NOT_ALLOWED, Load, Refusal, Source
from telephony.call import Call
from telephony.call_facts import CallDirection, CallFacts, Line, arrived, ipv4_of
from telephony.liveness import Liveness
from telephony.refusals import Refusals
from telephony.registrar.bindings import Binding
from telephony.registrar.desk import RegistrationDesk
from telephony.sdp.offer_answer import MediaProfile
from telephony.session.agent_events import (
    CallArrived,
    CallFact,
    ConnectionLost,
    RequestFailed,
    RequestWaits,
    ResponseCame,
)
from telephony.session.events import (
    Acknowledged,
    Answered,
    Ended,
    Fact,
    Hangup,
    Party,
    Refuse,
    SessionId,
    TargetFailed,
)
from telephony.session.identity import lasting_token
from telephony.session.login import Login
from telephony.session.outgoing import Invitation
from telephony.settings import SipSettings
from telephony.signalling import Signalling, Told
from telephony.sip.fields import NameAddr
from telephony.sip.hop import ConnectionId, Hop, Transport
from telephony.sip.message import Request, Response
from telephony.sip.received import ReceivedRequest
from telephony.sip.responses import response_to
from telephony.sip.transaction_events import Failure, TransactionId
from telephony.sip.uri import Uri
from telephony.transport.sip_transport import BoundAddress
from telephony.trunks.dialling import CallingParty, Way, way_to
from telephony.trunks.outbound_trunks import OutboundTrunk, OutboundTrunks
from telephony.trunks.registration import RequestUnanswered

if TYPE_CHECKING:
    from media.call_sound import SoundEngine

log = structlog.get_logger(__name__)

_SESSION_ID_BITS = 62


_UNTIL_NEXT_START = ("address", "advertised_address", "port", "try_next_ports", "realm", "transport", "tls")
# A telephone that is there answers an INVITE within 200 ms, with a 100 at least.
_SILENT_PHONE_S = 4.0
_NOT_TAKEN = Refusal(500, "", "call.not-taken")


def unloaded() -> Load:
    """Nothing is busy and nothing is limited."""
    return Load(calls=0, max_calls=sys.maxsize)


class SipEndpoint:
    """Everything runs in the event loop that `start` was awaited in.

    `on_call` gets every admitted incoming call; it must not block, and sets the call's `on_event`.
    Without a desk, REGISTER is refused. `measure` is asked for each new call how busy everything else is; the
    calls themselves are counted here.
    """

    def __init__(
        self,
        settings: SipSettings,
        media: SoundEngine,
        on_call: Callable[[Call], None],
        desk: RegistrationDesk | None = None,
        measure: Callable[[], Load] = unloaded,
    ) -> None:
        self._settings = settings
        self._on_call = on_call
        self._desk = desk
        self._measure = measure
        self._signalling = Signalling(settings, self._on_told, self._load, self._is_needed)
        self._line = Line(
            media,
            self._signalling.command,
            self._signalling.now,
            lambda: secrets.randbits(_SESSION_ID_BITS),
            self._signalling.note,
            lambda host, found: self._signalling.resolver.lookup(host, socket.AF_INET, found),
            secrets.token_bytes,
        )
        self._liveness = Liveness(settings.probe_after_s, self._signalling.command)
        self._calls: dict[SessionId, Call] = {}
        self._incoming: Counter[str] = Counter()
        self._phones: dict[SessionId, Binding] = {}
        self._requests: dict[TransactionId, asyncio.Future[Response]] = {}
        self._stopping = False
        self._outbound = OutboundTrunks(settings, self, self._signalling.now)
        self._routes: dict[SessionId, OutboundTrunk] = {}
        self._outgoing: Counter[str] = Counter()
        if desk is not None:
            desk.on_refused = self._signalling.note
            desk.on_login = self._signalling.trust

    @property
    def calls(self) -> tuple[Call, ...]:
        """Those that are not over."""
        return tuple(self._calls.values())

    def incoming_calls(self, trunk: str) -> int:
        """Calls of that trunk that are not over."""
        return self._incoming[trunk]

    @property
    def tls_port(self) -> int | None:
        """Where TLS is listened on, once started; None without TLS."""
        bound = self._signalling.identity.addresses.get(Transport.TLS)
        return None if bound is None else bound[1]

    @property
    def refusals(self) -> Refusals:
        """What was refused since the start, by rule."""
        return self._signalling.refusals

    async def start(self) -> BoundAddress:
        """Listens on UDP and TCP, on a following port if the first is taken; raises TransportError."""
        bound = await self._signalling.open()
        log.info("sip.listening", address=bound.address, port=bound.port)
        self._outbound.start()
        return bound

    async def stop(self, grace_s: float = 2.0) -> None:
        """Turns new calls away, ends those there are, and waits a moment for the answers to that."""
        self._stopping = True
        await self._outbound.stop()
        for call in self.calls:
            await call.hang_up("shutting down")
        if not await self._signalling.drain(grace_s):
            log.info("sip.not_drained", grace_s=grace_s)
        await self.abandon()

    def reconfigure(self, settings: SipSettings) -> None:
        """Trunks, networks and limits from the next message on; calls and registrations are not touched.

        Raises ValueError, and changes nothing, when a setting differs that holds until the next start.
        """
        fixed = [key for key in _UNTIL_NEXT_START if getattr(settings, key) != getattr(self._settings, key)]
        if fixed:
            raise ValueError(f"needs a restart: {', '.join(f'sip.{key}' for key in fixed)}")
        self._signalling.reconfigure(settings)
        self._settings = settings
        self._liveness.probe_after_s = settings.probe_after_s
        if self._desk is not None:
            self._desk.reconfigure(settings)
        self._outbound.reconfigure(settings)

    def drop_gone_phones(self) -> None:
        """After a change of accounts: telephones of those that are no more are not called any more."""
        if self._desk is not None:
            self._desk.drop_gone()

    async def abandon(self) -> None:
        """Closes the sockets without a word to anybody, as the end of the process would."""
        if self._desk is not None:
            self._desk.close()
        await self._signalling.close()

    async def place_call(
        self,
        target: str | Uri | Binding,
        *,
        caller: str | NameAddr | None = None,
        display: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        login: Login | None = None,
        proxy: Hop | None = None,
        probe_after_s: float | None = None,
        lasting: str = "",
    ) -> Call:
        """Sends an INVITE and returns at once; `wait_answered` tells the outcome.

        `caller` is a user name at our address, or a whole address. `probe_after_s` finds a peer that vanished
        sooner than the settings would; for agents' phones that is so without saying. Raises MediaError,
        SipSyntaxError for a malformed target and ValueError for one that cannot be called, now or ever.

        A target whose host is the name of a trunk is called through that trunk: at its targets, one after the
        other, with its login.

        `lasting`, an unguessable word that is kept, makes the call one that another run of the program goes
        on with: see `Invitation`. Its `AnswerWaits` must be taken.
        """
        trunk = self._trunk_of(target)
        way = way_to(target, proxy, trunk, self._signalling.now())
        if trunk is not None:
            login = login or trunk.login
        own = self._signalling.identity.address_for(way.where.hop)
        from_ = way.from_(CallingParty(caller, display), own, login)
        phone = target if isinstance(target, Binding) else None
        if phone is not None and probe_after_s is None:
            probe_after_s = self._settings.probe_phones_after_s
        facts = replace(_outgoing_facts(way, from_, lasting), profile=self._profile(way, phone))
        call = Call(facts, self._line, probe_after_s)
        invitation = Invitation(
            way.where.uri,
            way.where.hop,
            from_,
            call.offer(),
            call.sip_call_id,
            headers=headers,
            login=login,
            others=way.others,
            lasting=bool(lasting),
        )
        self._remember_outgoing(call, phone, trunk)
        self._signalling.invite(invitation, call.facts.id)
        return call

    def _profile(self, way: Way, phone: Binding | None) -> MediaProfile:
        """Of a trunk also where it is called by its address alone."""
        admission = self._signalling.admission
        if phone is not None:
            return admission.profile_of(Source(None, phone=True))
        trunk = way.trunk.name if way.trunk is not None else admission.source(way.where.hop.host).trunk
        return admission.profile_of(Source(trunk, phone=False))

    def _remember_outgoing(self, call: Call, phone: Binding | None, trunk: OutboundTrunk | None) -> None:
        self._calls[call.facts.id] = call
        if phone is not None:
            self._phones[call.facts.id] = phone
        if trunk is not None:
            self._routes[call.facts.id] = trunk
            self._outgoing[trunk.name] += 1

    def resend(self, message: bytes, to: Hop) -> None:
        """What an earlier run of the program had made ready, once more; nothing is expected of it."""
        self._signalling.send(message, to)

    async def request(self, request: Request, to: Hop) -> Response:
        """Sends a request that belongs to no call and waits for the final response; raises RequestUnanswered.

        The Via is added; all other headers are the caller's.
        """
        transaction = self._signalling.request(request, to)
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._requests[transaction] = answered
        try:
            return await answered
        finally:
            del self._requests[transaction]

    def contact(self, peer: Hop, user: str | None = None) -> str:
        """How that peer reaches us, as the value of a Contact."""
        return self._signalling.identity.contact(peer, user)

    def _trunk_of(self, target: str | Uri | Binding) -> OutboundTrunk | None:
        if isinstance(target, Binding):
            return None
        uri = Uri.parse(target) if isinstance(target, str) else target
        trunk = self._outbound.get(uri.host)
        if trunk is not None:
            calls = self._outgoing[trunk.name] + self._incoming[trunk.name]
            if trunk.max_calls is not None and calls >= trunk.max_calls:
                raise ValueError(f"trunk {trunk.name} has all the calls it may have")
        return trunk

    def _on_told(self, told: Told) -> None:
        match told:
            case CallArrived(session, invite):
                self._on_arrival(session, invite)
            case CallFact(session, fact):
                self._on_fact(session, fact)
            case RequestWaits(transaction, received):
                self._on_register(transaction, received)
            case ResponseCame(transaction, received):
                self._settle(transaction, received.response)
            case RequestFailed(transaction, failure):
                self._settle(transaction, failure)
            case ConnectionLost(connection):
                if self._desk is not None:
                    self._desk.connection_lost(connection)
            case _:
                assert_never(told)

    def _on_fact(self, session: SessionId, fact: Fact) -> None:
        call = self._calls.get(session)
        if isinstance(fact, TargetFailed) and (trunk := self._routes.get(session)) is not None:
            log.warning("trunk.target_failed", trunk=trunk.name, hop=str(fact.hop))
            trunk.route.failed(fact.hop, self._signalling.now())
        if isinstance(fact, Ended):
            self._forget(session, fact.hangup)
        if call is not None:
            call.handle(fact)
            if isinstance(fact, Answered | Acknowledged):
                self._liveness.watch(call)

    def _on_arrival(self, session: SessionId, invite: ReceivedRequest) -> None:
        admission = self._signalling.admission
        trunk = admission.source(invite.source.host).trunk or ""
        agent = self._caller(invite, must=not trunk)
        if isinstance(agent, Refusal):
            if agent.rule_id:
                self._signalling.note(agent, invite.source.host)
            self._signalling.command(session, Refuse(agent.status, agent.reason, agent.headers))
            return
        trunk = trunk if agent is None else ""
        profile = admission.profile_of(Source(trunk or None, phone=agent is not None))
        facts = arrived(session, invite, trunk, agent, profile, trusted=admission.trusts(trunk))
        call = Call(facts, self._line, None if agent is None else self._settings.probe_phones_after_s)
        self._calls[session] = call
        self._incoming[trunk] += 1
        try:
            self._on_call(call)
        except Exception:
            log.exception("call.not_taken", call_id=call.id)
            self._signalling.note(_NOT_TAKEN, facts.peer_ip or "")
            self._signalling.command(session, Refuse(_NOT_TAKEN.status))

    def _caller(self, invite: ReceivedRequest, *, must: bool) -> str | Refusal | None:
        """The agent whose phone calls; None for a call over a trunk."""
        if self._desk is None:
            return NOT_ALLOWED if must else None
        return self._desk.caller(invite, self._signalling.now(), must=must)

    def _forget(self, session: SessionId, hangup: Hangup) -> None:
        call = self._calls.pop(session, None)
        self._liveness.forget(session)
        trunk = self._routes.pop(session, None)
        if trunk is not None:
            self._outgoing[trunk.name] -= 1
        phone = self._phones.pop(session, None)
        if phone is not None and call is not None and self._desk is not None:
            rang_s = self._signalling.now() - call.invited_at
            if hangup.by is Party.NETWORK or (hangup.silent and rang_s > _SILENT_PHONE_S):
                self._desk.forget(phone)
        if call is not None and call.facts.trunk is not None:
            self._incoming[call.facts.trunk] -= 1

    def _is_needed(self, connection: ConnectionId) -> bool:
        return self._desk is not None and self._desk.uses(connection)

    def _load(self, trunk: str) -> Load:
        measured = self._measure()
        return replace(
            measured,
            calls=self._incoming.total(),
            trunk=trunk,
            trunk_calls=self._incoming[trunk],
            draining=measured.draining or self._stopping,
        )

    def _on_register(self, transaction: TransactionId, received: ReceivedRequest) -> None:
        if self._desk is None:
            response = response_to(received.request, 403, to_tag=secrets.token_hex(8))
        else:
            response = self._desk.answer(received, self._signalling.now())
        self._signalling.respond(transaction, response)

    def _settle(self, transaction: TransactionId, result: Response | Failure) -> None:
        answered = self._requests.get(transaction)
        if answered is None or answered.done():
            return
        if isinstance(result, Failure):
            answered.set_exception(RequestUnanswered(result))
        elif result.status >= 200:
            answered.set_result(result)


def _outgoing_facts(way: Way, from_: NameAddr, lasting: str) -> CallFacts:
    return CallFacts(
        SessionId(lasting_token(lasting) if lasting else secrets.token_hex(8)),
        lasting or secrets.token_hex(16),
        CallDirection.OUTGOING,
        way.where.uri,
        from_.uri,
        peer_ip=ipv4_of(way.where.hop.host),
    )
