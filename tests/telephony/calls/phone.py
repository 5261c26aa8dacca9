"""Endpoints over the loopback with a media engine that only remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from media.engine import MediaEngine
from media.errors import MediaExhausted
from media.events import MediaEvent
from media.remote import RemoteMedia
from telephony.call import Call
from telephony.call_events import CallEvent
from telephony.endpoint import SipEndpoint
from telephony.registration_desk import RegistrationDesk
from telephony.settings import SipSettings, TrunkSettings
from telephony.sip.hop import Hop, Transport
from telephony.transport import BoundAddress


class FakeLeg:
    """A leg that remembers what it was told."""

    def __init__(self, port: int, on_event: Callable[[MediaEvent], None]) -> None:
        self.address = "127.0.0.1"
        self.rtp_port = port
        self.on_event = on_event
        self.remotes: list[RemoteMedia] = []
        self.closed = False

    def connect(self, remote: RemoteMedia) -> None:
        assert not self.closed
        self.remotes.append(remote)

    def close(self) -> None:
        self.closed = True


class FakeMedia:
    """A media engine without sound."""

    def __init__(self) -> None:
        self.legs: list[FakeLeg] = []
        self.full = False

    def open_leg(self, on_event: Callable[[MediaEvent], None]) -> FakeLeg:
        if self.full:
            raise MediaExhausted("no more legs")
        self.legs.append(FakeLeg(20000 + 2 * len(self.legs), on_event))
        return self.legs[-1]


class Phone:
    """An endpoint on free ports of the loopback with what came to it."""

    def __init__(self, desk: RegistrationDesk | None, settings: SipSettings) -> None:
        self.media = FakeMedia()
        self.arrived: asyncio.Queue[Call] = asyncio.Queue()
        self.events: list[CallEvent] = []
        self.endpoint = SipEndpoint(settings, cast(MediaEngine, self.media), self.on_call, desk)
        self.bound = BoundAddress("", 0)

    async def start(self) -> None:
        self.bound = await self.endpoint.start()

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
