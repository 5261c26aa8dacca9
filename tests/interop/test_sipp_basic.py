"""SIPp's own scenarios against an endpoint that answers."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from media.events import MediaEvent
from media.remote import RemoteMedia
from telephony.call import Call
from telephony.endpoint import SipEndpoint
from telephony.session_events import Party
from telephony.settings import SipSettings

pytestmark = pytest.mark.interop
SIPP = shutil.which("sipp")


@pytest.fixture(autouse=True)
def _needs_sipp() -> None:
    if SIPP is not None:
        return
    reason = "sipp is not installed: apt-get install sip-tester"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class SilentLeg:
    """Signalling is what is tried here."""

    address = "127.0.0.1"
    rtp_port = 40000

    def connect(self, remote: RemoteMedia) -> None:
        self.remote = remote

    def close(self) -> None:
        pass


class SilentMedia:
    def open_leg(self, on_event: MediaEvent) -> SilentLeg:
        return SilentLeg()


async def sipp(folder: Path, *arguments: str) -> str:
    """Runs sipp to its end; fails with its screen and error file unless it counted every call as good."""
    process = await asyncio.create_subprocess_exec(
        str(SIPP),
        *arguments,
        *("-i", "127.0.0.1", "-nostdin", "-timeout", "30s", "-timeout_error", "-trace_err"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 45)
    finally:
        if process.returncode is None:
            process.kill()
    screen = output.decode("utf-8", "replace")
    assert process.returncode == 0, screen[-3000:] + errors_in(folder)
    return screen


def errors_in(folder: Path) -> str:
    return "\n".join(path.read_text(errors="replace") for path in folder.glob("*errors.log"))


def unexpected(screen: str) -> int:
    """The sum of the last column of the message table's last printing."""
    table = screen[screen.rfind("Unexpected-Msg") :].splitlines()
    return sum(int(line.split()[-1]) for line in table if "<--" in line and line.split()[-1].isdigit())


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipps_caller_is_answered_and_hangs_up(tmp_path, transport):
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
        target = f"127.0.0.1:{bound.port}"
        screen = await sipp(
            tmp_path, "-sn", "uac", target, "-t", transport, "-m", "20", "-r", "10", "-d", "200"
        )
        await endpoint.stop()
    assert len(calls) == 20
    assert unexpected(screen) == 0
    assert all(call.hangup is not None and call.hangup.by is Party.PEER for call in calls)


async def test_sipps_called_side_is_called_held_and_hung_up_on(tmp_path, unused_udp_port):
    endpoint = SipEndpoint(SipSettings(port=0), SilentMedia(), lambda call: None)
    await endpoint.start()
    ready = asyncio.create_task(sipp(tmp_path, "-sn", "uas", "-p", str(unused_udp_port), "-m", "5"))
    try:
        for _ in range(5):
            # SIPp may still be starting: the INVITE is repeated until it listens.
            call = await endpoint.place_call(f"sip:service@127.0.0.1:{unused_udp_port}", caller="trunkline")
            async with asyncio.timeout(10):
                await call.wait_answered()
            assert call.leg.remote.port > 0
            await call.hang_up()
        await ready
    finally:
        ready.cancel()
        await endpoint.stop()


async def test_a_caller_nobody_admits_is_refused(tmp_path):
    endpoint = SipEndpoint(SipSettings(port=0, trunks=()), SilentMedia(), lambda call: None)
    bound = await endpoint.start()
    try:
        with pytest.raises(AssertionError, match="403"):
            await sipp(tmp_path, "-sn", "uac", f"127.0.0.1:{bound.port}", "-m", "1")
    finally:
        await endpoint.stop()
