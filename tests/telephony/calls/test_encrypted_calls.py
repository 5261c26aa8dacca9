"""Encrypted calls over the loopback: keys in SDP, and sound that a library of another's opens."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from ipaddress import IPv4Network
from typing import Any

import pylibsrtp
import pytest

from media.description import SrtpKeys, SrtpSuite
from media.engine import MediaEngine
from media.errors import MediaError
from media.events import MediaEvent
from media.settings import MediaSettings
from media.sound import Sound
from telephony import call_media
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent, Digit
from telephony.endpoint import SipEndpoint
from telephony.registrar.desk import RegistrationDesk
from telephony.sdp.protection import SrtpUse
from telephony.session.login import Login
from telephony.settings import RegistrarSettings, SipSettings, TrunkSettings
from telephony.sip.digest import Password
from telephony.sip.uri import Uri
from telephony.trunks.registration import Account, Registration
from tests.fakes.media import FakeEngine, FakeLeg
from tests.patience import PATIENCE_S
from tests.telephony.calls.phone import Phone, PhoneMaker

LOOPBACK = (IPv4Network("127.0.0.0/8"),)


def trunk(srtp: SrtpUse, *targets: str) -> tuple[TrunkSettings, ...]:
    return (TrunkSettings(name="carrier", networks=LOOPBACK, srtp=srtp, targets=targets),)


def keys_of(call: Call) -> SrtpKeys:
    leg = call.leg
    assert isinstance(leg, FakeLeg)
    srtp = leg.descriptions[-1].srtp
    assert srtp is not None
    return srtp


async def arrived(phone: Phone) -> Call:
    return await asyncio.wait_for(phone.arrived.get(), PATIENCE_S)


async def test_s_srtp_a_trunk_that_requires_it_is_called_and_calls_encrypted(phones: PhoneMaker) -> None:
    callee = await phones(trunks=trunk(SrtpUse.REQUIRE))
    caller = await phones(trunks=trunk(SrtpUse.REQUIRE, f"127.0.0.1:{callee.bound.port}"))
    outgoing = await caller.endpoint.place_call("sip:100@carrier")
    incoming = await arrived(callee)
    await incoming.answer()
    await outgoing.wait_answered()
    mine, other = keys_of(outgoing), keys_of(incoming)
    assert (mine.sends, mine.receives, mine.suite) == (other.receives, other.sends, other.suite)
    await outgoing.hold()
    assert keys_of(outgoing) == mine
    assert keys_of(incoming) == other


@pytest.mark.parametrize(
    ("ours", "theirs"), [(SrtpUse.NEVER, SrtpUse.REQUIRE), (SrtpUse.REQUIRE, SrtpUse.NEVER)]
)
async def test_who_requires_it_and_who_never_does_it_have_no_call(
    phones: PhoneMaker, ours: SrtpUse, theirs: SrtpUse
) -> None:
    callee, caller = await phones(trunks=trunk(theirs)), await phones(trunks=trunk(ours))
    outgoing = await caller.endpoint.place_call(callee.uri())
    incoming = await arrived(callee)
    with pytest.raises(CallEnded):
        await incoming.answer()
    with pytest.raises(CallEnded) as ended:
        await outgoing.wait_answered()
    assert ended.value.hangup.status == 488
    assert callee.endpoint.refusals.counts["media.transport"] == 1


async def test_a_trunk_called_by_its_address_alone_is_called_as_it_is_set(phones: PhoneMaker) -> None:
    callee, caller = await phones(trunks=trunk(SrtpUse.PREFER)), await phones(trunks=trunk(SrtpUse.REQUIRE))
    await caller.endpoint.place_call(callee.uri())
    incoming = await arrived(callee)
    assert b"RTP/SAVP" in incoming.facts.offer


async def test_without_a_library_what_is_required_is_not_called_in_clear(
    phones: PhoneMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = await phones(trunks=trunk(SrtpUse.REQUIRE))
    monkeypatch.setattr(call_media, "srtp_available", lambda: False)
    with pytest.raises(MediaError):
        await caller.endpoint.place_call("sip:100@127.0.0.1:9")
    assert caller.media.legs == []
    assert caller.endpoint.calls == ()


async def test_registered_phones_are_called_as_the_registrar_is_set() -> None:
    settings = SipSettings(port=0, registrar=RegistrarSettings(srtp=SrtpUse.REQUIRE))
    desk = RegistrationDesk(settings, {"alice": Password("secret")}.get)
    server, phone = Phone(desk, settings), Phone(None, SipSettings(port=0, trunks=trunk(SrtpUse.PREFER)))
    for each in (server, phone):
        await each.start()
    try:
        account = Account(Uri.parse("sip:alice@127.0.0.1"), Login("alice", "secret"), server.hop())
        await Registration(phone.endpoint, account).register()
        [binding] = desk.bindings("alice")
        outgoing = await server.endpoint.place_call(binding)
        incoming = await arrived(phone)
        await incoming.answer()
        await outgoing.wait_answered()
        assert keys_of(outgoing).sends == keys_of(incoming).receives
    finally:
        for each in (phone, server):
            await each.endpoint.stop(grace_s=1)


class Handset(FakeEngine):
    """Its legs receive at a socket of the test's."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def open_leg(self, on_event: Callable[[MediaEvent], None], *, ipv6: bool = False) -> FakeLeg:
        leg = super().open_leg(on_event, ipv6=ipv6)
        leg.rtp_port = self.port
        return leg


@pytest.fixture
def sound() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[tuple[int, asyncio.Queue[Call]]]:
    """Its SIP port, and who called: with the engine that production has."""
    engine, calls = MediaEngine(MediaSettings()), asyncio.Queue[Call]()
    await engine.start()
    endpoint = SipEndpoint(SipSettings(port=0, trunks=trunk(SrtpUse.REQUIRE)), engine, calls.put_nowait)
    yield (await endpoint.start()).port, calls
    await endpoint.stop()
    await engine.stop()


def session(keys: SrtpKeys, key: bytes, direction: int) -> Any:
    profile = getattr(pylibsrtp.Policy, keys.suite.value)
    return pylibsrtp.Session(pylibsrtp.Policy(key, direction, srtp_profile=profile))


# On a fresh machine the engine is compiled first, which a loaded one needs minutes for.
@pytest.mark.timeout(600)
async def test_s_srtp_what_is_heard_and_keyed_crosses_the_network_in_srtp(
    sound: socket.socket, server: tuple[int, asyncio.Queue[Call]]
) -> None:
    port, calls = server
    settings = SipSettings(port=0, trunks=trunk(SrtpUse.REQUIRE))
    caller = SipEndpoint(settings, Handset(sound.getsockname()[1]), lambda call: None)
    await caller.start()
    outgoing = await caller.place_call(Uri("sip", "100", host="127.0.0.1", port=port))
    incoming = await asyncio.wait_for(calls.get(), PATIENCE_S)
    told: asyncio.Queue[CallEvent] = asyncio.Queue()
    incoming.on_event = told.put_nowait
    await incoming.answer()
    await outgoing.wait_answered()
    keys = keys_of(outgoing)
    assert keys.suite is SrtpSuite.AEAD_AES_256_GCM
    frame = bytes(range(160))
    incoming.leg.play([Sound("told apart", frame * 50)])
    loop = asyncio.get_running_loop()
    opens = session(keys, keys.receives, pylibsrtp.Policy.SSRC_ANY_INBOUND)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            packet = await loop.sock_recv(sound, 2048)
            assert frame[:40] not in packet
            if opens.unprotect(packet)[12:] == frame:
                break
    seals = session(keys, keys.sends, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    for sequence in range(6):
        key = bytes([5, 0x8A if sequence > 2 else 10]) + (160 * min(sequence + 1, 4)).to_bytes(2, "big")
        head = bytes([0x80, 101]) + sequence.to_bytes(2, "big") + bytes(4) + b"test"
        sound.sendto(seals.protect(head + key), ("127.0.0.1", incoming.leg.rtp_port))
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(event := await told.get(), Digit):
            pass
    assert event.digit == "5"
    await caller.stop()
