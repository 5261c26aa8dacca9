"""Sound over IPv6: a leg has an address of one family, and all else is as with the other."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from media.description import LegDescription, PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.errors import MediaError
from media.settings import MediaSettings
from media.sockets import own_ipv6_address
from tests.fakes.ticks import SteppedTicks

TYPES = PayloadTypes(0, 101)


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


class Phone6:
    """A phone on ::1."""

    def __init__(self) -> None:
        self.rtp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.rtp.bind(("::1", 0))
        self.port = int(self.rtp.getsockname()[1])
        self.sequence = 0

    def send(self, leg: Any, payload: bytes, port: int | None = None) -> None:
        header = b"\x80\x00" + self.sequence.to_bytes(2, "big") + (160 * self.sequence).to_bytes(4, "big")
        self.rtp.sendto(header + b"six!" + payload, (leg.address, leg.rtp_port))
        self.sequence += 1

    def received(self) -> list[bytes]:
        packets = []
        while True:
            try:
                packets.append(self.rtp.recv(2048))
            except BlockingIOError:
                return packets


@pytest.fixture
async def stepped() -> AsyncIterator[tuple[MediaEngine, SteppedTicks]]:
    ticks = SteppedTicks()
    engine = MediaEngine(
        MediaSettings(ipv6_address="::1", max_legs=4, max_recordings=4, max_listeners=2, prompt_memory_mb=1),
        ticks,
    )
    await engine.start()
    yield engine, ticks
    await engine.stop()


async def test_parties_on_both_families_hear_each_other(
    stepped: tuple[MediaEngine, SteppedTicks], make_phone: Any, wave: Any
) -> None:
    engine, ticks = stepped
    six, four = Phone6(), make_phone()
    far, near = engine.open_leg(lambda _: None, ipv6=True), engine.open_leg(lambda _: None)
    assert (far.address, near.address) == ("::1", "127.0.0.1")
    far.connect(LegDescription("::1", six.port, SoundCodec.PCMU, TYPES, TYPES, signalled_from="::1"))
    near.connect(four.remote())
    far.bridge(near)
    said_by_six, said_by_four = wave(0.4), wave(0.4, 3000)
    heard_by_six, heard_by_four = b"", b""
    for at in range(0, 8000, 160):
        six.send(far, said_by_six[at : at + 160].ljust(160, b"\xff"))
        four.send(near, said_by_four[at : at + 160].ljust(160, b"\xff"))
        ticks.advance()
        heard_by_six += b"".join(packet[12:] for packet in six.received())
        heard_by_four += b"".join(packet[12:] for packet in four.received())
    assert said_by_four[1600:3200] in heard_by_six
    assert said_by_six[1600:3200] in heard_by_four
    assert far.report().packets_received == 50
    assert (far.report().rejected, far.report().send_errors) == (0, 0)
    six.rtp.close()


async def test_a_stranger_on_ipv6_is_not_heard(stepped: tuple[MediaEngine, SteppedTicks], wave: Any) -> None:
    engine, ticks = stepped
    phone, stranger = Phone6(), Phone6()
    leg = engine.open_leg(lambda _: None, ipv6=True)
    leg.connect(LegDescription("2001:db8::7", phone.port, SoundCodec.PCMU, TYPES, TYPES))
    for _ in range(20):
        stranger.send(leg, wave(0.02))
        ticks.advance()
    assert leg.report().packets_received == 0
    assert leg.report().rejected == 20
    phone.rtp.close()
    stranger.rtp.close()


async def test_a_leg_and_a_party_of_different_families_are_refused(
    stepped: tuple[MediaEngine, SteppedTicks],
) -> None:
    engine, _ = stepped
    with pytest.raises(MediaError):
        engine.open_leg(lambda _: None).connect(LegDescription("::1", 4000, SoundCodec.PCMU, TYPES, TYPES))
    with pytest.raises(MediaError):
        engine.open_leg(lambda _: None, ipv6=True).connect(
            LegDescription("127.0.0.1", 4000, SoundCodec.PCMU, TYPES, TYPES)
        )


def test_a_server_without_an_ipv6_address_says_so() -> None:
    assert own_ipv6_address(MediaSettings()) is None
    with pytest.raises(MediaError, match="ipv6_address"):
        own_ipv6_address(MediaSettings(ipv6_address="::"))
    with pytest.raises(MediaError, match="IPv6"):
        own_ipv6_address(MediaSettings(ipv6_address="127.0.0.1"))
