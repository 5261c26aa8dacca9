"""`trunkline queues`: who waits, how long, and for whom."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import print_list, print_table, span

app = typer.Typer(invoke_without_command=True, help="Queues as they are now.")

COLUMNS = ("queue", "waiting", "longest wait", "expected", "agents signed in", "available", "")


@app.callback(invoke_without_command=True)
def list_queues(
    context: typer.Context,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many wait, how long, and how many agents could take them.

    Example: trunkline queues
    """
    if context.invoked_subcommand is not None:
        return
    with api(config, server, token) as client:
        queues = client.get("/queues")
    print_list(queues, as_json, COLUMNS, _row, "No queues are configured: add [[queues]] to the settings.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The queue's name.")],
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everybody who waits, first in line first.

    Example: trunkline queues show support
    """
    with api(config, server, token) as client:
        found = client.get(f"/queues/{segment(name)}")
    if as_json:
        print_json(found)
        return
    out.print("agents signed in: " + (", ".join(found["agents"]) or "nobody"), markup=False)
    print_table(
        ("place", "waits", "customer", "", "contact"), map(_waiting, found["customers"]), "Nobody waits."
    )


def _waiting(customer: dict[str, Any]) -> tuple[str, ...]:
    rings = f"{customer['rings']}'s phone rings" if customer["rings"] else ""
    return (
        str(customer["position"]),
        span(customer["waited_s"]),
        customer["customer"],
        rings,
        customer["contact"],
    )


def _row(queue: dict[str, Any]) -> tuple[str, ...]:
    waiting = queue["waiting"]
    lost = "customers wait and nobody is signed in" if waiting and not queue["agents_signed_in"] else ""
    return (
        queue["name"],
        str(waiting),
        span(queue["longest_wait_s"]) if waiting else "",
        span(queue["expected_wait_s"]),
        str(queue["agents_signed_in"]),
        str(queue["agents_available"]),
        lost,
    )
