"""The command line: `trunkline --help`."""

from __future__ import annotations

from typing import Annotated

import typer

from server.commands import contacts, flow, recordings
from server.commands.call import call
from server.commands.demo import demo
from server.commands.doctor import doctor
from server.commands.serve import serve
from server.version import VERSION

app = typer.Typer(
    name="trunkline",
    help="A real-time voice telephony and IVR server. Start with `trunkline demo`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(demo)
app.command()(call)
app.command()(doctor)
app.add_typer(flow.app, name="flow")
app.add_typer(recordings.app, name="recordings")
app.add_typer(contacts.app, name="contacts")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trunkline {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """The entry point of the installed program."""
    app()


if __name__ == "__main__":
    main()
