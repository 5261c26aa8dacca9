"""Refusals come before state, and never hit a call that is in progress."""

from __future__ import annotations

from telephony.admission import Refusal
from telephony.session.events import Accept, Ended, HangUp, Refuse, Ring
from telephony.sip.hop import Hop, Transport
from telephony.sip.received import ReceivedRequest
from tests.telephony.calls.wire import Pair, Side, Wire

PEER = Hop(Transport.UDP, "127.0.0.1", 5070)


def request(method: str, number: int, *, to_tag: str = "", call_id: str = "", extra: str = "") -> str:
    tag = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} sip:100@127.0.0.1:5060 SIP/2.0\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{method}{number}\n"
        f"From: <sip:x@127.0.0.1>;tag=x\nTo: <sip:100@127.0.0.1>{tag}\nCall-ID: {call_id or number}\n"
        f"CSeq: 1 {method}\nContact: <sip:x@127.0.0.1:5070>\n{extra}Content-Length: 0\n\n"
    )


def nobody(received: ReceivedRequest) -> Refusal | None:
    return Refusal(403, "Not you", "test.nobody") if received.method == "INVITE" else None


def full(wire: Wire) -> Side:
    """A server with as many ringing calls as it has room for transactions."""
    server = wire.side("server", limit=10)
    server.on_call = lambda side, session: side.do(Ring(), session)
    for number in range(10):
        wire.inject(request("INVITE", number), server, PEER)
    assert len(server.calls) == 10
    return server


def test_finding_01_a_refused_invite_leaves_no_state_and_is_answered_once(wire: Wire) -> None:
    server = wire.side("server", admits=nobody)
    for number in range(100):
        wire.inject(request("INVITE", number), server, PEER)
    wire.run(40)
    assert server.sent() == ["403 INVITE"] * 100
    assert (len(server.calls), server.agent.sessions, server.agent.next_timer()) == (0, 0, None)
    assert {refusal.rule_id for refusal in server.refused} == {"test.nobody"}


def test_finding_01_a_repeated_invite_gets_the_same_refusal(wire: Wire) -> None:
    server = wire.side("server", admits=nobody)
    for _ in range(2):
        wire.inject(request("INVITE", 1), server, PEER)
    first, second = (sent.message.to_bytes() for sent in wire.log)
    assert first == second


def test_finding_01_a_full_server_hangs_up_and_cancels_its_calls(wire: Wire, answer: bytes) -> None:
    server = full(wire)
    wire.inject(request("INVITE", 99), server, PEER)
    assert server.sent()[-1] == "503 INVITE"
    assert wire.log[-1].header("Retry-After")
    wire.inject(request("CANCEL", 0).replace("CANCEL0", "INVITE0"), server, PEER)
    assert server.sent()[-2:] == ["200 CANCEL", "487 INVITE"]
    server.do(Accept(answer), server.calls[1])
    tag = str(server.calls[1])
    wire.inject(request("ACK", 201, to_tag=tag, call_id="1"), server, PEER)
    bye = request("BYE", 202, to_tag=tag, call_id="1").replace("CSeq: 1", "CSeq: 2")
    wire.inject(bye, server, PEER)
    assert server.sent()[-1] == "200 BYE"
    assert sum(isinstance(fact, Ended) for fact in server.facts) == 2


def test_finding_01_what_belongs_to_no_call_leaves_nothing_behind(wire: Wire) -> None:
    server = wire.side("server")
    for number in range(50):
        for method in ("BYE", "INFO", "INVITE", "OPTIONS"):
            wire.inject(request(method, number, to_tag="nobody"), server, PEER)
        for method in ("OPTIONS", "CANCEL", "SUBSCRIBE", "BYE"):
            wire.inject(request(method, 1000 + number), server, PEER)
        wire.inject(request("INVITE", 2000 + number, extra="Require: 100rel, fancy\n"), server, PEER)
    assert server.agent.next_timer() is None
    assert len(server.sent()) == 450


def test_finding_48_every_refusal_has_a_rule(wire: Wire) -> None:
    server = wire.side("server")
    wire.inject(request("INVITE", 1, extra="Require: fancy\n"), server, PEER)
    wire.inject(request("SUBSCRIBE", 2), server, PEER)
    wire.inject(request("BYE", 3, to_tag="nobody"), server, PEER)
    wire.inject(request("OPTIONS", 4).replace("sip:100@127.0.0.1:5060", "nobody:what"), server, PEER)
    body = request("INVITE", 5).replace("Content-Length: 0\n\n", "Content-Type: text/plain\n\nhello")
    wire.inject(body, server, PEER)
    rules = [(refusal.status, refusal.rule_id) for refusal in server.refused]
    assert rules == [
        (420, "extension.not-spoken"),
        (405, "method.not-spoken"),
        (481, "call.unknown"),
        (416, "uri.unknown-scheme"),
        (415, "body.not-spoken"),
    ]


def test_a_call_is_known_by_its_call_id_until_nothing_more_can_come(wire: Wire, answer: bytes) -> None:
    caller, server = wire.side("caller"), wire.side("server")
    server.on_call = lambda side, session: side.do(Accept(answer), session)
    caller.invite(server)
    assert caller.agent.knows("call@test")
    wire.run(1)
    assert server.agent.knows("call@test")
    caller.do(HangUp())
    wire.run(100)
    assert not caller.agent.knows("call@test")
    assert not server.agent.knows("call@test")


def test_finding_45_the_100_repeats_the_timestamp(wire: Wire) -> None:
    server = wire.side("server")
    wire.inject(request("INVITE", 1, extra="Timestamp: 54.5\n"), server, PEER)
    wire.run(1)
    assert server.sent() == ["100 INVITE"]
    assert wire.log[-1].header("Timestamp") == "54.5"


def test_a_refusal_of_a_call_is_still_repeated_until_its_ack_comes(wire: Wire, pair: Pair) -> None:
    caller, server = pair
    server.on_call = lambda side, session: side.do(Refuse(486), session)
    wire.lose_first("486 INVITE", 2)
    caller.invite(server)
    wire.run(40)
    assert server.sent().count("486 INVITE") == 3
