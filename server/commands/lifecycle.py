"""A server's life in the foreground: a start that can be broken off, what signals ask for, and the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from server.commands.console import err

if TYPE_CHECKING:
    from server.assembly import Trunkline

EXIT_BROKEN_OFF = 130
_CLEAN_UP_S = 5.0


class Signals:
    """SIGTERM and Ctrl-C ask for the end, again for an end at once; SIGHUP asks for the settings anew.

    A third request ends the process where it stands: a disk that hangs must not keep it for ever.
    """

    def __init__(self) -> None:
        self.end = asyncio.Event()
        self.end_now = asyncio.Event()
        self.reload = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask_for_end)
        # Without a handler SIGHUP would end the process, and with it every call.
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def ask_for_end(self) -> None:
        if self.end_now.is_set():
            leave(EXIT_BROKEN_OFF)
        (self.end_now if self.end.is_set() else self.end).set()


def run(main: Coroutine[Any, Any, int]) -> int:
    """The exit code of `main`. One whose start was broken off leaves at once, whatever still computes."""
    try:
        # Outside of the loop, where Ctrl-C ends even an import at once.
        import_module("server.assembly")
    except KeyboardInterrupt:
        main.close()
        raise
    with asyncio.Runner() as runner:
        code = runner.run(main)
        if code == EXIT_BROKEN_OFF:
            leave(code)
    return code


def leave(code: int) -> None:
    """Compilation in a thread cannot be stopped, and an ordinary exit would wait for it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def started(context: AbstractAsyncContextManager[Trunkline], signals: Signals) -> Trunkline | None:
    """The server, or None when the operator changed their mind; what was begun is then undone."""
    if not err.is_terminal:
        # Not through the console: it would hold the line back as long as it shows progress.
        sys.stderr.write("starting; the first start compiles the audio engine, which takes a minute or two\n")
    starting = asyncio.ensure_future(context.__aenter__())
    await _first(starting, signals.end.wait())
    if starting.done():
        return await starting
    starting.cancel()
    await asyncio.wait({starting}, timeout=_CLEAN_UP_S)
    err.print("stopped before it was ready")
    return None


async def serve_until_asked(signals: Signals, reload: Callable[[], Awaitable[None]]) -> None:
    """Reads the settings anew at each SIGHUP; returns when the end is asked for."""
    while not signals.end.is_set():
        await _first(signals.end.wait(), signals.reload.wait())
        if signals.reload.is_set() and not signals.end.is_set():
            signals.reload.clear()
            await reload()


async def finish_calls(server: Trunkline, signals: Signals) -> None:
    """No new calls; those in progress may end, until the settings' time is over or a second request."""
    calls = len(server.intake)
    if calls:
        limit = f"{server.settings.server.drain_s:.0f} s"
        err.print(
            f"finishing calls: {calls} on the line, no new ones, for at most {limit}; "
            "press Ctrl-C again (or send SIGTERM) to end them now",
            markup=False,
        )
    await _first(server.drain(), signals.end_now.wait())


async def _first(*works: Awaitable[Any]) -> None:
    """Returns when one has ended, or raises its error; what is no task of the caller's is cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task, work in zip(tasks, works, strict=True):
        if task is work:
            continue
        if task.done():
            task.result()
        task.cancel()
