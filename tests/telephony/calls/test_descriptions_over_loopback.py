"""Calls whose descriptions and headers are as carriers write them, told by a peer made of text."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator

import pytest

from media.description import LegDescription, PayloadTypes
from telephony.call import Call
from tests.patience import PATIENCE_S
from tests.telephony.calls.phone import Phone, PhoneMaker

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 {events}\r\n"
    "a=rtpmap:{events} telephone-event/8000\r\n"
)


class Peer:
    """A UDP socket that says what it is told to."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    async def hear(self, start: bytes) -> str:
        async with asyncio.timeout(PATIENCE_S):
            while not (data := await asyncio.get_running_loop().sock_recv(self.socket, 65535)).startswith(
                start
            ):
                pass
        return data.decode()

    def say(self, phone: Phone, text: str) -> None:
        self.socket.sendto(text.encode(), ("127.0.0.1", phone.bound.port))

    def invite(self, phone: Phone, body: str, headers: str = "", uri: str = "sip:100@h") -> None:
        self.say(
            phone,
            f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK1;rport\r\n"
            "From: <tel:+81-3-1111-2222>;tag=f\r\nTo: <sip:100@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:x@127.0.0.1:{self.port}>\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}",
        )


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.socket.close()


async def taken(phone: Phone) -> Call:
    return await asyncio.wait_for(phone.arrived.get(), PATIENCE_S)


async def connected(phone: Phone) -> LegDescription:
    async with asyncio.timeout(PATIENCE_S):
        while not phone.media.legs or not phone.media.legs[0].descriptions:
            await asyncio.sleep(0.01)
    return phone.media.legs[0].descriptions[-1]


async def test_finding_20_each_direction_numbers_its_events_itself(phones: PhoneMaker, peer: Peer) -> None:
    phone = await phones()
    await phone.endpoint.place_call(f"sip:1@127.0.0.1:{peer.port}")
    invite = await peer.hear(b"INVITE")
    copied = "".join(
        f"{name}: {re.search(rf'{name}: (.*)', invite)[1].strip()}{suffix}\r\n"  # type: ignore[index]
        for name, suffix in (("Via", ""), ("From", ""), ("To", ";tag=t"), ("Call-ID", ""), ("CSeq", ""))
    )
    body = SDP.format(host="127.0.0.1", events=96)
    peer.say(
        phone,
        f"SIP/2.0 200 OK\r\n{copied}Contact: <sip:x@127.0.0.1:{peer.port}>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}",
    )
    description = await connected(phone)
    assert (description.sends, description.receives) == (PayloadTypes(0, 96), PayloadTypes(0, 101))


async def test_finding_23_a_tel_uri_calls_and_is_called(phones: PhoneMaker, peer: Peer) -> None:
    phone = await phones()
    peer.invite(phone, "", uri="tel:+81-3-5555-6666")
    call = await taken(phone)
    assert (call.facts.caller, call.facts.called) == ("+81311112222", "+81355556666")


async def test_finding_49_the_call_keeps_who_is_behind_it(phones: PhoneMaker, peer: Peer) -> None:
    phone = await phones()
    headers = "P-Asserted-Identity: <tel:+8133>\r\nDiversion: <sip:77@pbx>;reason=user-busy\r\n"
    peer.invite(phone, "", headers)
    facts = (await taken(phone)).facts
    assert facts.caller == "+8133"
    assert [each.uri.user for each in facts.identities.diversions] == ["77"]


async def test_finding_41_a_media_host_name_is_looked_up(phones: PhoneMaker, peer: Peer) -> None:
    phone = await phones()
    peer.invite(phone, SDP.format(host="localhost", events=101), "Content-Type: application/sdp\r\n")
    answering = asyncio.create_task((await taken(phone)).answer())
    description = await connected(phone)
    assert (description.address, description.port) == ("127.0.0.1", 4000)
    answering.cancel()


async def test_finding_42_with_an_optional_body_the_offer_is_ours(phones: PhoneMaker, peer: Peer) -> None:
    phone = await phones()
    headers = "Content-Type: text/plain\r\nContent-Disposition: session;handling=optional\r\n"
    peer.invite(phone, "hello", headers)
    call = await taken(phone)
    assert call.facts.offer == b""
    answering = asyncio.create_task(call.answer())
    assert "m=audio" in await peer.hear(b"SIP/2.0 200")
    answering.cancel()


async def test_finding_48_an_offer_that_cannot_be_met_is_counted_by_its_rule(
    phones: PhoneMaker, peer: Peer
) -> None:
    phone = await phones()
    body = SDP.format(host="127.0.0.1", events=101).replace("AVP 0", "AVP 18")
    peer.invite(phone, body, "Content-Type: application/sdp\r\n")
    answering = asyncio.create_task((await taken(phone)).answer())
    assert "Warning: 305" in await peer.hear(b"SIP/2.0 488")
    assert phone.endpoint.refusals.counts == {"media.no-common-codec": 1}
    await asyncio.wait([answering])
    assert answering.exception() is not None
