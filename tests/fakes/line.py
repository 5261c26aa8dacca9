"""A telephone line without a network: real calls, whose far ends are phones in the test's hand.

It stands for `telephony.endpoint.SipEndpoint` and the registrar. The calls are `telephony.call.Call` itself,
over a fake engine; what would be signalled goes to a `FarPhone` instead.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from telephony.admission import Refusal
from telephony.call import Call
from telephony.call_facts import CallDirection, CallFacts, Line
from telephony.registrar.bindings import AddressOfRecord, Binding
from telephony.session.events import (
    Accept,
    AcceptReferral,
    Acknowledged,
    Answered,
    AnswerHeld,
    Command,
    Ended,
    HangUp,
    Hangup,
    Party,
    Progress,
    Referred,
    Refuse,
    RefuseReferral,
    Reoffer,
    ReofferAnswered,
    Reoffered,
    ReportReferral,
    Ring,
    SessionId,
    TakeAnswer,
)
from telephony.sip.hop import Hop, Transport
from telephony.sip.message import Headers
from telephony.sip.transaction_events import TransactionId
from telephony.sip.uri import Uri
from tests.fakes.media import FakeEngine, FakeLeg


def description(port: int, direction: str = "sendrecv") -> bytes:
    """SDP of a phone that speaks PCMU and telephone-events."""
    lines = (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        f"a={direction}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


@dataclass
class Manners:
    """What a phone does when it is called: rings, then answers or refuses after a while, or neither."""

    rings: bool = True
    answers_after_s: float | None = 1.0
    refuses: int | None = None
    early: bool = False
    """Lets something be heard before it answers (183 with a description)."""


class FarPhone:
    """The other end of one call."""

    def __init__(self, line: FakeLine, call: Call) -> None:
        self.call = call
        self.status: int | None = None
        """With which our side refused it."""
        self.rung = False
        """We told it that it rings at the other end."""
        self.reoffers = 0
        self.lasting = ""
        """The Call-ID of a call that outlives the program; its answer waits until it is taken."""
        self.transfer: list[int] = []
        """What it was told of the transfer that it asked for: 202 when it is tried, then how that gets on."""
        self._line = line

    @property
    def leg(self) -> FakeLeg:
        leg = self.call.leg
        assert isinstance(leg, FakeLeg)
        return leg

    @property
    def answered(self) -> bool:
        return self.call.answered_at is not None

    @property
    def over(self) -> bool:
        return self.call.hangup is not None

    def press(self, digits: str) -> None:
        self.leg.press(digits)

    def hears(self) -> tuple[str, ...]:
        """The names of what is being played to this phone."""
        playing = self.leg.playing
        return () if playing is None else tuple(sound.name for sound in playing.sounds)

    def talks_with(self, other: FarPhone) -> bool:
        return self.leg.bridged is other.leg and other.leg.bridged is self.leg

    def hang_up(self) -> None:
        self._end(Hangup(Party.PEER, 200, ""))

    def vanish(self) -> None:
        """Killed: nothing comes from it any more, and what we ask it is not answered."""
        self.leg.absent = True
        self._end(Hangup(Party.NETWORK, 408, "the phone does not answer any more"))

    def hold(self) -> None:
        self._reoffer("sendonly")

    def resume(self) -> None:
        self._reoffer("sendrecv")

    def refer(self, target: str, replaces: str = "") -> None:
        """Asks for its call to be transferred."""
        self.call.handle(Referred(len(self.transfer) + 1, target, replaces))

    @property
    def as_replaced(self) -> str:
        """How another call of this phone names this one in a Replaces."""
        return f"{self.call.sip_call_id};to-tag={self.call.id};from-tag=far"

    def _reoffer(self, direction: str) -> None:
        self.reoffers += 1
        transaction = TransactionId(f"reoffer-{self.call.id}-{self.reoffers}")
        self.call.handle(Reoffered(transaction, description(5000, direction)))

    def _end(self, hangup: Hangup) -> None:
        if not self.over:
            self._line.forget(self.call)
            self.call.handle(Ended(hangup))


class FakeLine:
    """`phones` are the manners of those who can be called, by user; others do not exist (404)."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.phones: dict[str, list[Manners]] = {}
        """By the agent's name: one entry for each registered device."""
        self.numbers: dict[str, Manners] = {}
        """By URI: anybody else who can be called."""
        self.lines_taken = False
        """No address can be called; phones can."""
        self.far: list[FarPhone] = []
        """Every phone of every call, in the order of the calls."""
        self.on_call: Callable[[Call], None] = lambda call: None
        self.refused: list[tuple[Refusal, str]] = []
        self._loop = asyncio.get_running_loop()
        self._count = itertools.count(1)
        self._calls: dict[SessionId, FarPhone] = {}
        self._line = Line(
            engine,
            self._command,
            self._loop.time,
            lambda: next(self._count),
            lambda refusal, source: self.refused.append((refusal, source)),
            lambda _host, found: found(None),
            secrets.token_bytes,
        )

    # As the server uses it

    def bindings(self, user: str) -> tuple[Binding, ...]:
        hop = Hop(Transport.UDP, "127.0.0.1", 5070)
        return tuple(
            Binding(
                AddressOfRecord(user),
                Uri("sip", f"{user}-{n}", "phone.example"),
                hop,
                f"r{n}",
                1,
                1e9,
                f"device-{n}",
            )
            for n, _ in enumerate(self.phones.get(user, ()))
        )

    async def place_call(
        self,
        target: str | Uri | Binding,
        *,
        caller: str | None = None,
        display: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        lasting: str = "",
    ) -> Call:
        if self.lines_taken and isinstance(target, str):
            raise ValueError("trunk carrier has all the calls it may have")
        manners = self._manners(target)
        uri = target.contact if isinstance(target, Binding) else Uri.parse(str(target))
        facts = self._facts(CallDirection.OUTGOING, uri, Uri("sip", caller or "", "trunkline.example"))
        call = Call(facts, self._line)
        call.offer()
        phone = self._connected(call)
        phone.lasting = lasting
        self._loop.call_soon(self._rings, phone, manners)
        return call

    # As the test uses it

    def dial(
        self,
        number: str,
        caller: str = "0301234567",
        headers: tuple[tuple[str, str], ...] = (),
        agent: str | None = None,
    ) -> FarPhone:
        """Somebody calls us: over the trunk, or an agent from their phone."""
        remote, local = Uri("sip", caller, "carrier.example"), Uri("sip", number, "trunkline.example")
        facts = self._facts(
            CallDirection.INCOMING, remote, local, called=number, offer=description(4000), agent=agent
        )
        facts = replace(facts, headers=Headers(headers))
        call = Call(facts, self._line)
        phone = self._connected(call)
        self.on_call(call)
        return phone

    def forget(self, call: Call) -> None:
        self._calls.pop(SessionId(call.id), None)

    def _connected(self, call: Call) -> FarPhone:
        phone = FarPhone(self, call)
        self.far.append(phone)
        self._calls[SessionId(call.id)] = phone
        return phone

    def _facts(
        self,
        direction: CallDirection,
        remote: Uri,
        local: Uri,
        called: str | None = None,
        offer: bytes = b"",
        agent: str | None = None,
    ) -> CallFacts:
        number = next(self._count)
        return CallFacts(
            SessionId(f"session-{number}"),
            f"call-{number}@test",
            direction,
            remote,
            local,
            caller=str(remote.user or ""),
            trunk="carrier" if called and agent is None else None,
            agent=agent,
            called=called,
            peer_ip="127.0.0.1",
            offer=offer,
        )

    def _manners(self, target: str | Uri | Binding) -> Manners:
        if isinstance(target, Binding):
            device = int(str(target.contact.user).rpartition("-")[2])
            return self.phones[str(target.aor)][device]
        return self.numbers.get(str(target), Manners(rings=False, answers_after_s=None, refuses=404))

    def _rings(self, phone: FarPhone, manners: Manners) -> None:
        if phone.over:
            return
        if manners.rings:
            status, sound = (183, description(5000)) if manners.early else (180, b"")
            phone.call.handle(Progress(status, "Progress", sound))
        if manners.refuses is not None:
            self._loop.call_later(0.1, self._ended, phone, Hangup(Party.PEER, manners.refuses, "refused"))
        elif manners.answers_after_s is not None:
            self._loop.call_later(manners.answers_after_s, self._answers, phone)

    def _answers(self, phone: FarPhone) -> None:
        if phone.over:
            return
        if phone.lasting:
            phone.call.handle(AnswerHeld(b"ACK", Hop(Transport.UDP, "127.0.0.1", 5070)))
        else:
            phone.call.handle(Answered(description(5000)))

    def _command(self, session: SessionId, command: Command) -> None:
        phone = self._calls.get(session)
        if phone is None:
            return
        match command:
            case Accept():
                self._loop.call_soon(phone.call.handle, Acknowledged(None))
            case Refuse(status):
                phone.status = status
                self._loop.call_soon(self._ended, phone, Hangup(Party.US, status, ""))
            case HangUp():
                status = 200 if phone.answered else 487
                self._loop.call_soon(self._ended, phone, Hangup(Party.US, status, ""))
            case TakeAnswer():
                self._loop.call_soon(phone.call.handle, Answered(description(5000)))
            case Reoffer():
                self._loop.call_soon(phone.call.handle, ReofferAnswered(description(5000)))
            case _:
                self._tell(phone, command)

    def _tell(self, phone: FarPhone, command: Command) -> None:
        """What the phone is told without anything that follows."""
        match command:
            case Ring():
                phone.rung = True
            case AcceptReferral():
                phone.transfer.append(202)
            case RefuseReferral(_, status) | ReportReferral(_, status):
                phone.transfer.append(status)
            case _:
                pass

    def _ended(self, phone: FarPhone, hangup: Hangup) -> None:
        phone._end(hangup)
