"""Datagrams of banned sources do not reach the program; those of all others do."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator

import pytest

from telephony.standing_delay import StandingDelay
from telephony.transport.source_filter import MAX_SOURCES, program
from telephony.transport.udp_socket import UdpSocket
from tests.patience import PATIENCE_S

GOOD, BANNED = "127.0.0.3", "127.0.1.7"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs all of 127.0.0.0/8")


@pytest.fixture
def senders() -> Iterator[dict[str, socket.socket]]:
    made = {}
    for address in (GOOD, BANNED):
        made[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made[address].bind((address, 0))
    yield made
    for each in made.values():
        each.close()


async def test_only_what_is_ignored_is_not_heard(senders: dict[str, socket.socket]) -> None:
    heard: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()
    udp = UdpSocket("127.0.0.1", 0, lambda data, host, _: heard.put_nowait((data, host)), StandingDelay())
    try:
        udp.ignore(frozenset({BANNED}))
        senders[BANNED].sendto(b"banned", ("127.0.0.1", udp.port))
        senders[GOOD].sendto(b"good", ("127.0.0.1", udp.port))
        assert await asyncio.wait_for(heard.get(), PATIENCE_S) == (b"good", GOOD)
        udp.ignore(frozenset())
        senders[BANNED].sendto(b"later", ("127.0.0.1", udp.port))
        assert await asyncio.wait_for(heard.get(), PATIENCE_S) == (b"later", BANNED)
        assert heard.empty()
    finally:
        udp.close()


def test_the_program_stays_within_what_the_kernel_takes() -> None:
    many = [f"10.0.{number >> 8}.{number & 255}" for number in range(5000)]
    assert len(program(many)) == 2 * MAX_SOURCES + 6 < 4096


def test_names_and_ipv6_sources_are_left_to_the_program() -> None:
    assert program(["2001:db8::1", "nonsense"]) == program([])
    assert program(["::ffff:192.0.2.1"]) == program(["192.0.2.1"])


async def test_what_is_read_to_the_end_is_no_standing_queue(senders: dict[str, socket.socket]) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    delay = StandingDelay()
    # As if every message of the last half second had been late.
    now = asyncio.get_running_loop().time()
    for step in range(6):
        delay.saw(9.0, now - 0.6 + 0.1 * step)
    udp = UdpSocket("127.0.0.1", 0, lambda data, *_: heard.put_nowait(data), delay)
    try:
        senders[GOOD].sendto(b"one", ("127.0.0.1", udp.port))
        assert await asyncio.wait_for(heard.get(), PATIENCE_S) == b"one"
        assert delay.delay_s(asyncio.get_running_loop().time()) == 0.0
    finally:
        udp.close()
