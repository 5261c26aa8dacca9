"""`trunkline doctor`: is everything in place?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from server.commands.console import (
    EXIT_MISTAKE,
    ConfigOption,
    JsonOption,
    mistakes_explained,
    out,
    print_json,
    settings_of,
)

STYLES = {"good": "green", "warning": "yellow", "bad": "bold red"}


def doctor(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the commented default settings file and end.")
    ] = False,
) -> None:
    """Checks this machine and the settings; exit code 2 when something is bad.

    Example: trunkline doctor --print-config > trunkline.toml
    """
    if print_config:
        typer.echo(DEFAULT_FILE.read_text(encoding="utf-8"), nl=False)
        return
    with mistakes_explained():
        checks = examine(settings_of(config))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            out.print(f"{check.verdict.value:>7}", style=STYLES[check.verdict], end="  ")
            out.print(
                f"{check.name}: {check.found}" + (f"\n         {check.mend}" if check.mend else ""),
                markup=False,
            )
    if any(check.verdict is Verdict.BAD for check in checks):
        raise typer.Exit(EXIT_MISTAKE)
