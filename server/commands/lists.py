"""`trunkline lists`: numbers that are blocked, go first in queues, or are not to be called."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any

import typer

from server.client.client import ApiClient
from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.moments import instant, span_minutes
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import print_list
from server.errors import StartError

app = typer.Typer(no_args_is_help=True, help="Numbers: blocked, first in queues, not to be called.")

PAGE = 1000
COLUMNS = ("list", "number", "owner", "expires", "set", "by", "reason")
_SPAN = re.compile(r"\d+\s*[mhdw]")


class ListName(Enum):
    """As the server names them."""

    BLOCK = "block"
    VIP = "vip"
    DO_NOT_CALL = "do-not-call"


NameArgument = Annotated[ListName, typer.Argument(metavar="LIST", help="block, vip or do-not-call.")]
NumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", help="With its country (+49...), or as it is dialled at home.")
]


@app.command()
def show(
    name: Annotated[
        ListName | None, typer.Argument(metavar="LIST", help="block, vip or do-not-call; absent: all.")
    ] = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who is on the lists now, newest first.

    Example: trunkline lists show block
    """
    with api(config, server, token) as client:
        found = [line for each in ([name] if name else ListName) for line in _all(client, each)]
    print_list(found, as_json, COLUMNS, _row, "No number is on it." if name else "No number is on any list.")


@app.command()
def add(
    name: NameArgument,
    number: NumberArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown with the number.")],
    owner: Annotated[str, typer.Option("--owner", help="Who answers for it; absent: you.")] = "",
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="30m, 4h or 90d from now, or until when: 2026-12-24."),
    ] = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Puts a number on a list, from the next call on; replaces what was said of it there.

    Example: trunkline lists add block +4930123456 --reason "rings all night" --expires 90d
    """
    wanted = {"number": number, "reason": reason, "owner": owner}
    if expires is not None:
        wanted["expires"] = _time_to_come(expires).isoformat()
    with api(config, server, token) as client:
        line = client.post(f"/lists/{name.value}/add", wanted)
    _tell(line, as_json, f"{line['number']} is on the list {name.value}{_until(line)}")


@app.command()
def remove(
    name: NameArgument,
    number: NumberArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Takes a number off a list before it expires.

    Example: trunkline lists remove block +4930123456
    """
    with api(config, server, token) as client:
        line = client.post(f"/lists/{name.value}/remove", {"number": number})
    _tell(line, as_json, f"{line['number']} is off the list {name.value}")


def _all(client: ApiClient, name: ListName) -> list[dict[str, Any]]:
    """Page by page: a list is bounded, and so is this."""
    found: list[dict[str, Any]] = []
    path = f"/lists/{name.value}?limit={PAGE}"
    page = client.get(path)
    found += page["numbers"]
    while page["next"]:
        page = client.get(f"{path}&after={page['next']}")
        found += page["numbers"]
    return found


def _time_to_come(text: str) -> datetime:
    """Raises StartError when it is no time."""
    now = datetime.now().astimezone()
    if _SPAN.fullmatch(text.strip().lower()):
        return now + timedelta(minutes=span_minutes(text))
    at = instant(text, now)
    if at <= now:
        raise StartError(f"{text!r} is over already")
    return at


def _tell(line: dict[str, Any], as_json: bool, words: str) -> None:
    if as_json:
        print_json(line)
    else:
        out.print(words, markup=False)


def _until(line: dict[str, Any]) -> str:
    return "" if line["expires"] is None else f" until {_local(line['expires'])}"


def _row(line: dict[str, Any]) -> tuple[str, ...]:
    expires = "" if line["expires"] is None else _local(line["expires"])
    set_at = _local(line["set_at"])
    return line["list"], line["number"], line["owner"], expires, set_at, line["set_by"], line["reason"]


def _local(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"
