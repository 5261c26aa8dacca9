"""One TCP or TLS connection: bytes in, messages out, and the clocks and bounds that keep a bad peer cheap."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

from telephony.settings import TransportSettings
from telephony.sip.errors import SipSyntaxError
from telephony.sip.framing import PONG, KeepAlive, StreamFramer
from telephony.sip.hop import ConnectionId, Hop, Transport

log = structlog.get_logger(__name__)

OnMessage = Callable[[bytes, Hop], None]
OnFramingLost = Callable[[SipSyntaxError, Hop], None]


_LOOK_AGAIN_S = 60.0
# A peer that vanished without a word is noticed by the kernel, also where no SIP is due for an hour.
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


def _notice_silent_death(transport: asyncio.Transport) -> None:
    endpoint = transport.get_extra_info("socket")
    if endpoint is not None:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE:
            if hasattr(socket, name):
                endpoint.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class TcpConnection(asyncio.Protocol):
    """Lives from connection to close; `on_open` may refuse it by closing it."""

    def __init__(
        self,
        ident: ConnectionId,
        kind: Transport,
        settings: TransportSettings,
        on_message: OnMessage,
        on_framing_lost: OnFramingLost,
        *,
        on_open: Callable[[TcpConnection], None],
        on_close: Callable[[TcpConnection], None],
        is_needed: Callable[[ConnectionId], bool],
    ) -> None:
        self.ident = ident
        self.hop = Hop(kind, "", 0, ident)
        self._settings = settings
        self._on_message = on_message
        self._on_framing_lost = on_framing_lost
        self._on_open = on_open
        self._on_close = on_close
        self._is_needed = is_needed
        self._framer = StreamFramer(settings.max_message_bytes)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.used = False
        """Whether a message went over it: one that only stands open has to make room for others."""
        self._opened_at = self._active_at = 0.0
        self._message_began_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        peer = transport.get_extra_info("peername") or ("", 0)
        self.hop = Hop(self.hop.transport, peer[0], peer[1], self.ident)
        self._transport = transport
        _notice_silent_death(transport)
        self._opened_at = self._active_at = asyncio.get_running_loop().time()
        self._arm()
        self._on_open(self)

    def data_received(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        self._active_at = now
        try:
            self._deliver(data)
        except SipSyntaxError as error:
            log.info("tcp.framing_lost", peer=str(self.hop), reason=error.reason)
            self._on_framing_lost(error, self.hop)
            self.close()
            return
        if self._framer.idle:
            self._message_began_at = None
        elif self._message_began_at is None:
            self._message_began_at = now
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._on_close(self)

    def send(self, data: bytes) -> bool:
        """False when the connection is gone, or now cut off because the peer does not read."""
        self.used = True
        return self._write(data)

    def _write(self, data: bytes) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() + len(data) > self._settings.max_unsent_bytes:
            log.warning("tcp.peer_does_not_read", peer=str(self.hop))
            transport.abort()
            return False
        transport.write(data)
        self._active_at = asyncio.get_running_loop().time()
        return True

    def close(self) -> None:
        """Sends what waits to be sent, reads no more."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _deliver(self, data: bytes) -> None:
        pings = 0
        for item in self._framer.feed(data):
            self._message_began_at = None
            if isinstance(item, bytes):
                self.used = True
                self._on_message(item, self.hop)
            elif item is KeepAlive.PING:
                pings += 1
        if pings:
            # In one write: a segment may hold thousands.
            self._write(PONG * pings)

    def _deadline(self) -> float:
        idle = self._active_at + self._settings.idle_timeout_s
        waiting_since = self._message_began_at if self.used else self._opened_at
        if waiting_since is None:
            return idle
        return min(idle, waiting_since + self._settings.message_timeout_s)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(self._deadline(), self._check)

    def _check(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._message_began_at is None and self.used and self._is_needed(self.ident):
            # A call or a registered telephone is behind it: silence is no reason to end it.
            self._active_at = max(self._active_at, now - self._settings.idle_timeout_s + _LOOK_AGAIN_S)
        if now < self._deadline():
            self._arm()
            return
        log.info("tcp.timed_out", peer=str(self.hop), in_message=self._message_began_at is not None)
        # A peer that does not read would keep `close` waiting for ever.
        self.abort()
