"""`trunkline doctor`: is everything in place?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from server.commands.console import (
    EXIT_MISTAKE,
    ConfigOption,
    JsonOption,
    out,
    print_json,
)

STYLES = {"good": "green", "warning": "yellow", "bad": "bold red"}


def doctor(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the commented default settings file and end.")
    ] = False,
) -> None:
    """Checks settings, flows and this machine; exit code 2 when something is bad.

    What it says of settings and flows is what `serve` would say. Nothing is changed.

    Example: trunkline doctor --print-config > trunkline.toml
    """
    from config.reader import DEFAULT_FILE

    if print_config:
        typer.echo(DEFAULT_FILE.read_text(encoding="utf-8"), nl=False)
        return
    from server.checks.configuration import examine
    from server.checks.doctor import Grade, examine_installation

    checks = examine_installation(examine(config or DEFAULT_FILE))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            out.print(f"{check.verdict.value:>7}", style=STYLES[check.verdict], end="  ")
            fix = f"\n         how to fix it: {check.fix}" if check.fix else ""
            out.print(f"{check.name}: {check.found}{fix}", markup=False)
    if any(check.verdict is Grade.BAD for check in checks):
        raise typer.Exit(EXIT_MISTAKE)
