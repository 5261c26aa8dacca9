"""The user agent core: brings messages to the calls they belong to. All of SIP but sockets and clocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from telephony.agent_events import (
    AgentEffect,
    CallArrived,
    CallFact,
    RequestFailed,
    RequestWaits,
    ResponseCame,
)
from telephony.capabilities import Extra, options_headers, refusal_of
from telephony.identity import Means, new_branch
from telephony.incoming import IncomingInvite
from telephony.outgoing import Invitation, OutgoingInvite
from telephony.session_events import (
    Command,
    Respond,
    SendAck,
    SendRequest,
    SessionEffect,
    SessionId,
    SessionTimer,
    Tell,
    Wake,
)
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import Hop
from telephony.sip.message import Message, Request, Response
from telephony.sip.received import ReceivedRequest, ReceivedResponse, received
from telephony.sip.responses import response_to
from telephony.sip.timers import TimerHeap
from telephony.sip.transaction_events import (
    Effect,
    Failure,
    PassToUser,
    SendMessage,
    StartTimer,
    Terminated,
    TransactionFailed,
    TransactionId,
)
from telephony.sip.transactions import TransactionLayer

Session = IncomingInvite | OutgoingInvite


class UserAgent:
    """Every call and every transaction of one endpoint. A call no longer known ignores commands."""

    def __init__(self, means: Means, max_transactions: int = 20_000) -> None:
        self._means = means
        self._layer = TransactionLayer(means.timers, max_transactions)
        self._sessions: dict[SessionId, Session] = {}
        self._invites: dict[TransactionId, SessionId] = {}
        self._owners: dict[TransactionId, tuple[SessionId, str]] = {}
        self._open_requests: dict[SessionId, int] = {}
        self._timers: TimerHeap[tuple[SessionId, SessionTimer, int]] = TimerHeap()

    @property
    def sessions(self) -> int:
        """Calls that still have something to say, ended ones that wait for a last answer included."""
        return len(self._sessions)

    @property
    def talking(self) -> bool:
        """Whether a call is not over yet, or its end not yet agreed with the peer."""
        return any(not session.finished for session in self._sessions.values())

    def next_timer(self) -> float | None:
        times = [at for at in (self._layer.next_timer(), self._timers.next()) if at is not None]
        return min(times, default=None)

    def fire(self, now: float) -> list[AgentEffect]:
        effects = self._outward(self._layer.fire(now), now)
        for ident, timer, cseq in self._timers.due(now):
            session = self._sessions.get(ident)
            if session is not None:
                effects += self._carry_out(session, session.on_wake(timer, cseq, now), now)
        return effects

    def receive(self, message: Message, source: Hop, now: float) -> list[AgentEffect]:
        """Raises SipSyntaxError for a message whose fields cannot be read."""
        arrived = received(message, source)
        if isinstance(arrived, ReceivedResponse):
            return self._outward(self._layer.receive_response(arrived, now), now, arrived)
        effects: list[AgentEffect] = []
        for effect in self._layer.receive_request(arrived, now):
            if isinstance(effect, PassToUser):
                effects += self._on_request(effect.transaction, arrived, now)
            else:
                effects += self._outward((effect,), now)
        return effects

    def command(self, ident: SessionId, command: Command, now: float) -> list[AgentEffect]:
        session = self._sessions.get(ident)
        return [] if session is None else self._carry_out(session, session.handle(command, now), now)

    def invite(self, invitation: Invitation, ident: SessionId, now: float) -> list[AgentEffect]:
        """Starts a call; the id, unguessable, is also our tag."""
        session = OutgoingInvite(invitation, ident, self._means)
        self._sessions[ident] = session
        return self._carry_out(session, session.start(), now)

    def request(self, request: Request, to: Hop, now: float) -> tuple[TransactionId, list[AgentEffect]]:
        """Starts a transaction that belongs to no call: REGISTER, OPTIONS. The Via is added here."""
        branch = new_branch(self._means.tokens)
        via = self._means.identity.via(to, branch)
        complete = request.with_headers(request.headers.prepending("Via", via))
        ident, effects = self._layer.send(complete, branch, to, now)
        return ident, self._outward(effects, now)

    def respond(self, transaction: TransactionId, response: Response, now: float) -> list[AgentEffect]:
        """The answer to a request that waits."""
        return self._outward(self._layer.respond(transaction, response, now), now)

    def transport_failed(self, to: Hop, now: float) -> list[AgentEffect]:
        return self._outward(self._layer.transport_failed(to, now), now)

    def _on_request(
        self, transaction: TransactionId, arrived: ReceivedRequest, now: float
    ) -> list[AgentEffect]:
        if arrived.method == "ACK":
            return self._on_ack(transaction, arrived, now)
        if arrived.method == "CANCEL":
            return self._on_cancel(transaction, arrived, now)
        refusal = refusal_of(arrived.request, self._means.tokens)
        if refusal is not None:
            return self.respond(transaction, refusal, now)
        if arrived.method == "REGISTER":
            return [RequestWaits(transaction, arrived)]
        if arrived.to.tag is None:
            return self._on_request_outside(transaction, arrived, now)
        session = self._session_of(arrived)
        if session is None:
            return self._answer(transaction, arrived, 481, now)
        return self._carry_out(session, session.on_request(transaction, arrived, now), now)

    def _on_ack(self, transaction: TransactionId, arrived: ReceivedRequest, now: float) -> list[AgentEffect]:
        session = self._session_of(arrived)
        if session is None:
            return []
        return self._carry_out(session, session.on_request(transaction, arrived, now), now)

    def _on_cancel(
        self, transaction: TransactionId, cancel: ReceivedRequest, now: float
    ) -> list[AgentEffect]:
        invite = self._layer.cancelled_by(cancel)
        if invite is None:
            return self._answer(transaction, cancel, 481, now)
        effects = self._answer(transaction, cancel, 200, now, to_tag=self._invites.get(invite))
        session = self._sessions.get(self._invites.get(invite, SessionId("")))
        if session is not None:
            effects += self._carry_out(session, session.on_cancel(), now)
        return effects

    def _on_request_outside(
        self, transaction: TransactionId, arrived: ReceivedRequest, now: float
    ) -> list[AgentEffect]:
        match arrived.method:
            case "INVITE":
                return self._on_invite(transaction, arrived, now)
            case "OPTIONS":
                return self._answer(transaction, arrived, 200, now, extra=options_headers())
            case _:
                return self._answer(transaction, arrived, 481, now)

    def _on_invite(
        self, transaction: TransactionId, invite: ReceivedRequest, now: float
    ) -> list[AgentEffect]:
        try:
            session = IncomingInvite(transaction, invite, self._means.tokens(), self._means)
        except SipSyntaxError as error:
            response = response_to(invite.request, error.status, error.reason, to_tag=self._means.tokens())
            return self.respond(transaction, response, now)
        self._sessions[session.ident] = session
        self._invites[transaction] = session.ident
        return [CallArrived(session.ident, invite)]

    def _session_of(self, arrived: ReceivedRequest) -> Session | None:
        session = self._sessions.get(SessionId(arrived.to.tag or ""))
        return session if session is not None and session.is_meant_by(arrived) else None

    def _answer(
        self,
        transaction: TransactionId,
        arrived: ReceivedRequest,
        status: int,
        now: float,
        *,
        extra: Extra = (),
        to_tag: str | None = None,
    ) -> list[AgentEffect]:
        tag = to_tag or self._means.tokens()
        return self.respond(transaction, response_to(arrived.request, status, to_tag=tag, extra=extra), now)

    def _carry_out(self, session: Session, orders: list[SessionEffect], now: float) -> list[AgentEffect]:
        effects: list[AgentEffect] = []
        for order in orders:
            match order:
                case Tell(fact):
                    effects.append(CallFact(session.ident, fact))
                case Respond(transaction, response):
                    effects += self.respond(transaction, response, now)
                case SendAck(request, to):
                    effects.append(SendMessage(request, to))
                case Wake(timer, cseq, at):
                    self._timers.add(at, (session.ident, timer, cseq))
                case SendRequest(request, branch, to):
                    effects += self._send(session.ident, request, branch, to, now)
                case _:
                    assert_never(order)
        self._forget_if_finished(session)
        return effects

    def _send(
        self, ident: SessionId, request: Request, branch: str, to: Hop, now: float
    ) -> list[AgentEffect]:
        transaction, effects = self._layer.send(request, branch, to, now)
        self._owners[transaction] = (ident, request.method)
        self._open_requests[ident] = self._open_requests.get(ident, 0) + 1
        return self._outward(effects, now)

    def _outward(
        self, effects: Iterable[Effect], now: float, arrived: ReceivedResponse | None = None
    ) -> list[AgentEffect]:
        outward: list[AgentEffect] = []
        for effect in effects:
            match effect:
                case SendMessage():
                    outward.append(effect)
                case PassToUser(transaction) if arrived is not None:
                    outward += self._on_response(transaction, arrived, now)
                case TransactionFailed(transaction, failure):
                    outward += self._on_failure(transaction, failure, now)
                case Terminated(transaction):
                    self._on_terminated(transaction)
                case PassToUser() | StartTimer():
                    pass
                case _:
                    assert_never(effect)
        return outward

    def _on_response(
        self, transaction: TransactionId, arrived: ReceivedResponse, now: float
    ) -> list[AgentEffect]:
        if transaction not in self._owners:
            return [ResponseCame(transaction, arrived)]
        session = self._sessions.get(self._owners[transaction][0])
        if session is None:
            return []
        return self._carry_out(session, session.on_response(arrived, now), now)

    def _on_failure(self, transaction: TransactionId, failure: Failure, now: float) -> list[AgentEffect]:
        if transaction not in self._owners:
            # Of a server transaction nobody needs to know: the session has its own clock for the ACK.
            return [RequestFailed(transaction, failure)]
        ident, method = self._owners[transaction]
        session = self._sessions.get(ident)
        if session is None:
            return []
        return self._carry_out(session, session.on_failure(method, failure), now)

    def _on_terminated(self, transaction: TransactionId) -> None:
        self._invites.pop(transaction, None)
        owner = self._owners.pop(transaction, None)
        if owner is None:
            return
        ident = owner[0]
        self._open_requests[ident] -= 1
        if self._open_requests[ident] == 0:
            del self._open_requests[ident]
            session = self._sessions.get(ident)
            if session is not None:
                self._forget_if_finished(session)

    def _forget_if_finished(self, session: Session) -> None:
        # Open requests keep it: the 2xx of another fork, or one repeated, may still come and wants its ACK.
        if session.finished and session.ident not in self._open_requests:
            self._sessions.pop(session.ident, None)
