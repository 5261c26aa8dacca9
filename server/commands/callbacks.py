"""`trunkline callbacks`: who is owed a call, who was lost, ordering one and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.moments import instant
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import local_minute, print_list, print_table, span

app = typer.Typer(invoke_without_command=True, help="Calls that customers are promised.")

COLUMNS = ("number", "queue", "first", "promised", "not before", "attempts", "again at", "agent", "contact")
LOST_COLUMNS = ("number", "queue", "when", "waited", "how it ended", "", "contact")
Contact = Annotated[str, typer.Argument(metavar="CONTACT", help="The contact that is owed the call.")]
NOBODY = "No customer is owed a call."


@app.callback(invoke_without_command=True)
def list_callbacks(
    context: typer.Context,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Customers who are owed a call, the oldest promise first.

    Example: trunkline callbacks
    """
    if context.invoked_subcommand is not None:
        return
    with api(config, server, token) as client:
        owed = client.get("/callbacks")
    _print(owed, as_json)


@app.command("list")
def list_all(
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The same as without a command.

    Example: trunkline callbacks list --json
    """
    with api(config, server, token) as client:
        owed = client.get("/callbacks")
    _print(owed, as_json)


@app.command()
def show(
    contact: Contact,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """One callback that is owed.

    Example: trunkline callbacks show 19a2b3c4d5e6f708192a3b4
    """
    with api(config, server, token) as client:
        held = client.get(f"/callbacks/{segment(contact)}")
    _tell(held, as_json)


@app.command()
def add(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Whom to call.")],
    queue: Annotated[str, typer.Option("--queue", help="In whose turn.")],
    first: Annotated[str, typer.Option("--first", help="Who is called first: customer or agent.")] = "",
    at: Annotated[datetime | None, typer.Option("--at", help="Not before this local time.")] = None,
    priority: Annotated[int, typer.Option("--priority", min=0, max=100, help="Higher goes first.")] = 0,
    agent: Annotated[str, typer.Option("--agent", help="Whose callback it is.")] = "",
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds that it waits for them alone.")] = 0,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Promises a customer a call.

    Example: trunkline callbacks add "+49 30 12345678" --queue support --at "2026-06-10 15:00"
    """
    wanted: dict[str, Any] = {"number": number, "queue": queue, "priority": priority}
    if first:
        wanted["first"] = first
    if at is not None:
        wanted["not_before"] = at.astimezone().isoformat()
    if agent:
        wanted |= {"agent": agent, "agent_wait_s": wait}
    with api(config, server, token) as client:
        held = client.post("/callbacks", wanted)
    _tell(held, as_json)


@app.command()
def cancel(
    contact: Contact,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The customer is not called any more.

    Example: trunkline callbacks cancel 19a2b3c4d5e6f708192a3b4
    """
    with api(config, server, token) as client:
        held = client.delete(f"/callbacks/{segment(contact)}")
    if as_json:
        print_json(held)
        return
    out.print(f"cancelled: {held['number'] or held['contact']}", markup=False)


@app.command()
def times(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Whom to call.")],
    queue: Annotated[str, typer.Option("--queue", help="In whose turn.")],
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """When the number may be called: inside its hours, and where agents are there for it.

    Example: trunkline callbacks times "+49 30 12345678" --queue support
    """
    with api(config, server, token) as client:
        found = client.get("/callbacks/times", {"number": number, "queue": queue})
    if as_json:
        print_json(found)
        return
    for at in found["times"]:
        out.print(local_minute(at), markup=False)
    if not found["times"]:
        out.print("No time: no agent who serves the queue is signed in, or all times are taken.")


@app.command()
def lost(
    since: Annotated[str, typer.Option("--since", help="yesterday, 4h, 2026-03-01 ...")] = "1d",
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Callers who gave up waiting and were not served since, newest first.

    Example: trunkline callbacks lost --since 4h
    """
    with api(config, server, token) as client:
        found = client.get(
            "/callbacks/lost", {"since": instant(since, datetime.now().astimezone()).isoformat()}
        )
    print_list(found, as_json, LOST_COLUMNS, _lost_row, "No caller was lost in that time.")


def _print(owed: list[dict[str, Any]], as_json: bool) -> None:
    print_list(owed, as_json, COLUMNS, _row, NOBODY)


def _tell(held: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(held)
        return
    print_table(COLUMNS, [_row(held)], NOBODY)


def _row(held: dict[str, Any]) -> tuple[str, ...]:
    return (
        held["number"],
        held["queue"],
        held["first"],
        local_minute(held["promised_at"]),
        local_minute(held["not_before"]),
        str(held["attempts"]),
        local_minute(held["again_at"]),
        held["agent"],
        held["contact"],
    )


def _lost_row(caller: dict[str, Any]) -> tuple[str, ...]:
    return (
        caller["number"],
        caller["queue"],
        local_minute(caller["at"]),
        span(caller["waited_s"]),
        caller["outcome"],
        caller["problem"],
        caller["contact"],
    )
