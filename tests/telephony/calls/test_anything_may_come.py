"""Damaged calls: whatever arrives, the core raises SipSyntaxError or copes, and can write what it answers."""

from __future__ import annotations

import random

import pytest

from telephony.session.events import Accept, Ring, SessionId
from telephony.sip.errors import SipSyntaxError
from telephony.sip.hop import Hop, Transport
from telephony.sip.parser import parse_message
from tests.telephony.calls.wire import Side, Wire

TOKENS = [
    b"",
    b"\r\n",
    b";",
    b"<",
    b">",
    b'"',
    b":",
    b"@",
    b",",
    b"\xff\xfe",
    b"\0",
    b"%",
    b"=",
    b" ",
    b"[::1]",
]
TOKENS += [b"0", b"99999999999999", b"tel:1", b"sips:", b"SIP/2.0", b"*", b"lr", b";tag=", b"z9hG4bK", b"\t"]


def call(server_tag: str, offer: bytes) -> list[bytes]:
    heads = []
    for number, method in ((1, "INVITE"), (1, "CANCEL"), (1, "ACK"), (2, "INFO"), (3, "INVITE"), (4, "BYE")):
        tag = "" if number == 1 and method != "ACK" else f";tag={server_tag}"
        heads.append(
            f"{method} sip:100@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{number};rport\r\n"
            f"Record-Route: <sip:127.0.0.1:5081;lr>\r\nFrom: A <sip:x@127.0.0.1>;tag=x\r\n"
            f"To: <sip:100@127.0.0.1>{tag}\r\nCall-ID: c\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:x@127.0.0.1:5070>\r\nMax-Forwards: 70\r\nRequire: \r\n"
        )
    kind = b"Content-Type: application/sdp\r\n\r\n"
    ok = heads[0].replace("INVITE sip:100@127.0.0.1 SIP/2.0", "SIP/2.0 200 OK")
    return [head.encode() + kind + offer for head in (*heads, ok)]


def damage(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(0, 3)):
        at = dice.randrange(len(data))
        end = at + dice.choice([0, 0, 1, 5, 40])
        data = data[:at] + dice.choice(TOKENS) * dice.choice([1, 1, 1, 50]) + data[end:]
    return data


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_call_harms_nobody(wire: Wire, offer: bytes, answer: bytes, seed: int) -> None:
    dice = random.Random(seed)
    server = wire.side("server")

    def take(side: Side, session: SessionId) -> None:
        side.do(Ring(), session)
        if dice.random() < 0.7:
            side.do(Accept(answer), session)

    server.on_call = take
    understood = 0
    for _ in range(30):
        messages = call(str(server.calls[-1]) if server.calls else "none", offer)
        data = damage(dice.choice(messages), dice)
        try:
            message = parse_message(data)
            source = Hop(Transport.UDP, "127.0.0.1", 5070)
            wire.carry(server, server.agent.receive(message, source, wire.now))
            understood += 1
        except SipSyntaxError:
            continue
        for sent in wire.log:
            parse_message(sent.message.to_bytes())
        wire.log.clear()
        wire.run(dice.random())
    assert understood
