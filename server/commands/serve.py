"""`trunkline serve`: the server, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from server.commands.console import ConfigOption, err, mistakes_explained, startable

if TYPE_CHECKING:
    from config.settings import Settings
    from server.assembly import Trunkline


def serve(config: ConfigOption = None) -> None:
    """Takes calls until SIGTERM or Ctrl-C; then finishes calls: no new ones, those in progress may end.

    A second signal ends the calls in progress. SIGHUP reads the settings and flows anew.

    Example: trunkline serve --config /etc/trunkline/trunkline.toml
    """
    with mistakes_explained():
        settings = startable(config)
        from server.commands import lifecycle
        from server.logs import configure_logs

        configure_logs(settings.server.log_format, settings.server.log_level)
        code = lifecycle.run(_serve(settings, config))
    raise typer.Exit(code)


async def _serve(settings: Settings, config: Path | None) -> int:
    from server.assembly import running
    from server.commands import lifecycle

    signals = lifecycle.Signals()
    with err.status("starting") as progress:
        context = running(settings, progress.update)
        server = await lifecycle.started(context, signals)
    if server is None:
        return lifecycle.EXIT_BROKEN_OFF
    try:
        err.print(ready_line(server), markup=False)
        await lifecycle.serve_until_asked(signals, lambda: reload(server, config))
        await lifecycle.finish_calls(server, signals)
    finally:
        await context.__aexit__(None, None, None)
    return 0


async def reload(server: Trunkline, config: Path | None) -> None:
    """What SIGHUP does; the server goes on as it is when anything is wrong."""
    err.print("SIGHUP: reading the settings anew is not possible yet; restart to apply them", markup=False)


def ready_line(server: Trunkline) -> str:
    """Where it listens, and whether that is where it was told to."""
    host, port = server.sip
    wanted = server.settings.sip.port
    other = f" ({wanted} was taken)" if wanted not in (0, port) else ""
    return f"ready: SIP on {host}:{port} UDP and TCP{other}, administration on {server.web}"
