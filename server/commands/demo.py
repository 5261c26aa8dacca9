"""`trunkline demo`: starts the server, shows one whole call, and goes on serving."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.console import ConfigOption, mistakes_explained, out, program, startable

if TYPE_CHECKING:
    from config.settings import Settings

EXIT_FAILED = 1
SERIOUS = "error"


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the demonstration.")] = False,
    callback: Annotated[
        bool, typer.Option("--callback", help="A caller keeps the place, hangs up, and is called.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Two agents register, a caller dials in, waits, talks, and leaves a recording with a transcript.

    Exit code 0 only if every step really happened. Without --once the server goes on until Ctrl-C.

    Example: trunkline demo --once
    Example: trunkline demo --callback --once
    """
    with mistakes_explained():
        settings = startable(config)
        from server.commands import lifecycle
        from server.demonstration.script import HOUSE_SENTENCES
        from server.logs import configure_logs

        flows = settings.flows.model_copy(
            update={"vocabulary": (*settings.flows.vocabulary, HOUSE_SENTENCES)}
        )
        settings = settings.model_copy(update={"flows": flows})
        if callback:
            from server.demonstration.callback_performance import with_callbacks

            settings = with_callbacks(settings)
        configure_logs(settings.server.log_format, SERIOUS)
        code = lifecycle.run(_demonstrate(settings, config, once, callback))
    raise typer.Exit(code)


async def _demonstrate(settings: Settings, config: Path | None, once: bool, callback: bool) -> int:
    from server.assembly import running
    from server.commands import lifecycle
    from server.commands.serve import again, ready_line, reload
    from server.demonstration.stage import explain, show

    signals = lifecycle.Signals()
    with out.status("starting") as progress:
        context = running(settings, progress.update, lambda: again(config))
        server = await lifecycle.started(context, signals)
    if server is None:
        return lifecycle.EXIT_BROKEN_OFF
    try:
        out.print(ready_line(server), markup=False)
        happened = await show(server, signals.end, callback=callback)
        if not once and not signals.end.is_set():
            explain(server, program())
            await lifecycle.serve_until_asked(signals, lambda: reload(server))
            await lifecycle.finish_calls(server, signals)
    finally:
        await context.__aexit__(None, None, None)
    return 0 if happened else EXIT_FAILED
