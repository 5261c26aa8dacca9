"""The user agent core: brings messages to the calls they belong to. All of SIP but sockets and clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from telephony.admission import Refusal
from telephony.session.agent_events import (
    AgentEffect,
    CallArrived,
    CallFact,
    Refused,
    RequestFailed,
    RequestWaits,
    ResponseCame,
)
from telephony.session.capabilities import described, options_headers, refusal_of
from telephony.session.events import (
    Abandon,
    Command,
    Probe,
    Respond,
    SendAck,
    SendRequest,
    SessionEffect,
    SessionId,
    SessionTimer,
    Tell,
    Wake,
)
from telephony.session.identity import Means, new_branch
from telephony.session.incoming import IncomingInvite
from telephony.session.outgoing import Invitation, OutgoingInvite
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import ConnectionId, Hop
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
from telephony.sip.transactions import STATELESS, TransactionLayer

Session = IncomingInvite | OutgoingInvite


_CAME_TWICE = Refusal(482, "", "request.came-twice")
_NO_SUCH_CALL = Refusal(481, "", "call.unknown")
_FULL = Refusal(503, "", "load.transactions", retry_after_s=5)

# A phone whose connection broke is reached at its address, or comes back within that time.
LOST_FLOW_PATIENCE_S = 5.0

Admits = Callable[[ReceivedRequest], Refusal | None]


def everything(_received: ReceivedRequest) -> Refusal | None:
    """Admits every request."""
    return None


class UserAgent:
    """Every call and every transaction of one endpoint. A call no longer known ignores commands.

    `admits` is asked before anything is remembered of a request that belongs to no call; beyond
    `max_transactions` there is no room for those, while calls may still say what they have to say.
    """

    def __init__(self, means: Means, max_transactions: int = 20_000, admits: Admits = everything) -> None:
        self._means = means
        self._layer = TransactionLayer(means.timers)
        self._max_transactions = max_transactions
        self._admits = admits
        self._sessions: dict[SessionId, Session] = {}
        self._invites: dict[TransactionId, SessionId] = {}
        self._owners: dict[TransactionId, tuple[SessionId, Request]] = {}
        self._open_requests: dict[SessionId, int] = {}
        self._call_ids: Counter[str] = Counter()
        self._asking: dict[TransactionId, str] = {}
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
        transaction, session = self._layer.next_timer(), self._timers.next()
        if transaction is None or session is None:
            return transaction if session is None else session
        return min(transaction, session)

    def fire(self, now: float) -> Iterator[AgentEffect]:
        """What is due, one after the other: what was not taken out when one of them fails is due again."""
        for effect in self._layer.fire(now):
            yield from self._outward((effect,), now)
        for ident, timer, cseq in self._timers.due(now):
            session = self._sessions.get(ident)
            if session is not None:
                yield from self._carry_out(session, session.on_wake(timer, cseq, now), now)

    def knows(self, call_id: str) -> bool:
        """Whether a message with that Call-ID may be about a call or a request of ours."""
        return call_id in self._call_ids

    def receive(self, message: Message, source: Hop, now: float) -> list[AgentEffect]:
        """Raises SipSyntaxError for a message whose fields cannot be read."""
        arrived = received(message, source)
        if isinstance(arrived, ReceivedResponse):
            plain = arrived.with_body(described(message)) if arrived.cseq.method == "INVITE" else arrived
            return self._outward(self._layer.receive_response(arrived, now), now, plain)
        ident, known = self._layer.match(arrived)
        if known:
            return self._pass_up(self._layer.repeat(ident, arrived, now), arrived, now)
        if arrived.method == "ACK":
            return self._on_ack(STATELESS, arrived, now)
        refusal = self._refusal_of(arrived)
        if refusal is not None:
            return [Refused(refusal, arrived)]
        if arrived.method == "OPTIONS" and arrived.to.tag is None:
            return [self._tell_abilities(arrived)]
        return self._pass_up(self._layer.open(ident, arrived, now), arrived, now)

    def command(self, ident: SessionId, command: Command, now: float) -> list[AgentEffect]:
        session = self._sessions.get(ident)
        return [] if session is None else self._carry_out(session, session.handle(command, now), now)

    def invite(self, invitation: Invitation, ident: SessionId, now: float) -> list[AgentEffect]:
        """Starts a call; the id, unguessable, is also our tag."""
        session = OutgoingInvite(invitation, ident, self._means)
        self._remember(session, invitation.call_id)
        return self._carry_out(session, session.start(now), now)

    def request(self, request: Request, to: Hop, now: float) -> tuple[TransactionId, list[AgentEffect]]:
        """Starts a transaction that belongs to no call: REGISTER, OPTIONS. The Via is added here."""
        branch = new_branch(self._means.tokens)
        via = self._means.identity.via(to, branch)
        complete = request.with_headers(request.headers.prepending("Via", via))
        ident, effects = self._layer.send(complete, branch, to, now)
        self._asking[ident] = call_id = request.headers.get("Call-ID") or ""
        self._call_ids[call_id] += 1
        return ident, self._outward(effects, now)

    def respond(self, transaction: TransactionId, response: Response, now: float) -> list[AgentEffect]:
        """The answer to a request that waits. Of a refusal nothing is kept: asked again, it is made again."""
        effects = self._outward(self._layer.respond(transaction, response, now), now)
        if response.status >= 300:
            self._layer.forget(transaction)
        return effects

    def uses(self, connection: ConnectionId) -> bool:
        """Whether a call runs over that connection. Asked once a minute at most for each that is silent."""
        return any(session.flow == connection for session in self._sessions.values())

    def connection_lost(self, connection: ConnectionId, now: float) -> list[AgentEffect]:
        """Peers of calls that ran over it are asked at once whether they are still there."""
        effects: list[AgentEffect] = []
        for session in [each for each in self._sessions.values() if each.flow == connection]:
            effects += self._carry_out(session, session.handle(Probe(LOST_FLOW_PATIENCE_S), now), now)
        return effects

    def transport_failed(self, to: Hop, now: float) -> list[AgentEffect]:
        return self._outward(self._layer.transport_failed(to, now), now)

    def _refusal_of(self, arrived: ReceivedRequest) -> Refusal | None:
        """Before any state is made for a request that is no repetition."""
        if arrived.method == "CANCEL":
            return _NO_SUCH_CALL if self._layer.cancelled_by(arrived) is None else None
        if self._layer.came_twice(arrived):
            return _CAME_TWICE
        if arrived.to.tag is not None and arrived.method != "REGISTER":
            return self._refusal_within(arrived)
        refusal = self._admits(arrived) or refusal_of(arrived.request)
        if refusal is None and arrived.method not in {"INVITE", "REGISTER", "OPTIONS"}:
            return _NO_SUCH_CALL
        return refusal or (_FULL if len(self._layer) >= self._max_transactions else None)

    def _refusal_within(self, arrived: ReceivedRequest) -> Refusal | None:
        if self._session_of(arrived) is None:
            return _NO_SUCH_CALL
        # A BYE always fits; what a peer says in its call is bounded at twice the room for newcomers.
        if arrived.method != "BYE" and len(self._layer) >= 2 * self._max_transactions:
            return _FULL
        return refusal_of(arrived.request)

    def _tell_abilities(self, arrived: ReceivedRequest) -> SendMessage:
        """An OPTIONS outside of calls leaves nothing behind."""
        response = response_to(arrived.request, 200, to_tag=self._means.tokens(), extra=options_headers())
        return SendMessage(response, arrived.reply_to)

    def _pass_up(self, effects: list[Effect], arrived: ReceivedRequest, now: float) -> list[AgentEffect]:
        outward: list[AgentEffect] = []
        for effect in effects:
            if isinstance(effect, PassToUser):
                outward += self._on_request(effect.transaction, arrived, now)
            else:
                outward += self._outward((effect,), now)
        return outward

    def _on_request(
        self, transaction: TransactionId, arrived: ReceivedRequest, now: float
    ) -> list[AgentEffect]:
        match arrived.method:
            case "ACK":
                return self._on_ack(transaction, arrived, now)
            case "CANCEL":
                return self._on_cancel(transaction, arrived, now)
            case "REGISTER":
                return [RequestWaits(transaction, arrived)]
            case "INVITE" | "UPDATE":
                arrived = arrived.with_body(described(arrived.request))
                if arrived.to.tag is None:
                    return self._on_invite(transaction, arrived, now)
        session = self._session_of(arrived)
        if session is None:
            return self._answer(transaction, arrived, 481, now)
        return self._carry_out(session, session.on_request(transaction, arrived, now), now)

    def _on_ack(self, transaction: TransactionId, arrived: ReceivedRequest, now: float) -> list[AgentEffect]:
        session = self._session_of(arrived)
        if session is None:
            return []
        arrived = arrived.with_body(described(arrived.request))
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

    def _on_invite(
        self, transaction: TransactionId, invite: ReceivedRequest, now: float
    ) -> list[AgentEffect]:
        try:
            session = IncomingInvite(transaction, invite, self._means.tokens(), self._means)
        except SipSyntaxError as error:
            response = response_to(invite.request, error.status, error.reason, to_tag=self._means.tokens())
            return self.respond(transaction, response, now)
        self._remember(session, invite.call_id)
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
        to_tag: str | None = None,
    ) -> list[AgentEffect]:
        response = response_to(arrived.request, status, to_tag=to_tag or self._means.tokens())
        return self._outward(self._layer.respond(transaction, response, now), now)

    def _carry_out(self, session: Session, orders: list[SessionEffect], now: float) -> list[AgentEffect]:
        effects: list[AgentEffect] = []
        for order in orders:
            match order:
                case Tell(fact):
                    effects.append(CallFact(session.ident, fact))
                case Respond(transaction, response):
                    effects += self._outward(self._layer.respond(transaction, response, now), now)
                case Abandon(branch):
                    effects += self._outward(self._layer.abandon(branch), now)
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
        self._owners[transaction] = (ident, request)
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
        ident, request = self._owners[transaction]
        session = self._sessions.get(ident)
        if session is None:
            return []
        return self._carry_out(session, session.on_failure(request, failure, now), now)

    def _on_terminated(self, transaction: TransactionId) -> None:
        self._invites.pop(transaction, None)
        asked = self._asking.pop(transaction, None)
        if asked is not None:
            self._forget_call_id(asked)
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

    def _remember(self, session: Session, call_id: str) -> None:
        self._sessions[session.ident] = session
        self._call_ids[call_id] += 1

    def _forget_call_id(self, call_id: str) -> None:
        self._call_ids[call_id] -= 1
        if not self._call_ids[call_id]:
            del self._call_ids[call_id]

    def _forget_if_finished(self, session: Session) -> None:
        # Open requests keep it: the 2xx of another fork, or one repeated, may still come and wants its ACK.
        over = session.finished and session.ident not in self._open_requests
        if over and self._sessions.pop(session.ident, None) is not None:
            self._forget_call_id(session.call_id)
