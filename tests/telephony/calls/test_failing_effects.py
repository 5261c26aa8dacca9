"""What fails while one thing is told costs that thing only: messages go out, and the clock goes on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from telephony.endpoint import unloaded
from telephony.session.agent_events import CallArrived, CallFact
from telephony.session.events import Accept, Acknowledged, Ended, HangUp
from telephony.settings import SipSettings
from telephony.signalling import Signalling, Told
from tests.patience import PATIENCE_S
from tests.telephony.calls.wire import ANSWER, OFFER

INVITE = (
    "INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKa\r\n"
    "From: <sip:x@127.0.0.1>;tag=x\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: failing\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:x@127.0.0.1:{port}>\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n"
)
ACK = (
    "ACK sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKb\r\n"
    "From: <sip:x@127.0.0.1>;tag=x\r\nTo: <sip:100@127.0.0.1>;tag={tag}\r\nCall-ID: failing\r\n"
    "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
)


class Caller:
    """A socket that reads what the server says."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(("127.0.0.1", port))

    def send(self, message: bytes) -> None:
        self._socket.send(message)

    def invite(self) -> None:
        head = INVITE.format(port=self._socket.getsockname()[1], length=len(OFFER))
        self.send(head.encode() + OFFER)

    async def hears(self, start: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            loop = asyncio.get_running_loop()
            while not (await loop.sock_recv(self._socket, 65535)).startswith(start):
                pass

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def line(on_told: Callable[[Told], None]) -> AsyncIterator[tuple[Signalling, Caller]]:
    signalling = Signalling(SipSettings(port=0), on_told, lambda _: unloaded(), lambda _: False)
    bound = await signalling.open()
    caller = Caller(bound.port)
    try:
        yield signalling, caller
    finally:
        caller.close()
        await signalling.close()


async def test_finding_a_call_that_nobody_could_be_told_of_is_still_tried_by_the_clock() -> None:
    def fails(_: Told) -> None:
        raise RuntimeError("told in vain")

    async with line(fails) as (_, caller):
        caller.invite()
        await caller.hears(b"SIP/2.0 100 ")


async def test_finding_a_bye_goes_out_though_the_end_of_the_call_could_not_be_told() -> None:
    came: asyncio.Queue[Told] = asyncio.Queue()

    def told(fact: Told) -> None:
        came.put_nowait(fact)
        match fact:
            case CallFact(_, Ended()):
                raise RuntimeError("told in vain")

    async with line(told) as (signalling, caller):
        caller.invite()
        arrived = await asyncio.wait_for(came.get(), PATIENCE_S)
        assert isinstance(arrived, CallArrived)
        signalling.command(arrived.session, Accept(ANSWER))
        await caller.hears(b"SIP/2.0 200 ")
        caller.send(ACK.format(tag=arrived.session).encode())
        acknowledged = await asyncio.wait_for(came.get(), PATIENCE_S)
        assert acknowledged == CallFact(arrived.session, Acknowledged(None))
        signalling.command(arrived.session, HangUp())
        await caller.hears(b"BYE ")
