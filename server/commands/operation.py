"""`trunkline status`, `trunks`, `reload`: the running server as its operator sees it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import print_list, print_table, span

EXIT_UNWELL = 1


def status(
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """How the server and each of its parts are; exit code 1 when something is wrong.

    Example: trunkline status
    """
    with api(config, server, token) as client:
        found = client.get("/status")
    health = found["health"]
    if as_json:
        print_json(found)
    else:
        _tell(health, found)
    if not health["healthy"]:
        raise typer.Exit(EXIT_UNWELL)


def trunks(
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Carriers and PBXs that may send calls, and how many they have now.

    Example: trunkline trunks
    """
    with api(config, server, token) as client:
        found = client.get("/trunks")
    columns = ("trunk", "calls", "at most", "networks")
    print_list(found, as_json, columns, _trunk_row, "No trunks are configured: nobody may call in.")


def drain(
    back: Annotated[bool, typer.Option("--back", help="Take calls again.")] = False,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """No new calls; those on the line go on. The server stays; with --back it takes calls again.

    Example: trunkline drain
    """
    with api(config, server, token) as client:
        gate = client.post("/undrain" if back else "/drain")
    if as_json:
        print_json(gate)
        return
    state = "takes no new calls" if gate["draining"] else "takes calls"
    out.print(f"{state}; {gate['calls']} on the line", markup=False)


def webhooks(
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """How far each webhook is, and what is in its way.

    Example: trunkline webhooks
    """
    with api(config, server, token) as client:
        found = client.get("/webhooks")
    columns = ("webhook", "sent", "events behind", "state", "address")
    empty = "No webhooks are configured: add [[webhooks]] to the settings."
    print_list(found, as_json, columns, _webhook_row, empty)


def reload(
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reads settings and flows again and applies them, all or nothing; calls go on.

    Example: trunkline reload
    """
    with api(config, server, token) as client:
        outcome = client.post("/reload")
    if as_json:
        print_json(outcome)
        return
    for line in outcome["changed"] or ["nothing has changed"]:
        out.print(line, markup=False)
    for key in outcome["restart_needed"]:
        out.print(f"{key}: differs, and is applied at the next start", markup=False)


def _trunk_row(trunk: dict[str, Any]) -> tuple[str, ...]:
    most = str(trunk["max_calls"] or "no limit")
    return trunk["name"], str(trunk["calls"]), most, " ".join(trunk["networks"])


def _webhook_row(hook: dict[str, Any]) -> tuple[str, ...]:
    return hook["name"], str(hook["sent"]), str(hook["behind"]), hook["problem"] or "well", hook["url"]


def _tell(health: dict[str, Any], found: dict[str, Any]) -> None:
    state = "well" if health["healthy"] else "NOT WELL"
    out.print(f"trunkline {health['version']}: {state}, up for {span(health['uptime_s'])}", markup=False)
    for problem in health["problems"]:
        out.print(f"  {problem}", style="bold red", markup=False)
    out.print(f"SIP on {', '.join(health['sip'])}; {health['calls']} calls", markup=False)
    rows = ((part["name"], part["problem"] or "well", _figures(part["figures"])) for part in health["parts"])
    print_table(("part", "state", ""), rows, "")
    waiting = sum(queue["waiting"] for queue in found["queues"])
    signed_in = sum(agent["signed_in"] for agent in found["agents"])
    out.print(
        f"{waiting} waiting in queues; {signed_in} of {len(found['agents'])} agents signed in", markup=False
    )


def _figures(figures: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in figures.items())
