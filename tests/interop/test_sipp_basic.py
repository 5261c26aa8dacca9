"""SIPp's own scenarios against an endpoint, without sound: signalling alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from media.events import MediaEvent
from media.remote import RemoteMedia
from telephony.call import Call
from telephony.endpoint import SipEndpoint
from telephony.session_events import Party
from telephony.settings import SipSettings
from tests.interop.sipp import free_port


class SilentLeg:
    """Remembers where it would have sent."""

    address = "127.0.0.1"
    rtp_port = 40000

    def connect(self, remote: RemoteMedia) -> None:
        self.remote = remote

    def close(self) -> None:
        pass


class SilentMedia:
    def open_leg(self, on_event: Callable[[MediaEvent], None]) -> SilentLeg:
        return SilentLeg()


def refuse_nothing(_call: Call) -> None:
    pytest.fail("nobody was to call")


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipps_caller_is_rung_answered_and_hangs_up(sipp, transport):
    calls: list[Call] = []
    async with asyncio.TaskGroup() as group:

        async def serve(call: Call) -> None:
            await call.ring()
            await call.answer()
            await call.ended

        def on_call(call: Call) -> None:
            calls.append(call)
            group.create_task(serve(call))

        endpoint = SipEndpoint(SipSettings(port=0), SilentMedia(), on_call)
        bound = await endpoint.start()
        options = ("-sn", "uac", "-t", transport, "-m", "20", "-r", "10", "-d", "200")
        result = await sipp(f"127.0.0.1:{bound.port}", *options, timeout_s=30)
        await endpoint.stop()
    assert result.clean, result.account
    assert (result.successful, len(calls)) == (20, 20)
    assert all(call.hangup is not None and call.hangup.by is Party.PEER for call in calls)


@pytest.mark.parametrize(("transport", "kind"), [("u1", socket.SOCK_DGRAM), ("t1", socket.SOCK_STREAM)])
async def test_sipps_called_side_is_called_and_hung_up_on(sipp, transport, kind):
    port = free_port(kind)
    suffix = ";transport=tcp" if transport == "t1" else ""
    options = ("-sn", "uas", "-t", transport, "-p", str(port), "-m", "5")
    endpoint = SipEndpoint(SipSettings(port=0), SilentMedia(), refuse_nothing)
    await endpoint.start()
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(sipp("127.0.0.1", *options, timeout_s=30))
            await listening(port, kind)
            for _ in range(5):
                call = await endpoint.place_call(f"sip:service@127.0.0.1:{port}{suffix}", caller="trunkline")
                await asyncio.wait_for(call.wait_answered(), 10)
                assert call.leg.remote.port > 0
                await call.hang_up()
    finally:
        await endpoint.stop()
    result = running.result()
    assert result.clean, result.account
    assert result.successful == 5


async def listening(port: int, kind: socket.SocketKind) -> None:
    """Over UDP the INVITE is repeated until SIPp has started; a TCP connection would be refused."""
    if kind is socket.SOCK_DGRAM:
        return
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def test_a_caller_nobody_admits_is_refused(sipp):
    endpoint = SipEndpoint(SipSettings(port=0, trunks=()), SilentMedia(), refuse_nothing)
    bound = await endpoint.start()
    try:
        result = await sipp(f"127.0.0.1:{bound.port}", "-sn", "uac", "-m", "1", timeout_s=20)
    finally:
        await endpoint.stop()
    assert (result.successful, result.failed) == (0, 1)
    assert "403 Forbidden" in result.account
