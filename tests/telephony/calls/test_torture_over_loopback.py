"""The torture messages of RFC 4475 and 5118 over sockets: after each one the endpoint still answers."""

from __future__ import annotations

import asyncio

import pytest

from telephony.sip.hop import PLAIN_TRANSPORTS, Transport
from telephony.sip.message import Headers, Request
from tests.telephony.calls.phone import Phone, PhoneMaker
from tests.torture import MISSING, messages


def options(to: Phone, number: int, transport: Transport) -> Request:
    headers = (
        ("Max-Forwards", "70"),
        ("From", "<sip:watch@127.0.0.1>;tag=watch"),
        ("To", f"<{to.uri()}>"),
        ("Call-ID", f"{transport.value}{number}"),
        ("CSeq", "1 OPTIONS"),
    )
    return Request("OPTIONS", to.uri(), Headers(headers))


async def throw(data: bytes, at: Phone, transport: Transport) -> None:
    if transport is Transport.UDP:
        loop = asyncio.get_running_loop()
        sender, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", at.bound.port)
        )
        sender.sendto(data)
        sender.close()
        return
    _, writer = await asyncio.open_connection("127.0.0.1", at.bound.port)
    writer.write(data)
    await writer.drain()
    writer.close()


@pytest.mark.skipif(not messages(), reason=MISSING)
@pytest.mark.parametrize("transport", list(PLAIN_TRANSPORTS))
async def test_the_endpoint_answers_after_every_torture_message(
    phones: PhoneMaker, transport: Transport
) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    watch, victim = await phones(), await phones()
    for number, path in enumerate(messages()):
        await throw(path.read_bytes(), victim, transport)
        response = await watch.endpoint.request(options(victim, number, transport), victim.hop(transport))
        assert response.status == 200, path.name
    assert complaints == []
