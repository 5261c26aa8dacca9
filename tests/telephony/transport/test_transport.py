"""Sockets on loopback: delivery, reuse, bounds, and clear errors."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from telephony.settings import TransportSettings
from telephony.sip.errors import SipSyntaxError
from telephony.sip.framing import PONG
from telephony.sip.hop import PLAIN_TRANSPORTS, ConnectionId, Hop, Transport
from telephony.transport.resolver import Resolver
from telephony.transport.sip_transport import BoundAddress, SipTransport, TransportError
from tests.patience import PATIENCE_S

MESSAGE = b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\nContent-Length: 4\r\n\r\nbody"
OTHER = MESSAGE.replace(b"body", b"more")
LOOPBACK = "127.0.0.1"


@dataclass
class Station:
    """One transport and what it told."""

    settings: TransportSettings = field(default_factory=TransportSettings)
    messages: asyncio.Queue[tuple[bytes, Hop]] = field(default_factory=asyncio.Queue)
    lost: asyncio.Queue[SipSyntaxError] = field(default_factory=asyncio.Queue)
    failed: asyncio.Queue[Hop] = field(default_factory=asyncio.Queue)
    ended: asyncio.Queue[ConnectionId] = field(default_factory=asyncio.Queue)
    needed: bool = False
    bound: BoundAddress = field(default_factory=lambda: BoundAddress("", 0))

    def __post_init__(self) -> None:
        self.transport = SipTransport(
            self.settings,
            Resolver(),
            on_message=lambda data, hop: self.messages.put_nowait((data, hop)),
            on_framing_lost=lambda error, _: self.lost.put_nowait(error),
            on_failed=self.failed.put_nowait,
            on_lost=self.ended.put_nowait,
            is_needed=lambda _connection: self.needed,
        )

    def hop(self, transport: Transport) -> Hop:
        return Hop(transport, self.bound.address, self.bound.port)

    async def next(self) -> tuple[bytes, Hop]:
        return await asyncio.wait_for(self.messages.get(), PATIENCE_S)


Open = Callable[..., Awaitable[Station]]


@pytest.fixture
async def open_station() -> AsyncIterator[Open]:
    stations: list[Station] = []

    async def open_one(address: str = LOOPBACK, **settings: float) -> Station:
        station = Station(TransportSettings.model_validate(settings))
        station.bound = await station.transport.bind(address, 0)
        stations.append(station)
        return station

    yield open_one
    for station in stations:
        await station.transport.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("kind", PLAIN_TRANSPORTS)
async def test_a_message_arrives_whole_with_its_source(open_station: Open, kind: Transport) -> None:
    here, there = await open_station(), await open_station()
    here.transport.send(MESSAGE, there.hop(kind))
    data, source = await there.next()
    assert data == MESSAGE
    assert (source.transport, source.host) == (kind, LOOPBACK)
    there.transport.send(OTHER, source)
    answer, answerer = await here.next()
    assert answer == OTHER
    assert (answerer.host, answerer.port) == (there.bound.address, there.bound.port)


async def test_a_host_name_is_looked_up(open_station: Open) -> None:
    here, there = await open_station(), await open_station()
    here.transport.send(MESSAGE, Hop(Transport.UDP, "localhost", there.bound.port))
    assert (await there.next())[0] == MESSAGE


async def test_one_connection_serves_both_ways_and_many_messages(open_station: Open) -> None:
    here, there = await open_station(), await open_station()
    for data in (MESSAGE, OTHER, MESSAGE):
        here.transport.send(data, there.hop(Transport.TCP))
    received = [await there.next() for _ in range(3)]
    assert [data for data, _ in received] == [MESSAGE, OTHER, MESSAGE]
    assert len({hop for _, hop in received}) == 1
    there.transport.send(MESSAGE, received[0][1])
    await here.next()
    here.transport.send(OTHER, there.hop(Transport.TCP))
    await there.next()
    assert (here.transport.connections, there.transport.connections) == (1, 1)


async def test_without_its_connection_a_hop_is_reached_at_its_address(open_station: Open) -> None:
    here, there = await open_station(), await open_station()
    gone = Hop(Transport.TCP, there.bound.address, there.bound.port, ConnectionId(99))
    here.transport.send(MESSAGE, gone)
    assert (await there.next())[0] == MESSAGE


@pytest.mark.parametrize(
    "hop",
    [
        Hop(Transport.TCP, LOOPBACK, 1),
        Hop(Transport.TCP, LOOPBACK, 1, ConnectionId(99)),
        Hop(Transport.TCP, "a..b", 5060),
        Hop(Transport.UDP, "::1", 5060),
        Hop(Transport.UDP, LOOPBACK, 0),
    ],
)
async def test_what_cannot_be_reached_is_told_as_it_was_asked(open_station: Open, hop: Hop) -> None:
    here = await open_station()
    here.transport.send(MESSAGE, hop)
    assert await asyncio.wait_for(here.failed.get(), PATIENCE_S) == hop


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_a_taken_port_is_a_clear_error_and_leaves_nothing_open(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((LOOPBACK, 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        station = Station()
        with pytest.raises(TransportError, match=f"127.0.0.1:{port}.*in use") as caught:
            await station.transport.bind(LOOPBACK, port)
        assert caught.value.port_taken
    await asyncio.sleep(0)
    assert (await station.transport.bind(LOOPBACK, port)).port == port
    await station.transport.close()


async def test_an_address_that_is_not_ours_is_a_clear_error() -> None:
    with pytest.raises(TransportError, match=r"cannot listen on 192\.0\.2\.1") as caught:
        await Station().transport.bind("192.0.2.1", 0)
    assert not caught.value.port_taken


async def test_closing_frees_the_port(open_station: Open) -> None:
    here, there = await open_station(), await open_station()
    here.transport.send(MESSAGE, there.hop(Transport.TCP))
    await there.next()
    await there.transport.close()
    again = Station()
    assert (await again.transport.bind(LOOPBACK, there.bound.port)).port == there.bound.port
    await again.transport.close()


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"\r\n", b"\0", b"\0\0\0\0", b""])
async def test_keep_alive_datagrams_are_no_messages(open_station: Open, data: bytes) -> None:
    here, there = await open_station(), await open_station()
    here.transport.send(data, there.hop(Transport.UDP))
    here.transport.send(MESSAGE, there.hop(Transport.UDP))
    assert (await there.next())[0] == MESSAGE


async def test_a_ping_on_a_connection_gets_its_pong(open_station: Open) -> None:
    there = await open_station()
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    writer.write(b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readexactly(2), PATIENCE_S) == PONG
    writer.close()


async def test_lost_framing_is_told_once_and_closes_only_that_connection(open_station: Open) -> None:
    here, there = await open_station(), await open_station()
    here.transport.send(MESSAGE, there.hop(Transport.TCP))
    await there.next()
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    writer.write(MESSAGE + MESSAGE.replace(b"Content-Length: 4\r\n", b"") + MESSAGE)
    assert (await there.next())[0] == MESSAGE
    error = await asyncio.wait_for(there.lost.get(), PATIENCE_S)
    assert error.request is not None
    assert await ended(reader)
    assert there.messages.empty()
    assert there.transport.connections == 1
    writer.close()


async def test_connections_beyond_the_limit_are_turned_away(open_station: Open) -> None:
    there = await open_station(max_connections=1)
    _, first = await asyncio.open_connection(LOOPBACK, there.bound.port)
    first.write(MESSAGE)
    await there.next()
    reader, second = await asyncio.open_connection(LOOPBACK, there.bound.port)
    assert await ended(reader)
    first.write(MESSAGE)
    assert (await there.next())[0] == MESSAGE
    for writer in (first, second):
        writer.close()


async def test_a_message_that_never_ends_is_cut_off(open_station: Open) -> None:
    there = await open_station(message_timeout_s=0.1)
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    writer.write(MESSAGE[:-1])
    assert await ended(reader)
    writer.close()


async def test_a_silent_connection_is_closed(open_station: Open) -> None:
    there = await open_station(idle_timeout_s=1)
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    assert await ended(reader)
    writer.close()


async def test_finding_09_a_silent_connection_that_is_needed_stays_open(open_station: Open) -> None:
    there = await open_station(idle_timeout_s=1)
    there.needed = True
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    writer.write(MESSAGE)
    await there.next()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 1.5)
    assert there.transport.connections == 1
    writer.close()
    assert await asyncio.wait_for(there.ended.get(), PATIENCE_S) == ConnectionId(1)


async def test_a_peer_that_does_not_read_is_cut_off(open_station: Open) -> None:
    there = await open_station(max_unsent_bytes=65536)
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port, limit=1)
    writer.write(MESSAGE)
    _, source = await there.next()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(2000):
        there.transport.send(b"x" * 60_000, source)
        await asyncio.sleep(0)
        if there.transport.connections == 0:
            break
    assert there.transport.connections == 0
    assert not reader.at_eof()
    writer.close()


async def test_ipv6_works_where_the_machine_has_it(open_station: Open) -> None:
    try:
        here, there = await open_station("::1"), await open_station("::1")
    except TransportError:
        pytest.skip("no IPv6 loopback")
    for kind in PLAIN_TRANSPORTS:
        here.transport.send(MESSAGE, there.hop(kind))
        data, source = await there.next()
        assert (data, source.host) == (MESSAGE, "::1")


async def test_an_unused_connection_makes_room_for_a_new_one(open_station: Open) -> None:
    there = await open_station(max_connections=2)
    _, speaker = await asyncio.open_connection(LOOPBACK, there.bound.port)
    speaker.write(MESSAGE)
    await there.next()
    idle, silent = await asyncio.open_connection(LOOPBACK, there.bound.port)
    _, newcomer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    newcomer.write(OTHER)
    assert (await there.next())[0] == OTHER
    assert await ended(idle)
    speaker.write(MESSAGE)
    assert (await there.next())[0] == MESSAGE
    for writer in (speaker, silent, newcomer):
        writer.close()


async def test_a_connection_on_which_nothing_is_ever_said_is_closed_early(open_station: Open) -> None:
    there = await open_station(message_timeout_s=0.1)
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    writer.write(b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readexactly(2), PATIENCE_S) == PONG
    assert await ended(reader)
    writer.close()


async def test_thousands_of_pings_get_as_many_pongs(open_station: Open) -> None:
    there = await open_station()
    reader, writer = await asyncio.open_connection(LOOPBACK, there.bound.port)
    writer.write(b"\r\n\r\n" * 5000 + MESSAGE)
    assert await asyncio.wait_for(reader.readexactly(2 * 5000), PATIENCE_S) == PONG * 5000
    assert (await there.next())[0] == MESSAGE
    writer.close()


async def test_a_message_too_large_for_udp_does_not_condemn_its_peer(open_station: Open) -> None:
    here, there = await open_station(), await open_station()
    here.transport.send(b"x" * 65_520, there.hop(Transport.UDP))
    here.transport.send(MESSAGE, there.hop(Transport.UDP))
    assert (await there.next())[0] == MESSAGE
    assert here.failed.empty()
