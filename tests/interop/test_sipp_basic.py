"""SIPp's own scenarios against an endpoint, without sound: signalling alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from telephony.call import Call
from telephony.endpoint import SipEndpoint
from telephony.session.events import Party
from telephony.settings import SipSettings
from tests.fakes.media import FakeEngine
from tests.interop.conftest import SippRunner
from tests.interop.sipp import free_port
from tests.patience import PATIENCE_S


def endpoint_without_sound(on_call: Callable[[Call], None], settings: SipSettings) -> SipEndpoint:
    return SipEndpoint(settings, FakeEngine(), on_call)


def refuse_nothing(_call: Call) -> None:
    pytest.fail("nobody was to call")


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipps_caller_is_rung_answered_and_hangs_up(sipp: SippRunner, transport: str) -> None:
    calls: list[Call] = []
    async with asyncio.TaskGroup() as group:

        async def serve(call: Call) -> None:
            await call.ring()
            await call.answer()
            await call.ended

        def on_call(call: Call) -> None:
            calls.append(call)
            group.create_task(serve(call))

        endpoint = endpoint_without_sound(on_call, SipSettings(port=0))
        bound = await endpoint.start()
        options = ("-sn", "uac", "-t", transport, "-m", "20", "-r", "10", "-d", "200")
        result = await sipp(f"127.0.0.1:{bound.port}", *options, timeout_s=30)
        await endpoint.stop()
    assert result.clean, result.account
    assert (result.successful, len(calls)) == (20, 20)
    assert all(call.hangup is not None and call.hangup.by is Party.PEER for call in calls)


@pytest.mark.parametrize(("transport", "kind"), [("u1", socket.SOCK_DGRAM), ("t1", socket.SOCK_STREAM)])
async def test_sipps_called_side_is_called_and_hung_up_on(
    sipp: SippRunner, transport: str, kind: socket.SocketKind
) -> None:
    port = free_port(kind)
    suffix = ";transport=tcp" if transport == "t1" else ""
    options = ("-sn", "uas", "-t", transport, "-p", str(port), "-m", "5")
    endpoint = endpoint_without_sound(refuse_nothing, SipSettings(port=0))
    await endpoint.start()
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(sipp("127.0.0.1", *options, timeout_s=30))
            await listening(port, kind)
            for _ in range(5):
                call = await endpoint.place_call(f"sip:service@127.0.0.1:{port}{suffix}", caller="trunkline")
                await asyncio.wait_for(call.wait_answered(), PATIENCE_S)
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
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def test_a_caller_nobody_admits_is_refused(sipp: SippRunner) -> None:
    endpoint = endpoint_without_sound(refuse_nothing, SipSettings(port=0, trunks=()))
    bound = await endpoint.start()
    try:
        result = await sipp(f"127.0.0.1:{bound.port}", "-sn", "uac", "-m", "1", timeout_s=20)
    finally:
        await endpoint.stop()
    assert (result.successful, result.failed) == (0, 1)
    assert " 403 " in result.account
