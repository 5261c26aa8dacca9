"""Session timers, UPDATE and reliable provisional responses between cores."""

from __future__ import annotations

import itertools

import pytest

from telephony.session.events import (
    Accept,
    AcceptReoffer,
    Acknowledged,
    Answered,
    Ended,
    Fact,
    HangUp,
    Party,
    Progress,
    RefreshDue,
    Reoffer,
    Reoffered,
    Ring,
    SessionId,
)
from telephony.sip.hop import Hop, Transport
from telephony.sip.responses import response_to
from tests.telephony.calls.wire import Side, Wire

PEER = Hop(Transport.UDP, "127.0.0.1", 5070)
_numbers = itertools.count(1)


def request(
    method: str, *, number: int = 1, to_tag: str = "", extra: str = "", body: bytes = b"", call_id: str = "c"
) -> bytes:
    tag = f";tag={to_tag}" if to_tag else ""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:100@127.0.0.1:5060 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx{next(_numbers)}\r\n"
        f"From: <sip:x@127.0.0.1>;tag=x\r\nTo: <sip:100@127.0.0.1>{tag}\r\nCall-ID: {call_id}\r\n"
        f"CSeq: {number} {method}\r\nContact: <sip:x@127.0.0.1:5070>\r\n{extra}{kind}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def established(wire: Wire, answer: bytes, extra: str) -> Side:
    """A server with one call, whose peer is us."""
    server = wire.side("server")
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    wire.inject(request("INVITE", extra=extra), server, PEER)
    wire.inject(request("ACK", to_tag=str(server.calls[0])), server, PEER)
    return server


class TestSessionTimers:
    @pytest.mark.parametrize(
        ("asked", "granted"),
        [
            ("1800;refresher=uac", "1800;refresher=uac"),
            ("1800", "1800;refresher=uac"),
            ("600;refresher=uas", "600;refresher=uas"),
            ("99999", "7200;refresher=uac"),
        ],
    )
    def test_finding_48_a_carrier_that_requires_session_timers_is_served(
        self, wire: Wire, answer: bytes, asked: str, granted: str
    ) -> None:
        extra = f"Require: timer\r\nSupported: timer\r\nSession-Expires: {asked}\r\n"
        established(wire, answer, extra)
        [ok] = [sent for sent in wire.log if sent.what == "200 INVITE"]
        assert ok.header("Session-Expires") == granted
        assert ok.header("Require") == "timer"

    def test_too_short_a_session_is_refused_with_the_least_there_is(self, wire: Wire) -> None:
        server = wire.side("server")
        extra = "Supported: timer\r\nSession-Expires: 30\r\n"
        wire.inject(request("INVITE", extra=extra), server, PEER)
        assert server.sent() == ["422 INVITE"]
        assert wire.log[-1].header("Min-SE") == "90"

    def test_a_peer_that_does_not_refresh_is_gone_and_one_that_does_is_not(
        self, wire: Wire, answer: bytes
    ) -> None:
        extra = "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n"
        server = established(wire, answer, extra)
        wire.run(60)
        wire.inject(request("UPDATE", number=2, to_tag=str(server.calls[0]), extra=extra), server, PEER)
        assert server.sent()[-1] == "200 UPDATE"
        assert wire.log[-1].header("Session-Expires") == "120;refresher=uac"
        wire.run(85)
        assert not any(isinstance(fact, Ended) for fact in server.facts)
        wire.run(5)
        assert server.hangup.hangup.by is Party.NETWORK
        assert server.hangup.hangup.reason == "Session expired"
        assert "BYE" in server.sent()

    def test_we_refresh_by_update_where_the_peer_takes_it(self, wire: Wire, answer: bytes) -> None:
        extra = "Allow: INVITE, UPDATE\r\nSupported: timer\r\nSession-Expires: 100;refresher=uas\r\n"
        server = established(wire, answer, extra)
        wire.run(50.1)
        [update] = [sent for sent in wire.log if sent.what == "UPDATE"]
        assert update.header("Session-Expires") == "100;refresher=uac"
        ok = response_to(update.request, 200, extra=(("Session-Expires", "100;refresher=uac"),))
        wire.inject(ok.to_bytes(), server, PEER)
        wire.run(51)
        assert len({sent.header("CSeq") for sent in wire.log if sent.what == "UPDATE"}) == 2

    def test_we_refresh_by_an_offer_of_what_holds_where_it_does_not(
        self, wire: Wire, answer: bytes, offer: bytes
    ) -> None:
        server = established(wire, answer, "Supported: timer\r\nSession-Expires: 100;refresher=uas\r\n")
        wire.run(51)
        assert server.facts[-1] == RefreshDue()
        server.do(Reoffer(offer))
        assert wire.log[-1].what == "INVITE"
        assert wire.log[-1].header("Session-Expires") == "100;refresher=uac"

    def test_a_called_side_that_wants_refreshes_from_us_gets_them(self, wire: Wire, answer: bytes) -> None:
        caller = wire.side("caller")
        caller.invite(PEER)
        invite = wire.log[-1].request
        assert "timer" in (invite.headers.get("Supported") or "")
        extra = (
            ("Contact", "<sip:x@127.0.0.1:5070>"),
            ("Allow", "UPDATE"),
            ("Require", "timer"),
            ("Session-Expires", "200;refresher=uac"),
        )
        wire.inject(response_to(invite, 200, to_tag="t", extra=extra, body=answer).to_bytes(), caller, PEER)
        wire.run(101)
        assert "UPDATE" in caller.sent()


class TestUpdate:
    def test_an_update_with_an_offer_is_answered_like_a_reinvite_but_at_once(
        self, wire: Wire, answer: bytes, offer: bytes
    ) -> None:
        server = established(wire, answer, "")

        def agree(side: Side, session: SessionId, fact: Fact) -> None:
            if isinstance(fact, Reoffered):
                side.do(AcceptReoffer(fact.transaction, answer), session)

        server.on_fact = agree
        wire.inject(request("UPDATE", number=2, to_tag=str(server.calls[0]), body=offer), server, PEER)
        assert wire.log[-1].what == "200 UPDATE"
        assert wire.log[-1].message.body == answer
        wire.run(40)
        assert server.sent().count("200 UPDATE") == 1
        assert not any(isinstance(fact, Ended) for fact in server.facts)


class TestReliableProvisionals:
    def rung(self, wire: Wire) -> tuple[Side, str]:
        server = wire.side("server")
        server.on_call = lambda side, session: side.do(Ring(), session)
        wire.inject(request("INVITE", extra="Require: 100rel\r\n"), server, PEER)
        return server, wire.log[-1].header("RSeq")

    def test_finding_48_a_carrier_that_requires_100rel_is_served(self, wire: Wire, answer: bytes) -> None:
        server, rseq = self.rung(wire)
        assert wire.log[-1].header("Require") == "100rel"
        wire.run(3)
        assert server.sent().count("180 INVITE") == 3
        prack = request("PRACK", number=2, to_tag=str(server.calls[0]), extra=f"RAck: {rseq} 1 INVITE\r\n")
        wire.inject(prack, server, PEER)
        assert server.sent()[-1] == "200 PRACK"
        wire.run(20)
        assert server.sent().count("180 INVITE") == 3
        server.do(Accept(answer))
        wire.inject(request("ACK", to_tag=str(server.calls[0])), server, PEER)
        assert any(isinstance(fact, Acknowledged) for fact in server.facts)

    def test_a_prack_of_something_else_gets_a_481(self, wire: Wire) -> None:
        server, rseq = self.rung(wire)
        for rack in ("", f"{int(rseq) + 1} 1 INVITE", f"{rseq} 2 INVITE", "x"):
            prack = request("PRACK", number=2, to_tag=str(server.calls[0]), extra=f"RAck: {rack}\r\n")
            wire.inject(prack, server, PEER)
        assert server.sent()[1:] == ["481 PRACK"] * 4

    def test_a_caller_that_never_acknowledges_is_refused(self, wire: Wire) -> None:
        server, _ = self.rung(wire)
        wire.run(70)
        assert "504 INVITE" in server.sent()
        assert server.hangup.hangup.by is Party.NETWORK

    def test_a_reliable_answer_is_acknowledged_once_and_counts_for_a_200_without_one(
        self, wire: Wire, answer: bytes
    ) -> None:
        caller = wire.side("caller")
        caller.invite(PEER)
        invite = wire.log[-1].request
        extra = (("Contact", "<sip:x@127.0.0.1:5070>"), ("Require", "100rel"), ("RSeq", "7"))
        early = response_to(invite, 183, to_tag="t", extra=extra, body=answer).to_bytes()
        for _ in range(2):
            wire.inject(early, caller, PEER)
        [prack] = [sent for sent in wire.log if sent.what == "PRACK"]
        assert prack.header("RAck") == "7 1 INVITE"
        assert caller.facts == [Progress(183, "Session Progress", answer)]
        contact = (("Contact", "<sip:x@127.0.0.1:5070>"),)
        wire.inject(response_to(invite, 200, to_tag="t", extra=contact).to_bytes(), caller, PEER)
        assert caller.facts[-1] == Answered(answer)
        caller.do(HangUp())
        assert wire.log[-1].header("CSeq") == "3 BYE"
