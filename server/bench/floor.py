"""The least that a call costs: answered, a prompt begun, its end awaited. No flow, no recording, no journal.

`python -m server.bench.floor`: prints the line that `serve` prints when it is ready, and ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
from ipaddress import ip_network

from media.engine import MediaEngine
from media.hold_music import hold_music
from media.settings import MediaSettings
from telephony.call import Call
from telephony.call_events import CallEnded
from telephony.endpoint import SipEndpoint
from telephony.registrar.desk import RegistrationDesk
from telephony.settings import SipSettings, TrunkSettings


async def _serve() -> None:
    sip = SipSettings(port=0, trunks=(TrunkSettings(name="bench", networks=(ip_network("127.0.0.0/8"),)),))
    engine = MediaEngine(MediaSettings())
    await engine.start(lambda _: None)
    async with asyncio.TaskGroup() as tasks:

        async def hear(call: Call) -> None:
            try:
                await call.answer()
            except CallEnded:
                return
            if call.hangup is None:
                call.leg.play((hold_music(),), loop=True)
            await call.ended

        endpoint = SipEndpoint(
            sip,
            engine,
            lambda call: _ours(tasks.create_task(hear(call))),
            RegistrationDesk(sip, lambda _: None, lambda _: None),
        )
        bound = await endpoint.start()
        sys.stdout.write(f"ready: SIP on {bound.address}:{bound.port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        await endpoint.stop()
    await engine.stop()


def _ours(_task: asyncio.Task[None]) -> None:
    """The group owns it."""


if __name__ == "__main__":
    asyncio.run(_serve())
