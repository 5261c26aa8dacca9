"""`trunkline bus`: the event bus as a document for programs that follow it."""

from __future__ import annotations

import typer

from server.commands.console import print_json

app = typer.Typer(no_args_is_help=True, help="The event bus: its AsyncAPI document.")


@app.callback()
def bus() -> None:
    """The event bus."""


@app.command()
def asyncapi() -> None:
    """Prints the AsyncAPI document of topics, events and commands, made from their types.

    Example: trunkline bus asyncapi > asyncapi.json
    """
    from server.bus.asyncapi import document

    print_json(document())
