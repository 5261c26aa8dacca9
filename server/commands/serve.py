"""`trunkline serve`: the server, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal

import structlog

from config.settings import Settings
from server.assembly import Trunkline, running
from server.commands.console import ConfigOption, err, mistakes_explained, startable
from server.logs import configure_logs

log = structlog.get_logger(__name__)


def serve(config: ConfigOption = None) -> None:
    """Takes calls until SIGTERM or Ctrl-C; then drains: no new calls, those in progress may end.

    Example: trunkline serve --config /etc/trunkline.toml
    """
    with mistakes_explained():
        settings = startable(config)
        configure_logs(settings.server.log_format, settings.server.log_level)
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = stop_requested()
    with err.status("starting") as progress:
        context = running(settings, progress.update)
        server = await context.__aenter__()
    try:
        err.print(ready_line(server), markup=False)
        await stop.wait()
        err.print("draining: no new calls; press Ctrl-C again to end the calls in progress", markup=False)
        stop.clear()
        await _drained_or_stopped(server, stop)
    finally:
        await context.__aexit__(None, None, None)


async def _drained_or_stopped(server: Trunkline, stop: asyncio.Event) -> None:
    waiting = {asyncio.create_task(server.drain()), asyncio.create_task(_wait(stop))}
    _done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


def stop_requested() -> asyncio.Event:
    """Set by SIGTERM and by Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def ready_line(server: Trunkline) -> str:
    """Where it listens, and whether that is where it was told to."""
    host, port = server.sip
    wanted = server.settings.sip.port
    other = f" ({wanted} was taken)" if wanted not in (0, port) else ""
    return f"ready: SIP on {host}:{port} UDP and TCP{other}, administration on {server.web}"
