"""Where the answer to a message goes."""

from __future__ import annotations

import pytest

from telephony.sip.hop import ConnectionId, Hop, Transport
from telephony.sip.parser import call_id_in, parse_message
from telephony.sip.received import ReceivedRequest, received

MESSAGE = (
    "OPTIONS sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{via};branch=z9hG4bK1\r\nFrom: <sip:x@h>;tag=x\r\n"
    "To: <sip:1@h>\r\nCall-ID: m\r\nCSeq: 1 OPTIONS\r\n\r\n"
)


def reply_to(via: str, source: Hop) -> Hop:
    arrived = received(parse_message(MESSAGE.format(via=via).encode()), source)
    assert isinstance(arrived, ReceivedRequest)
    return arrived.reply_to


@pytest.mark.parametrize(("via", "port"), [("TCP 10.9.9.9:5070", 5070), ("TCP 10.9.9.9", 5060)])
def test_finding_40_over_tcp_the_connection_first_and_then_the_port_of_the_via(via: str, port: int) -> None:
    source = Hop(Transport.TCP, "192.0.2.1", 40000, ConnectionId(7))
    assert reply_to(via, source) == Hop(Transport.TCP, "192.0.2.1", port, ConnectionId(7))


def test_over_udp_the_source_port_only_when_rport_asks_for_it() -> None:
    source = Hop(Transport.UDP, "192.0.2.1", 40000)
    assert reply_to("UDP 10.9.9.9:5070;rport", source) == source
    assert reply_to("UDP 10.9.9.9:5070", source) == Hop(Transport.UDP, "192.0.2.1", 5070)


@pytest.mark.parametrize("line", ["Call-ID: a b@c ", "i:a b@c", "CALL-ID \t: a b@c\t"])
def test_the_call_id_is_found_without_reading_the_message(line: str) -> None:
    assert call_id_in(f"INVITE x SIP/2.0\r\nX: y\r\n{line}\r\nY: z\r\n\r\n".encode()) == "a b@c"
    assert call_id_in(b"INVITE x SIP/2.0\r\nX: y\r\n\r\n") == call_id_in(b"\xff" * 60_000) == ""
