"""`trunkline top`: queues, agents and health, live in the terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.commands.console import ConfigOption, out
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import span

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

BUSY_FIRST = ("ringing", "talking", "wrap-up", "available", "break", "offline")


def top(
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2, max=60)] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="One screen, and end.")] = False,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Queues, agents and health as they change, until Ctrl-C.

    Example: trunkline top
    """
    from rich.live import Live

    with api(config, server, token) as client:
        screen = status_screen(client.get("/status"))
        if once:
            out.print(screen)
            return
        with Live(screen, console=out, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(every)
                live.update(status_screen(client.get("/status")), refresh=True)


def status_screen(status: dict[str, Any]) -> Group:
    """One look at everything."""
    from rich.console import Group
    from rich.text import Text

    health = status["health"]
    style = "bold green" if health["healthy"] else "bold red"
    head = Text.assemble(
        ("well" if health["healthy"] else "NOT WELL", style),
        f"   {health['calls']} calls   up for {span(health['uptime_s'])}",
        "   finishing calls" if health["draining"] else "",
    )
    problems = [Text(problem, style="red") for problem in health["problems"]]
    return Group(
        head, *problems, Text(), queue_table(status["queues"]), Text(), agent_table(status["agents"])
    )


def queue_table(queues: list[dict[str, Any]]) -> Table:
    """The longest wait first: that is where help is needed."""
    from rich.table import Table
    from rich.text import Text

    table = Table("queue", "waiting", "longest wait", "signed in", "available", box=None)
    for queue in sorted(queues, key=lambda queue: (-queue["longest_wait_s"], queue["name"])):
        alone = queue["waiting"] and not queue["agents_signed_in"]
        table.add_row(
            Text(queue["name"]),
            str(queue["waiting"]),
            span(queue["longest_wait_s"]) if queue["waiting"] else "",
            str(queue["agents_signed_in"]),
            str(queue["agents_available"]),
            style="bold red" if alone else "",
        )
    return table


def agent_table(agents: list[dict[str, Any]]) -> Table:
    """Who does something first, then the free ones, those on a break, and those who are not here."""
    from rich.table import Table
    from rich.text import Text

    table = Table("agent", "state", "for", "customer", "", box=None)
    for agent in sorted(agents, key=lambda agent: (BUSY_FIRST.index(agent["state"]), -agent["since_s"])):
        state = agent["state"] + (" (on hold)" if agent["held"] else "")
        note = agent["break_reason"] or ""
        dim = "dim" if agent["state"] == "offline" else ""
        table.add_row(
            Text(agent["name"]), state, span(agent["since_s"]), Text(agent["customer"]), Text(note), style=dim
        )
    return table
