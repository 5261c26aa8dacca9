"""The sockets: UDP and TCP on one port, TLS on another, outgoing connections; nothing here knows calls."""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import structlog

from telephony.settings import TransportSettings
from telephony.sip.hop import ConnectionId, Hop, Transport, is_address, udp_hop
from telephony.sip.uri import format_host_port
from telephony.standing_delay import StandingDelay
from telephony.transport.resolver import Resolver
from telephony.transport.tcp_connection import OnFramingLost, OnMessage, TcpConnection
from telephony.transport.udp_socket import UdpSocket

log = structlog.get_logger(__name__)

_MAX_KEEP_ALIVE_BYTES = 4
_MAX_PENDING = 256
_PORT_ATTEMPTS = 20


class _Target(NamedTuple):
    """Where a connection of ours leads; `name` is what its certificate must be for."""

    transport: Transport
    address: str
    port: int
    name: str


def _nothing(_connection: ConnectionId) -> None:
    """Nobody wants to know."""


def _never(_connection: ConnectionId) -> bool:
    return False


class TransportError(Exception):
    """The line cannot be opened; `port_taken` says that another port may do."""

    def __init__(self, message: str, *, port_taken: bool) -> None:
        super().__init__(message)
        self.port_taken = port_taken


def _cannot_listen(address: str, port: int, kind: str, error: OSError) -> TransportError:
    taken = error.errno == errno.EADDRINUSE
    reason = "the port is in use" if taken else (error.strerror or str(error))
    return TransportError(
        f"cannot listen on {format_host_port(address, port)}/{kind}: {reason}", port_taken=taken
    )


@dataclass(frozen=True, slots=True)
class BoundAddress:
    """Where we really listen."""

    address: str
    port: int


class SipTransport:
    """Delivers whole messages with the hop they came from; sends bytes to hops.

    `on_failed` is told a hop that a message could not be sent to, `on_lost` a connection that ended. Nothing
    is raised by `send`. A connection that `is_needed` is not closed for silence.
    """

    def __init__(
        self,
        settings: TransportSettings,
        resolver: Resolver,
        *,
        on_message: OnMessage,
        on_framing_lost: OnFramingLost,
        on_failed: Callable[[Hop], None],
        on_lost: Callable[[ConnectionId], None] = _nothing,
        is_needed: Callable[[ConnectionId], bool] = _never,
        delay: StandingDelay | None = None,
    ) -> None:
        self._settings = settings
        self._delay = delay or StandingDelay()
        self._ignored: frozenset[str] = frozenset()
        self._resolver = resolver
        self._on_message = on_message
        self._on_framing_lost = on_framing_lost
        self._on_failed = on_failed
        self._on_lost = on_lost
        self._is_needed = is_needed
        self._idents = itertools.count(1)
        self._udp: UdpSocket | None = None
        self._server: asyncio.Server | None = None
        self._address = ""
        self._connections: dict[ConnectionId, TcpConnection] = {}
        self._tls_server: asyncio.Server | None = None
        self._tls_client: ssl.SSLContext | None = None
        self._outgoing: dict[_Target, TcpConnection] = {}
        self._waiting: dict[_Target, list[tuple[bytes, Hop]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def connections(self) -> int:
        """TCP connections that are open."""
        return len(self._connections)

    async def bind(self, address: str, port: int) -> BoundAddress:
        """Opens UDP and TCP on one port; port 0 takes one that is free for both. Raises TransportError."""
        for attempt in range(_PORT_ATTEMPTS):
            try:
                return await self._bind(address, port)
            except TransportError as error:
                # Port 0: the number UDP was given may be taken on TCP.
                if port or not error.port_taken or attempt == _PORT_ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def listen_tls(
        self, address: str, port: int, server: ssl.SSLContext, client: ssl.SSLContext
    ) -> int:
        """Opens another port for TLS, and lets connections be made with it; raises TransportError."""
        loop = asyncio.get_running_loop()
        try:
            self._tls_server = await loop.create_server(
                partial(self._new_connection, Transport.TLS),
                address,
                port,
                backlog=1024,
                ssl=server,
                ssl_handshake_timeout=self._settings.connect_timeout_s,
            )
        except OSError as error:
            raise _cannot_listen(address, port, "tls", error) from error
        self._tls_client = client
        bound: int = self._tls_server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Closes everything at once; what was not yet sent over TCP is lost."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in tuple(self._connections.values()):
            connection.abort()
        for server in (self._server, self._tls_server):
            if server is not None:
                server.close()
                await server.wait_closed()
        if self._udp is not None:
            self._udp.close()
        # Lets the loop close the sockets, so that the ports are free when this returns.
        await asyncio.sleep(0)

    def send(self, data: bytes, destination: Hop) -> None:
        """Over the hop's own connection while that lives; otherwise to its address."""
        connection = None if destination.connection is None else self._connections.get(destination.connection)
        if connection is not None and connection.send(data):
            return
        if not is_address(destination.host):
            self._send_to_name(data, destination)
            return
        self._send_to_address(data, destination.host, destination)

    def ignore(self, sources: frozenset[str]) -> None:
        """Nothing is heard of those any more, and their connections end."""
        self._ignored = sources
        if self._udp is not None:
            self._udp.ignore(sources)
        for connection in [each for each in self._connections.values() if each.hop.host in sources]:
            connection.abort()

    def hang_up(self, hop: Hop) -> None:
        """Ends the connection that a message came over, once what is to be sent on it is sent."""
        connection = None if hop.connection is None else self._connections.get(hop.connection)
        if connection is not None:
            connection.close()

    async def _bind(self, address: str, port: int) -> BoundAddress:
        loop = asyncio.get_running_loop()
        kind = "udp"
        udp: UdpSocket | None = None
        try:
            udp = UdpSocket(address, port, self._datagram, self._delay)
            kind, port = "tcp", udp.port
            make = partial(self._new_connection, Transport.TCP)
            server = await loop.create_server(make, address, port, backlog=1024)
        except OSError as error:
            if udp is not None:
                udp.close()
            raise _cannot_listen(address, port, kind, error) from error
        self._udp, self._server, self._address = udp, server, address
        return BoundAddress(address, port)

    def _send_to_address(self, data: bytes, address: str, destination: Hop) -> None:
        if destination.transport is Transport.UDP:
            if self._udp is None or not self._udp.send(data, address, destination.port):
                self._fail(destination)
            return
        if destination.transport is Transport.TLS and self._tls_client is None:
            self._fail(destination)
            return
        key = _Target(destination.transport, address, destination.port, destination.host)
        connection = self._outgoing.get(key)
        if connection is not None and connection.send(data):
            return
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [(data, destination)]
            if not self._spawn(self._connect(key)):
                del self._waiting[key]
                self._fail(destination)
        elif sum(len(other) for other, _ in waiting) + len(data) <= self._settings.max_unsent_bytes:
            waiting.append((data, destination))
        else:
            self._fail(destination)

    def _send_to_name(self, data: bytes, destination: Hop) -> None:
        def send(address: str | None) -> None:
            if address is None:
                self._on_failed(destination)
            else:
                self._send_to_address(data, address, destination)

        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        self._resolver.lookup(destination.host, family, send)

    async def _connect(self, key: _Target) -> None:
        loop = asyncio.get_running_loop()
        connection: TcpConnection | None = None
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                secure = key.transport is Transport.TLS
                _, connection = await loop.create_connection(
                    partial(self._new_connection, key.transport),
                    key.address,
                    key.port,
                    local_addr=(self._address, 0) if self._address else None,
                    ssl=self._tls_client if secure else None,
                    server_hostname=key.name if secure else None,
                )
        except (OSError, ValueError) as error:
            # ValueError: a name that no certificate can have.
            reason = getattr(error, "strerror", None) or str(error)
            log.info("tcp.connect_failed", host=key.address, port=key.port, reason=reason)
        waiting = self._waiting.pop(key)
        if connection is None or connection.ident not in self._connections:
            for destination in {destination for _, destination in waiting}:
                self._on_failed(destination)
            return
        self._outgoing[key] = connection
        for data, _ in waiting:
            connection.send(data)

    def _spawn(self, work: Coroutine[None, None, None]) -> bool:
        if len(self._tasks) >= _MAX_PENDING:
            work.close()
            return False
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def _fail(self, destination: Hop) -> None:
        # Not at once: whoever sends is in the middle of carrying out effects.
        asyncio.get_running_loop().call_soon(self._on_failed, destination)

    def _datagram(self, data: bytes, address: str, port: int) -> None:
        # CRLF or NUL datagrams keep NAT bindings open; they mean nothing.
        if len(data) > _MAX_KEEP_ALIVE_BYTES or data.strip(b"\r\n\0"):
            self._on_message(data, udp_hop(address, port))

    def _new_connection(self, kind: Transport) -> TcpConnection:
        return TcpConnection(
            ConnectionId(next(self._idents)),
            kind,
            self._settings,
            self._on_message,
            self._on_framing_lost,
            on_open=self._opened,
            on_close=self._closed,
            is_needed=self._is_needed,
        )

    def _opened(self, connection: TcpConnection) -> None:
        if connection.hop.host in self._ignored:
            connection.abort()
            return
        if len(self._connections) >= self._settings.max_connections and not self._make_room():
            log.warning("tcp.too_many_connections", peer=str(connection.hop))
            connection.abort()
            return
        self._connections[connection.ident] = connection

    def _make_room(self) -> bool:
        """Gives up the oldest connection that nothing was said on: whoever says something goes first."""
        unused = next((other for other in self._connections.values() if not other.used), None)
        if unused is None:
            return False
        del self._connections[unused.ident]
        unused.abort()
        return True

    def _closed(self, connection: TcpConnection) -> None:
        known = self._connections.pop(connection.ident, None)
        for key in [key for key, held in self._outgoing.items() if held is connection]:
            del self._outgoing[key]
        if known is not None and not self._closing:
            self._on_lost(connection.ident)
