"""One UDP socket on the event loop, without a queue of our own: what the kernel does not take is dropped."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import sys
import time
from collections.abc import Callable

from telephony.standing_delay import StandingDelay
from telephony.transport import source_filter

# Room for what a flood brings while the event loop does something else for half a second.
_BUFFER_BYTES = 16 << 20
# Linux: beyond the system's limit, for those who may (CAP_NET_ADMIN).
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_MAX_DATAGRAM_BYTES = 65536
_CONTROL_BYTES = 64
_TIMESPEC = struct.Struct("qq")
# One wake-up reads a burst, yet never so long that timers starve.
_BURST = 32


def _widen(udp: socket.socket) -> None:
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


class UdpSocket:
    """Reads from the moment it is made; made inside a running loop. Raises OSError when it cannot bind.

    `delay` is told how long the first datagram of each burst lay in the kernel, and when all is read.
    """

    def __init__(
        self, address: str, port: int, on_datagram: Callable[[bytes, str, int], None], delay: StandingDelay
    ) -> None:
        self._on_datagram = on_datagram
        self._delay = delay
        self._ignored: frozenset[str] = frozenset()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            _widen(self._socket)
            self._socket.bind((address, port))
        except OSError:
            self._socket.close()
            raise
        # Reading into the same memory costs half of what a fresh 64 kB for each datagram does.
        self._buffer = bytearray(_MAX_DATAGRAM_BYTES)
        self._readable = memoryview(self._buffer)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._read)

    def ignore(self, sources: frozenset[str]) -> None:
        """Nothing is heard of those: in the kernel where that can be, else before anything is looked at."""
        if self._socket.fileno() >= 0:
            self._ignored = sources
            source_filter.drop(self._socket, sources)

    def send(self, data: bytes, address: str, port: int) -> bool:
        """False when nothing can ever arrive there; a full buffer counts as lost on the way, as UDP may."""
        try:
            self._socket.sendto(data, (address, port))
        except (BlockingIOError, InterruptedError):
            return True
        except OSError as error:
            # What is too large says nothing about the peer: its other messages arrive.
            return error.errno == errno.EMSGSIZE
        except OverflowError:
            return False
        return True

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _read(self) -> None:
        if not self._read_first():
            return
        for _ in range(_BURST - 1):
            if self._socket.fileno() < 0:
                return
            try:
                length, source = self._socket.recvfrom_into(self._buffer)
            except BlockingIOError:
                # All is read: whatever it waited for, a queue it is not.
                self._delay.saw(0.0, self._loop.time())
                return
            except OSError:
                # An ICMP error of something sent before.
                return
            if source[0] not in self._ignored:
                self._on_datagram(bytes(self._readable[:length]), source[0], source[1])

    def _read_first(self) -> bool:
        """With the time it came at, which costs too much to ask of every one."""
        try:
            length, control, _, source = self._socket.recvmsg_into([self._buffer], _CONTROL_BYTES)
        except OSError:
            return False
        for _, kind, value in control:
            if kind == _SO_TIMESTAMPNS and len(value) >= _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack_from(value)
                delay_s = time.time() - seconds - nanoseconds / 1e9
                self._delay.saw(max(0.0, delay_s), self._loop.time())
        if source[0] not in self._ignored:
            self._on_datagram(bytes(self._readable[:length]), source[0], source[1])
        return True
