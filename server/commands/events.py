"""`trunkline events`: the journal as it grows."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from server.commands.console import ConfigOption, JsonOption, out
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import local_time


def events(
    kind: Annotated[list[str] | None, typer.Option(help="Only these kinds, or beginnings: queue.")] = None,
    contact: Annotated[str | None, typer.Option(help="Only those of one contact.")] = None,
    after: Annotated[
        int | None, typer.Option(help="From after this number on; without it from now on.")
    ] = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follows the journal until Ctrl-C: one event on a line, with --json one object on a line.

    Example: trunkline events --kind queue. --kind agent.
    """
    query = {"after": after, "contact": contact}
    with api(config, server, token) as client:
        for event in client.events("/events", query, {"kind": kind or []}):
            if as_json:
                json.dump(event, sys.stdout)
                sys.stdout.write("\n")
                sys.stdout.flush()
                continue
            fields = " ".join(
                f"{name}={value}" for name, value in event["fields"].items() if value not in ("", None)
            )
            out.print(
                f"{event['sequence']:>8}  {local_time(event['at'])}  {event['kind']}  {fields}", markup=False
            )
