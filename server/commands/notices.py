"""`trunkline notices`: what callers are told for a while, like a downtime."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, out
from server.commands.moments import instant, span_minutes
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import local_minute, print_list
from server.errors import StartError

app = typer.Typer(invoke_without_command=True, help="What callers are told for a while, like a downtime.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As the flow's `notice:` names it.")]


@app.callback(invoke_without_command=True)
def list_notices(
    context: typer.Context,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Those that callers hear now.

    Example: trunkline notices
    """
    if context.invoked_subcommand is None:
        _list(config, server, token, as_json)


@app.command("list")
def list_all(
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Those that callers hear now.

    Example: trunkline notices list --json
    """
    _list(config, server, token, as_json)


def _list(config: Any, server: str | None, token: str | None, as_json: bool) -> None:
    with api(config, server, token) as client:
        notices = client.get("/notices")
    print_list(notices, as_json, ("notice", "until", "set by", "text"), _row, "No notice is on.")


@app.command("set")
def set_notice(
    name: NameArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What callers hear.")],
    span: Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 30m, 4h or 2d.")] = "4h",
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help='Or until when: "2026-12-24 18:00".')
    ] = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Switches a notice on, from the next call until it expires; replaces the one of that name.

    Example: trunkline notices set downtime "The shop is closed for repair until six." --for 4h
    """
    with api(config, server, token) as client:
        minutes = span_minutes(span) if until is None else _minutes_until(until)
        found = client.put(f"/notices/{segment(name)}", {"text": text, "minutes": minutes})
    out.print(f"{name} is on until {local_minute(found['until'])}", markup=False)


@app.command()
def clear(
    name: NameArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Switches a notice off before it expires.

    Example: trunkline notices clear downtime
    """
    with api(config, server, token) as client:
        client.delete(f"/notices/{segment(name)}")
    out.print(f"{name} is off", markup=False)


def _minutes_until(text: str) -> int:
    """Raises StartError when that is no time to come."""
    now = datetime.now().astimezone()
    minutes = math.ceil((instant(text, now) - now).total_seconds() / 60)
    if minutes < 1:
        raise StartError(f"{text!r} is over already")
    return minutes


def _row(notice: dict[str, Any]) -> tuple[str, ...]:
    return notice["name"], local_minute(notice["until"]), notice["set_by"], notice["text"]
