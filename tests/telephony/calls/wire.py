"""Two or more user agent cores on a wire made of a list: virtual clock, seeded loss, every message kept."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from telephony.admission import Refusal
from telephony.session.agent_events import (
    AgentEffect,
    CallArrived,
    CallFact,
    Refused,
    RequestWaits,
    ResponseCame,
)
from telephony.session.events import Command, Ended, Fact, SessionId
from telephony.session.identity import Identity, Means
from telephony.session.login import Login
from telephony.session.outgoing import Invitation
from telephony.session.user_agent import Admits, UserAgent, everything
from telephony.sip.fields import NameAddr
from telephony.sip.hop import Hop, Transport
from telephony.sip.message import Message, Request, Response
from telephony.sip.parser import parse_message
from telephony.sip.transaction_events import SendMessage
from telephony.sip.uri import Uri

OFFER = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
ANSWER = OFFER.replace(b"4000", b"5000")


@dataclass
class Sent:
    at: float
    by: str
    message: Message

    @property
    def what(self) -> str:
        """The method of a request; status and method of a response."""
        if isinstance(self.message, Request):
            return self.message.method
        return f"{self.message.status} {self.header('CSeq').split()[1]}"

    @property
    def request(self) -> Request:
        assert isinstance(self.message, Request)
        return self.message

    def header(self, name: str) -> str:
        """The first of that name; empty when there is none."""
        return self.message.headers.get(name) or ""

    @property
    def to_tag(self) -> str:
        return self.header("To").partition("tag=")[2]


@dataclass
class Side:
    """One user agent with what its owner does when something happens."""

    name: str
    hop: Hop
    agent: UserAgent
    wire: Wire
    on_call: Callable[[Side, SessionId], None] = lambda side, session: None
    on_fact: Callable[[Side, SessionId, Fact], None] = lambda side, session, fact: None
    calls: list[SessionId] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    invites: list[Request] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    waiting: list[RequestWaits] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def do(self, command: Command, call: SessionId | None = None) -> None:
        self.wire.carry(self, self.agent.command(call or self.calls[-1], command, self.wire.now))

    def invite(
        self,
        to: Side | Hop,
        *,
        body: bytes = OFFER,
        login: Login | None = None,
        call_id: str = "call@test",
        user: str = "100",
        others: tuple[Hop, ...] = (),
    ) -> SessionId:
        hop = to.hop if isinstance(to, Side) else to
        own = Uri("sip", "alice", host=self.hop.host, port=self.hop.port)
        target = Uri("sip", user, host=hop.host, port=hop.port)
        invitation = Invitation(target, hop, NameAddr(None, own), body, call_id, login=login, others=others)
        session = SessionId(f"{self.name}-call{len(self.calls) + 1}")
        self.calls.append(session)
        self.wire.carry(self, self.agent.invite(invitation, session, self.wire.now))
        return session

    @property
    def hangup(self) -> Ended:
        [ended] = [fact for fact in self.facts if isinstance(fact, Ended)]
        return ended

    def sent(self) -> list[str]:
        return [sent.what for sent in self.wire.log if sent.by == self.name]


class Wire:
    """Messages take 10 ms. `lose` decides by what is sent; what is lost is in the log all the same."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.log: list[Sent] = []
        self.sides: dict[tuple[str, int], Side] = {}
        self.lose: Callable[[Sent], bool] = lambda sent: False
        self.delay: Callable[[Sent], float] = lambda sent: 0.01
        self._travelling: list[tuple[float, int, Hop, Hop, bytes]] = []
        self._numbers = itertools.count()

    def side(
        self,
        name: str,
        *,
        transport: Transport = Transport.UDP,
        host: str = "127.0.0.1",
        limit: int = 1000,
        admits: Admits = everything,
    ) -> Side:
        port = 5060 + len(self.sides)
        tokens = (f"{name}{number}" for number in itertools.count(1))
        identity = Identity({transport: (host, port)})
        agent = UserAgent(Means(identity, lambda: next(tokens)), limit, admits)
        side = Side(name, Hop(transport, host, port), agent, self)
        self.sides[(host, port)] = side
        return side

    def carry(self, side: Side, effects: Iterable[AgentEffect]) -> None:
        for effect in effects:
            match effect:
                case SendMessage(message, to):
                    self._post(side, message, to)
                case Refused(refusal, arrived):
                    side.refused.append(refusal)
                    self._post(side, effect.response(), arrived.reply_to)
                case CallArrived(session, invite):
                    side.calls.append(session)
                    side.invites.append(invite.request)
                    side.on_call(side, session)
                case CallFact(session, fact):
                    side.facts.append(fact)
                    side.on_fact(side, session, fact)
                case RequestWaits():
                    side.waiting.append(effect)
                case ResponseCame(_, received):
                    side.responses.append(received.response)

    def inject(self, text: str | bytes, to: Side, source: Hop) -> None:
        """A message of somebody who is no side of ours."""
        data = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
        self.carry(to, to.agent.receive(parse_message(data), source, self.now))

    def run(self, for_s: float) -> None:
        end = self.now + for_s
        while (at := self._next()) is not None and at <= end:
            self.now = max(self.now, at)
            for side in list(self.sides.values()):
                self.carry(side, side.agent.fire(self.now))
            while self._travelling and self._travelling[0][0] <= self.now:
                _, _, source, to, data = heapq.heappop(self._travelling)
                reached = self.sides.get((to.host, to.port))
                if reached is not None:
                    self.carry(reached, reached.agent.receive(parse_message(data), source, self.now))
        self.now = end

    def _post(self, side: Side, message: Message, to: Hop) -> None:
        sent = Sent(self.now, side.name, message)
        self.log.append(sent)
        if not self.lose(sent):
            at = self.now + self.delay(sent)
            heapq.heappush(self._travelling, (at, next(self._numbers), side.hop, to, message.to_bytes()))

    def _next(self) -> float | None:
        times = [side.agent.next_timer() for side in self.sides.values()]
        times += [entry[0] for entry in self._travelling[:1]]
        return min((at for at in times if at is not None), default=None)

    def lose_some(self, share: float, seed: int) -> None:
        dice = random.Random(seed)
        self.lose = lambda sent: dice.random() < share

    def lose_first(self, what: str, count: int = 1) -> None:
        left = [count]

        def lose(sent: Sent) -> bool:
            if sent.what == what and left[0] > 0:
                left[0] -= 1
                return True
            return False

        self.lose = lose


Pair = tuple[Side, Side]
