"""`trunkline serve`: the server, until SIGTERM or Ctrl-C."""

from __future__ import annotations

from functools import partial
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
        context = running(settings, progress.update, partial(again, config))
        server = await lifecycle.started(context, signals)
    if server is None:
        return lifecycle.EXIT_BROKEN_OFF
    try:
        err.print(ready_line(server), markup=False)
        await lifecycle.serve_until_asked(signals, lambda: reload(server))
        await lifecycle.finish_calls(server, signals)
    finally:
        await context.__aexit__(None, None, None)
    return 0


def again(config: Path | None) -> Settings:
    """The settings read once more; raises ConfigError with every mistake."""
    from config.reader import DEFAULT_FILE
    from server.checks.configuration import examine

    return examine(config or DEFAULT_FILE).usable()


async def reload(server: Trunkline) -> None:
    """What SIGHUP does; the server goes on as it is when anything is wrong."""
    outcome = await server.reloading.reload("SIGHUP")
    for problem in outcome.problems:
        err.print(problem, markup=False)
    if outcome.problems:
        err.print("SIGHUP: nothing was changed; fix these and send it again", markup=False)
        return
    for line in outcome.changed:
        err.print(f"applied: {line}", markup=False)
    for key in outcome.restart_needed:
        err.print(f"needs a restart: {key}", markup=False)
    if not outcome.changed:
        err.print("SIGHUP: nothing has changed", markup=False)


def ready_line(server: Trunkline) -> str:
    """Where it listens, and whether that is where it was told to."""
    host, port = server.sip
    wanted = server.settings.sip.port
    other = f" ({wanted} was taken)" if wanted not in (0, port) else ""
    return f"ready: SIP on {host}:{port} UDP and TCP{other}, administration on {server.web}"
