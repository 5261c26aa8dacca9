"""RTP and RTCP sockets, an even port and the odd one above it."""

import contextlib
import socket
from collections.abc import Iterator

from media.errors import MediaExhausted
from media.settings import MediaSettings
from media.syscalls import SO_TIMESTAMPNS

_TRIES = 200
_RTCP_BUFFER = 16384


class PortPairs:
    """Hands out bound socket pairs; a range is walked round, so that a port rests as long as possible."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._next = 0

    def bind(self) -> tuple[socket.socket, socket.socket]:
        for port in self._candidates():
            pair = self._try(port)
            if pair is not None:
                return pair
        raise MediaExhausted("no free pair of UDP ports for RTP: widen media.port_range")

    def _candidates(self) -> Iterator[int]:
        if self._settings.port_range is None:
            for _ in range(_TRIES):
                yield 0
            return
        first, last = self._settings.port_range
        first += first % 2
        pairs = (last - first + 1) // 2
        for _ in range(pairs):
            yield first + 2 * self._next
            self._next = (self._next + 1) % pairs

    def _try(self, port: int) -> tuple[socket.socket, socket.socket] | None:
        """Port 0 lets the system choose; an odd choice, or a taken neighbour, is given back."""
        with contextlib.ExitStack() as undo:
            rtp = undo.enter_context(self._open())
            rtcp = undo.enter_context(self._open())
            try:
                rtp.bind((self._settings.address, port))
                port = rtp.getsockname()[1]
                if port % 2:
                    return None
                rtcp.bind((self._settings.address, port + 1))
            except OSError:
                return None
            rtcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RTCP_BUFFER)
            undo.pop_all()
            return rtp, rtcp

    def _open(self) -> socket.socket:
        try:
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise MediaExhausted(f"no more sockets: {error}") from error
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, self._settings.dscp << 2)
        return opened
