"""Transfers that a telephone asks for, between cores and between calls."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from telephony.call_events import CallEvent, TransferAsked
from telephony.session.events import (
    Accept,
    AcceptReferral,
    Acknowledged,
    Ended,
    HangUp,
    Referred,
    RefuseReferral,
    ReportReferral,
)
from telephony.sip.hop import Hop, Transport
from tests.patience import PATIENCE_S
from tests.telephony.calls.phone import Phone, PhoneMaker
from tests.telephony.calls.test_descriptions_over_loopback import SDP, Peer
from tests.telephony.calls.wire import Pair, Side, Wire

CALLER = Hop(Transport.UDP, "127.0.0.1", 5060)
_numbers = itertools.count(100)


@pytest.fixture
def talking(wire: Wire, pair: Pair, answer: bytes) -> Pair:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    caller.invite(server)
    wire.run(0.1)
    assert any(isinstance(fact, Acknowledged) for fact in server.facts)
    wire.log.clear()
    return caller, server


def refer(wire: Wire, server: Side, *lines: str) -> int:
    """What the caller's telephone sends in the confirmed call; its number is that of the referral."""
    number = next(_numbers)
    head = [
        "REFER sip:100@127.0.0.1:5061 SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKrefer{number}",
        "From: <sip:alice@127.0.0.1:5060>;tag=caller-call1",
        f"To: <sip:100@127.0.0.1:5061>;tag={server.calls[-1]}",
        "Call-ID: call@test",
        f"CSeq: {number} REFER",
        "Contact: <sip:alice@127.0.0.1:5060>",
    ]
    wire.inject("\r\n".join([*head, *lines, "", ""]).encode(), server, CALLER)
    return number


def test_a_transfer_is_asked_accepted_and_reported_to_its_end(wire: Wire, talking: Pair) -> None:
    _, server = talking
    number = refer(wire, server, "Refer-To: <sip:200@127.0.0.1>")
    assert server.facts[-1] == Referred(number, "sip:200@127.0.0.1", "")
    for command in (AcceptReferral(number), ReportReferral(number, 180), ReportReferral(number, 200)):
        server.do(command)
        wire.run(0.1)
    assert server.sent() == ["202 REFER", "NOTIFY", "NOTIFY", "NOTIFY"]
    notified = [sent for sent in wire.log if sent.what == "NOTIFY"]
    assert [sent.message.body for sent in notified] == [
        b"SIP/2.0 100 Trying\r\n",
        b"SIP/2.0 180 Ringing\r\n",
        b"SIP/2.0 200 OK\r\n",
    ]
    assert [sent.header("Subscription-State").partition(";")[0] for sent in notified] == [
        "active",
        "active",
        "terminated",
    ]
    assert {sent.header("Event") for sent in notified} == {f"refer;id={number}"}
    server.do(ReportReferral(number, 503))
    assert server.sent().count("NOTIFY") == 3


def test_an_attended_transfer_names_the_call_that_is_replaced(wire: Wire, talking: Pair) -> None:
    _, server = talking
    replaces = "Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2"
    number = refer(wire, server, f"Refer-To: <sip:200@127.0.0.1;x=y?{replaces}>")
    assert server.facts[-1] == Referred(number, "sip:200@127.0.0.1;x=y", "a@b;to-tag=1;from-tag=2")


def test_a_telephone_that_wants_no_reports_gets_none(wire: Wire, talking: Pair) -> None:
    _, server = talking
    number = refer(wire, server, "Refer-To: sip:200@127.0.0.1", "Refer-Sub: false")
    server.do(AcceptReferral(number))
    server.do(ReportReferral(number, 200))
    assert server.sent() == ["202 REFER"]
    assert wire.log[-1].header("Refer-Sub") == "false"


def test_a_refused_transfer_leaves_the_call_as_it_was(wire: Wire, talking: Pair) -> None:
    _, server = talking
    number = refer(wire, server, "Refer-To: <sip:200@127.0.0.1>")
    server.do(RefuseReferral(number, 603))
    server.do(AcceptReferral(number))
    assert server.sent() == ["603 REFER"]
    assert not any(isinstance(fact, Ended) for fact in server.facts)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Refer-To: <<<",),
        ("Refer-To: <sip:1@h>", "Refer-To: <sip:2@h>"),
        ("Refer-To: <sip:1@h?Replaces=a%0D%0AX-Evil:%201>",),
    ],
)
def test_a_transfer_to_nowhere_is_a_bad_request(wire: Wire, talking: Pair, lines: tuple[str, ...]) -> None:
    _, server = talking
    refer(wire, server, *lines)
    assert server.sent() == ["400 REFER"]


def test_transfers_without_end_are_bounded(wire: Wire, talking: Pair) -> None:
    _, server = talking
    for _ in range(10):
        refer(wire, server, "Refer-To: <sip:200@127.0.0.1>")
    assert server.sent() == ["500 REFER"] * 6


def test_the_end_of_the_call_decides_what_was_undecided(wire: Wire, talking: Pair) -> None:
    _, server = talking
    refer(wire, server, "Refer-To: <sip:200@127.0.0.1>")
    server.do(HangUp())
    assert server.sent() == ["487 REFER", "BYE"]


class TestCalls:
    async def answered(self, phone: Phone, peer: Peer) -> tuple[str, list[CallEvent]]:
        """A call from a peer made of text, up to its ACK: our tag, and what the call tells."""
        peer.invite(phone, SDP.format(host="127.0.0.1", events=101), "Content-Type: application/sdp\r\n")
        call = await asyncio.wait_for(phone.arrived.get(), PATIENCE_S)
        answering = asyncio.create_task(call.answer())
        ok = await peer.hear(b"SIP/2.0 200")
        tag = ok.partition("\r\nTo: ")[2].partition("tag=")[2].partition("\r\n")[0]
        self.say(phone, peer, "ACK", 1, tag)
        await answering
        return tag, phone.events

    def say(self, phone: Phone, peer: Peer, method: str, number: int, tag: str, more: str = "") -> None:
        peer.say(
            phone,
            f"{method} sip:100@h SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{peer.port};rport;"
            f"branch=z9hG4bK{method}{number}\r\nFrom: <tel:+81-3-1111-2222>;tag=f\r\n"
            f"To: <sip:100@h>;tag={tag}\r\nCall-ID: c\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:x@127.0.0.1:{peer.port}>\r\n{more}Content-Length: 0\r\n\r\n",
        )

    async def test_u02_a_transfer_that_nobody_takes_up_is_declined_and_the_call_goes_on(
        self, phones: PhoneMaker
    ) -> None:
        phone, peer = await phones(), Peer()
        tag, events = await self.answered(phone, peer)
        self.say(phone, peer, "REFER", 2, tag, "Refer-To: <sip:200@127.0.0.1>\r\n")
        assert "603 Decline" in await peer.hear(b"SIP/2.0 ")
        assert events[-1] == TransferAsked(2, "sip:200@127.0.0.1")
        assert len(phone.endpoint.calls) == 1

    async def test_u02_a_transfer_that_is_taken_up_is_reported_to_the_telephone(
        self, phones: PhoneMaker
    ) -> None:
        phone, peer = await phones(), Peer()
        tag, _ = await self.answered(phone, peer)
        [call] = phone.endpoint.calls

        def take_up(event: CallEvent) -> None:
            if isinstance(event, TransferAsked):
                call.accept_transfer(event.referral)
                call.report_transfer(event.referral, 200)

        call.on_event = take_up
        self.say(phone, peer, "REFER", 2, tag, "Refer-To: <sip:200@127.0.0.1>\r\n")
        assert "202 Accepted" in await peer.hear(b"SIP/2.0 ")
        assert "SIP/2.0 100 Trying" in await peer.hear(b"NOTIFY ")
        assert "SIP/2.0 200 OK" in await peer.hear(b"NOTIFY ")
