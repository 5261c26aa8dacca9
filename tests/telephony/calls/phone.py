"""Endpoints over the loopback with a media engine that only remembers."""

from __future__ import annotations

import asyncio
from typing import Protocol

from telephony.call import Call
from telephony.call_events import CallEvent
from telephony.endpoint import SipEndpoint
from telephony.registrar.desk import RegistrationDesk
from telephony.settings import SipSettings, TrunkSettings
from telephony.sip.hop import Hop, Transport
from telephony.transport.sip_transport import BoundAddress
from tests.fakes.media import FakeEngine


class Phone:
    """An endpoint on free ports of the loopback with what came to it."""

    def __init__(self, desk: RegistrationDesk | None, settings: SipSettings) -> None:
        self.media = FakeEngine()
        self.arrived: asyncio.Queue[Call] = asyncio.Queue()
        self.events: list[CallEvent] = []
        self.endpoint = SipEndpoint(settings, self.media, self.on_call, desk)
        self.bound = BoundAddress("", 0)

    async def start(self) -> None:
        self.bound = await self.endpoint.start()

    async def kill(self) -> None:
        """Nothing is said any more, as when the program dies."""
        await self.endpoint.abandon()

    def on_call(self, call: Call) -> None:
        call.on_event = self.events.append
        self.arrived.put_nowait(call)

    def hop(self, transport: Transport = Transport.UDP) -> Hop:
        return Hop(transport, self.bound.address, self.bound.port)

    def uri(self, user: str = "100", transport: Transport = Transport.UDP) -> str:
        suffix = ";transport=tcp" if transport is Transport.TCP else ""
        return f"sip:{user}@127.0.0.1:{self.bound.port}{suffix}"


class PhoneMaker(Protocol):
    """Starts an endpoint on free ports."""

    async def __call__(
        self, desk: RegistrationDesk | None = None, trunks: tuple[TrunkSettings, ...] | None = None
    ) -> Phone: ...
