"""RFC 4475 and 5118 messages, and worse, at the whole server: it goes on answering, and logs no error."""

import asyncio
import socket

import numpy as np
import pytest

from tests.interop.trunkline import Trunkline
from tests.patience import PATIENCE_S
from tests.torture import MISSING, messages

PROBE = (
    "OPTIONS sip:{address} SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:{port};branch=z9hG4bK{n};rport\r\n"
    "From: <sip:probe@127.0.0.1>;tag=p{n}\r\nTo: <sip:{address}>\r\nCall-ID: probe{n}@127.0.0.1\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def probe(server: Trunkline, transport: str, port: int, number: int) -> tuple[bytes, bytes]:
    """An OPTIONS and what its answer must contain."""
    text = PROBE.format(address=server.address, transport=transport, port=port, n=number)
    return text.encode(), f"Call-ID: probe{number}@".encode()


async def answers_over_udp(server: Trunkline, hostile: bytes, number: int) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.setblocking(False)
        where = (server.host, server.port)
        if hostile:
            await loop.sock_sendto(ours, hostile, where)
        request, marker = probe(server, "UDP", ours.getsockname()[1], number)
        await loop.sock_sendto(ours, request, where)
        async with asyncio.timeout(PATIENCE_S):
            while marker not in (answer := await loop.sock_recv(ours, 65535)):
                pass
        assert answer.startswith(b"SIP/2.0 200")


async def answers_over_tcp(server: Trunkline, hostile: bytes, number: int) -> None:
    """The hostile connection may be closed by the server; a new one must be served."""
    reader, hostile_writer = await asyncio.open_connection(server.host, server.port)
    hostile_writer.write(hostile)
    await hostile_writer.drain()
    reader, writer = await asyncio.open_connection(server.host, server.port)
    request, _ = probe(server, "TCP", writer.get_extra_info("sockname")[1], number)
    writer.write(request)
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"SIP/2.0 200")
    for each in (writer, hostile_writer):
        each.close()


@pytest.mark.skipif(not messages(), reason=MISSING)
async def test_the_server_answers_after_every_torture_message(server: Trunkline) -> None:
    for number, file in enumerate(messages()):
        hostile = file.read_bytes()
        await answers_over_udp(server, hostile, 2 * number)
        await answers_over_tcp(server, hostile, 2 * number + 1)
    assert server.process.returncode is None
    assert not server.errors()


async def test_the_server_answers_after_noise_and_mutilated_calls(server: Trunkline) -> None:
    """Random bytes, truncations and flipped bytes of a good INVITE, from a fixed seed."""
    rng = np.random.default_rng(4475)
    body = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
    invite = (
        f"INVITE sip:100@{server.address} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\n"
        f"From: <sip:a@b>;tag=1\r\nTo: <sip:100@b>\r\nCall-ID: mutilated\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:a@127.0.0.1:9>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    for number in range(300):
        octets = np.frombuffer(invite, np.uint8).copy()
        where = rng.integers(0, len(octets), size=int(rng.integers(1, 12)))
        octets[where] = rng.integers(0, 256, size=where.size)
        hostile = [octets.tobytes(), invite[: int(rng.integers(0, len(invite)))], rng.bytes(200)][number % 3]
        await answers_over_udp(server, hostile, number)
    assert not server.errors()
