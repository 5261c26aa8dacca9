"""The wire between cores and the telephones on the loopback, as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from telephony.registrar.desk import RegistrationDesk
from telephony.session.events import Ring
from telephony.settings import SipSettings, TrunkSettings
from tests.telephony.calls.phone import Phone, PhoneMaker
from tests.telephony.calls.wire import ANSWER, OFFER, Pair, Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def offer() -> bytes:
    return OFFER


@pytest.fixture
def answer() -> bytes:
    return ANSWER


@pytest.fixture
def pair(wire: Wire) -> Pair:
    """A caller and a server that rings and is left alone."""
    caller, server = wire.side("caller"), wire.side("server")
    server.on_call = lambda side, session: side.do(Ring(), session)
    return caller, server


@pytest.fixture
async def phones() -> AsyncIterator[PhoneMaker]:
    """Makes started endpoints; stops them at the end."""
    made: list[Phone] = []

    async def make(
        desk: RegistrationDesk | None = None, trunks: tuple[TrunkSettings, ...] | None = None
    ) -> Phone:
        settings = SipSettings(port=0) if trunks is None else SipSettings(port=0, trunks=trunks)
        phone = Phone(desk, settings)
        await phone.start()
        made.append(phone)
        return phone

    yield make
    for phone in made:
        await phone.endpoint.stop(grace_s=1)
