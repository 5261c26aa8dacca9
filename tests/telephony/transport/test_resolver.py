"""Names in mid-call."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

from telephony.transport.resolver import Resolver, ask_system
from tests.patience import PATIENCE_S

FOUR = socket.AF_INET


async def answer(resolver: Resolver, host: str) -> str | None:
    found: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    resolver.lookup(host, FOUR, found.set_result)
    return await asyncio.wait_for(found, PATIENCE_S)


def counting(asked: list[str]) -> Callable[[str, socket.AddressFamily], str | None]:
    def ask(host: str, _family: socket.AddressFamily) -> str | None:
        asked.append(host)
        return None if host == "nobody" else "192.0.2.7"

    return ask


def test_the_system_is_asked_and_raises_nothing() -> None:
    assert ask_system("localhost", FOUR) == "127.0.0.1"
    assert ask_system("a..b", FOUR) is None
    assert ask_system("no.such.invalid", FOUR) is None


async def test_a_name_is_asked_for_once_a_minute_whatever_the_answer() -> None:
    asked: list[str] = []
    resolver = Resolver(ask=counting(asked))
    assert [await answer(resolver, host) for host in ("h", "H", "nobody", "nobody")] == [
        "192.0.2.7",
        "192.0.2.7",
        None,
        None,
    ]
    assert asked == ["h", "nobody"]
    resolver.close()


async def test_finding_36_a_dead_name_server_stalls_nobody_else() -> None:
    released = threading.Event()
    others = set(threading.enumerate())

    def hang(_host: str, _family: socket.AddressFamily) -> str | None:
        released.wait(2 * PATIENCE_S)
        return None

    resolver = Resolver(patience_s=0.05, ask=hang)
    answers = await asyncio.gather(*(answer(resolver, f"host{number}") for number in range(200)))
    assert answers == [None] * 200
    # The pool that prompts, recorder and transcription share has every thread it had.
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), PATIENCE_S) == "free"
    assert sum(thread.name == "names" for thread in set(threading.enumerate()) - others) <= 4
    released.set()
    resolver.close()
