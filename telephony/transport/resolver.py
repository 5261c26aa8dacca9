"""Host names to addresses, beside the event loop and beside the thread pool that everything else shares."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

_KNOWN_FOR_S = 60.0
_UNKNOWN_FOR_S = 10.0
_MAX_KNOWN = 1024
_MAX_ASKED = 64
_MAX_WAITING = 256
_THREADS = 4

Found = Callable[[str | None], None]
Ask = Callable[[str, socket.AddressFamily], str | None]


def ask_system(host: str, family: socket.AddressFamily) -> str | None:
    """What the system's resolver says, /etc/hosts included; None when it knows nothing."""
    try:
        found = socket.getaddrinfo(host, None, family=family, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        # UnicodeError: labels that no host name can have.
        return None
    return str(found[0][4][0]) if found else None


@dataclass(frozen=True, slots=True)
class _Known:
    address: str | None
    until: float


class Resolver:
    """Names in mid-call: every question is answered within `patience_s`, from memory for a minute after.

    A dead name server costs its own questions and no thread that anything else needs: the threads are few,
    they are not waited for at the end, and beyond 64 names under way the answer is None at once.
    """

    def __init__(self, patience_s: float = 5.0, ask: Ask = ask_system) -> None:
        self._patience_s = patience_s
        self._ask = ask
        self._known: OrderedDict[tuple[str, socket.AddressFamily], _Known] = OrderedDict()
        self._waiting: dict[tuple[str, socket.AddressFamily], list[Found]] = {}
        self._questions: queue.SimpleQueue[tuple[str, socket.AddressFamily] | None] = queue.SimpleQueue()
        self._threads = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def lookup(self, host: str, family: socket.AddressFamily, found: Found) -> None:
        """`found` is called in the event loop, and never within this call."""
        loop = self._loop = asyncio.get_running_loop()
        key = (host.lower(), family)
        known = self._known.get(key)
        if known is not None and known.until > loop.time():
            loop.call_soon(found, known.address)
            return
        waiting = self._waiting.get(key)
        if waiting is not None and len(waiting) < _MAX_WAITING:
            waiting.append(found)
        elif waiting is not None or len(self._waiting) >= _MAX_ASKED:
            loop.call_soon(found, None)
        else:
            self._waiting[key] = [found]
            self._put(key)
            loop.call_later(self._patience_s, self._settle, key, None)

    def close(self) -> None:
        """Nobody who still waits hears anything; threads end when the system lets go of them."""
        self._waiting.clear()
        for _ in range(self._threads):
            self._questions.put(None)

    def _put(self, key: tuple[str, socket.AddressFamily]) -> None:
        if self._threads < min(_THREADS, len(self._waiting)):
            self._threads += 1
            threading.Thread(target=self._work, name="names", daemon=True).start()
        self._questions.put(key)

    def _work(self) -> None:
        while (key := self._questions.get()) is not None:
            address = self._ask(*key)
            if self._loop is None or self._loop.is_closed():
                return
            self._loop.call_soon_threadsafe(self._settle, key, address)

    def _settle(self, key: tuple[str, socket.AddressFamily], address: str | None) -> None:
        loop = asyncio.get_running_loop()
        waiting = self._waiting.pop(key, None)
        if waiting is None and address is None:
            return
        if address is None:
            log.info("host.unknown", host=key[0])
        self._known[key] = _Known(
            address, loop.time() + (_UNKNOWN_FOR_S if address is None else _KNOWN_FOR_S)
        )
        self._known.move_to_end(key)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        for found in waiting or ():
            found(address)
