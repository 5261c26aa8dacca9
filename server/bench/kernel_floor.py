"""The least that a packet costs: one recvfrom and one sendto, compiled, a quarter of them every 5 ms."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

import numba
import numpy as np
from numba import types

from media.syscalls import CLOCK_MONOTONIC, TIMER_ABSTIME, clock_nanosleep
from server.bench.talkers import Talkers

_TURNS_A_SECOND = 200

_recvfrom: Any = types.ExternalFunction(
    "recvfrom", types.int64(types.int32, types.int64, types.int64, types.int32, types.int64, types.int64)
)
_sendto: Any = types.ExternalFunction(
    "sendto", types.int64(types.int32, types.int64, types.int64, types.int32, types.int64, types.int32)
)


@numba.njit(nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _forward(fds: Any, addresses: Any, timespec: Any, name_size: Any, turns: int) -> int:
    """`addresses` are those of a buffer, a socket name, the timespec and the size of the name."""
    forwarded = 0
    for turn in range(turns):
        timespec[1] += 5_000_000
        if timespec[1] >= 1_000_000_000:
            timespec[1] -= 1_000_000_000
            timespec[0] += 1
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, addresses[2], 0)
        for index in range(turn % 4, len(fds), 4):
            while True:
                name_size[0] = 16
                size = _recvfrom(fds[index], addresses[0], 2048, 0x40, addresses[1], addresses[3])
                if size <= 0:
                    break
                _sendto(fds[index], addresses[0], size, 0x40, addresses[1], 16)
                forwarded += 1
    return forwarded


def floor_cpu_ms(talkers: Talkers, seconds: float) -> float:
    """For a phone and second, of the packets that the phones really sent; they send to us from now on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(_open()) for _ in talkers.ports]
        for number, each in enumerate(sockets):
            talkers.send_to(number, *each.getsockname())
        fds = np.array([each.fileno() for each in sockets], dtype=np.int64)
        buffer, name = np.zeros(2048, np.uint8), np.zeros(16, np.uint8)
        timespec, name_size = np.zeros(2, np.int64), np.zeros(1, np.int32)
        addresses = np.array([each.ctypes.data for each in (buffer, name, timespec, name_size)], np.int64)
        _run(fds, addresses, timespec, name_size, 1)
        _run(fds, addresses, timespec, name_size, _TURNS_A_SECOND // 2)
        began_s = time.process_time()
        _run(fds, addresses, timespec, name_size, int(seconds * _TURNS_A_SECOND))
        return (time.process_time() - began_s) * 1e3 / len(sockets) / seconds


def _run(fds: Any, addresses: Any, timespec: Any, name_size: Any, turns: int) -> None:
    timespec[:] = divmod(time.monotonic_ns(), 1_000_000_000)
    _forward(fds, addresses, timespec, name_size, turns)


def _open() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    opened.bind(("127.0.0.1", 0))
    return opened
