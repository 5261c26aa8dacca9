"""One UDP socket on the event loop, without a queue of our own: what the kernel does not take is dropped."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

_BUFFER_BYTES = 1 << 20
_MAX_DATAGRAM_BYTES = 65536
# One wake-up reads a burst, yet never so long that timers starve.
_BURST = 32


class UdpSocket:
    """Reads from the moment it is made; made inside a running loop. Raises OSError when it cannot bind."""

    def __init__(self, address: str, port: int, on_datagram: Callable[[bytes, str, int], None]) -> None:
        self._on_datagram = on_datagram
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            self._socket.bind((address, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._read)

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
        for _ in range(_BURST):
            if self._socket.fileno() < 0:
                return
            try:
                data, source = self._socket.recvfrom(_MAX_DATAGRAM_BYTES)
            except OSError:
                # Nothing more to read, or an ICMP error of something sent before.
                return
            self._on_datagram(data, source[0], source[1])
