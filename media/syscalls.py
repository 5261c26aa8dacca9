"""The system calls of the tick loop, by symbol name so that compiled code can be cached between processes.

Structures are laid out for 64-bit Linux (x86-64 and aarch64 agree). All pointers are addresses of arrays that
live as long as the engine.
"""

import ctypes
from collections.abc import Callable
from typing import Any, Final

from numba import types

from media.compiled import COMPILED

CLOCK_REALTIME: Final = 0
CLOCK_MONOTONIC: Final = 1
CLOCK_THREAD_CPU: Final = 3
TIMER_ABSTIME: Final = 1
MSG_DONTWAIT: Final = 0x40
MSG_NOSIGNAL: Final = 0x4000
AF_UNSPEC: Final = 0
AF_INET: Final = 2
AF_INET6: Final = 10
SO_TIMESTAMPNS: Final = 35
# level and type of the control message that carries the kernel's arrival time, as one 64-bit word
TIMESTAMP_CONTROL: Final = 1 | SO_TIMESTAMPNS << 32

# words of struct msghdr; the receive path resets only what the kernel overwrites
NAME: Final = 0
NAME_SIZE: Final = 1
VECTOR: Final = 2
VECTORS: Final = 3
CONTROL: Final = 4
CONTROL_SIZE: Final = 5
FLAGS: Final = 6

_INT = types.int32
_LONG = types.int64


def _external(symbol: str, result: Any, *arguments: Any) -> Callable[..., int]:
    if COMPILED:
        function: Callable[..., int] = types.ExternalFunction(symbol, result(*arguments))
        return function
    foreign = {_INT: ctypes.c_int32, _LONG: ctypes.c_int64}
    interpreted = ctypes.CDLL(None)[symbol]
    interpreted.restype = foreign[result]
    interpreted.argtypes = [foreign[argument] for argument in arguments]
    return lambda *values: int(interpreted(*(int(value) for value in values)))


recvmsg = _external("recvmsg", _LONG, _INT, _LONG, _INT)
send = _external("send", _LONG, _INT, _LONG, _LONG, _INT)
sendto = _external("sendto", _LONG, _INT, _LONG, _LONG, _INT, _LONG, _INT)
connect = _external("connect", _INT, _INT, _LONG, _INT)
write = _external("write", _LONG, _INT, _LONG, _LONG)
clock_gettime = _external("clock_gettime", _INT, _INT, _LONG)
clock_nanosleep = _external("clock_nanosleep", _INT, _INT, _INT, _LONG, _LONG)
