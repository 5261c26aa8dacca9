"""Ctrl-C, SIGTERM and SIGHUP at every moment of a server's life, without a server."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from server.commands.lifecycle import Signals, finish_calls, serve_until_asked, started
from tests.patience import PATIENCE_S

CompileForever = """
import asyncio, signal, threading, time
from contextlib import asynccontextmanager
from server.commands import lifecycle

@asynccontextmanager
async def compiling():
    await asyncio.to_thread(time.sleep, 60)
    yield

async def main():
    signals = lifecycle.Signals()
    print("starting", flush=True)
    server = await lifecycle.started(compiling(), signals)
    return lifecycle.EXIT_BROKEN_OFF if server is None else 0

raise SystemExit(lifecycle.run(main()))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_finding_35_a_signal_during_the_first_compilation_ends_the_start(number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", CompileForever], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "starting\n"
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE_S) == 130


async def test_a_start_that_is_broken_off_undoes_what_was_begun() -> None:
    undone = asyncio.Event()

    @asynccontextmanager
    async def starting() -> AsyncIterator[Any]:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
            yield
        finally:
            undone.set()

    assert await started(starting(), Signals()) is None
    assert undone.is_set()


async def test_a_start_that_fails_tells_its_error() -> None:
    @asynccontextmanager
    async def failing() -> AsyncIterator[Any]:
        raise ValueError("no disk")
        yield

    with pytest.raises(ValueError, match="no disk"):
        await started(failing(), Signals())


async def test_u03_sighup_reloads_and_ends_nothing() -> None:
    signals, reloads = Signals(), list[str]()

    async def reload() -> None:
        reloads.append("reload")
        os.kill(os.getpid(), signal.SIGHUP if len(reloads) < 3 else signal.SIGTERM)

    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(PATIENCE_S):
        await serve_until_asked(signals, reload)
    assert len(reloads) == 3


def a_server(drain: Callable[[], Any]) -> Any:
    settings = SimpleNamespace(server=SimpleNamespace(drain_s=3600.0))
    return SimpleNamespace(drain=drain, settings=settings, intake=["a"])


async def test_calls_may_be_finished_after_one_signal() -> None:
    finished = asyncio.Event()

    async def drain() -> None:
        finished.set()

    async with asyncio.timeout(PATIENCE_S):
        await finish_calls(a_server(drain), Signals())
    assert finished.is_set()


async def test_a_second_signal_ends_the_calls_in_progress() -> None:
    signals = Signals()
    os.kill(os.getpid(), signal.SIGINT)
    async with asyncio.timeout(PATIENCE_S):
        await signals.end.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await finish_calls(a_server(asyncio.Event().wait), signals)
    assert signals.end_now.is_set()
