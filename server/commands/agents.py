"""`trunkline agents`: who is signed in, what they are doing, and breaks."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import print_list, span

app = typer.Typer(invoke_without_command=True, help="Agents as they are now; breaks.")

COLUMNS = ("agent", "state", "for", "phones", "customer", "", "contact")
Agent = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name.")]


@app.callback(invoke_without_command=True)
def list_agents(
    context: typer.Context,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everybody, with their state, since when, and whom they talk with.

    Example: trunkline agents
    """
    if context.invoked_subcommand is not None:
        return
    with api(config, server, token) as client:
        agents = client.get("/agents")
    print_list(agents, as_json, COLUMNS, _row, "No agents are configured: add [[agents]] to the settings.")


@app.command()
def show(
    name: Agent,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """One agent.

    Example: trunkline agents show alice
    """
    with api(config, server, token) as client:
        agent = client.get(f"/agents/{segment(name)}")
    _tell(agent, as_json)


@app.command("break")
def start_break(
    name: Agent,
    reason: Annotated[str, typer.Option(help="Why, for the statistics.")] = "",
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """No more calls for the agent, after the one they are in and its wrap-up.

    Example: trunkline agents break alice --reason lunch
    """
    with api(config, server, token) as client:
        agent = client.post(f"/agents/{segment(name)}/break", {"reason": reason})
    _tell(agent, as_json)


@app.command("back")
def end_break(
    name: Agent,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The agent is offered calls again.

    Example: trunkline agents back alice
    """
    with api(config, server, token) as client:
        agent = client.post(f"/agents/{segment(name)}/back")
    _tell(agent, as_json)


@app.command("ready")
def finish_wrap_up(
    name: Agent,
    code: Annotated[str, typer.Option(help="What the contact was about: one of the queue's codes.")] = "",
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The agent is done with the last contact before the wrap-up time is over.

    Example: trunkline agents ready alice --code order
    """
    with api(config, server, token) as client:
        agent = client.post(f"/agents/{segment(name)}/wrap-up/done", {"code": code})
    _tell(agent, as_json)


@app.command()
def transfer(
    name: Agent,
    to: Annotated[str, typer.Argument(metavar="TO", help="Colleague, extension, queue or number.")],
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The agent's customer goes to somebody else, or comes back if nobody answers there.

    Example: trunkline agents transfer alice bob
    """
    with api(config, server, token) as client:
        agent = client.post(f"/agents/{segment(name)}/transfer", {"to": to})
    _tell(agent, as_json)


@app.command()
def hold(
    name: Agent,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The agent's customer hears music until `resume`.

    Example: trunkline agents hold alice
    """
    with api(config, server, token) as client:
        agent = client.post(f"/agents/{segment(name)}/hold")
    _tell(agent, as_json)


@app.command()
def resume(
    name: Agent,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """The agent and the customer hear each other again.

    Example: trunkline agents resume alice
    """
    with api(config, server, token) as client:
        agent = client.post(f"/agents/{segment(name)}/resume")
    _tell(agent, as_json)


@app.command("extend")
def extend_wrap_up(
    name: Agent,
    by: Annotated[float, typer.Option("--by", min=1, max=600, help="Seconds more.")] = 60,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """More time for the work after a call.

    Example: trunkline agents extend alice --by 120
    """
    with api(config, server, token) as client:
        agent = client.post(f"/agents/{segment(name)}/wrap-up/extend", {"by_s": by})
    _tell(agent, as_json)


def _tell(agent: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(agent)
        return
    what = " ".join(part for part in (_state(agent), _note(agent)) if part)
    out.print(f"{agent['name']}: {what} for {span(agent['since_s'])}", markup=False)


def _row(agent: dict[str, Any]) -> tuple[str, ...]:
    return (
        agent["name"],
        _state(agent),
        span(agent["since_s"]),
        str(agent["phones"]),
        agent["customer"],
        _note(agent),
        agent["contact"] or "",
    )


def _state(agent: dict[str, Any]) -> str:
    held = " (on hold)" if agent["held"] else ""
    return f"{agent['state']}{held}"


def _note(agent: dict[str, Any]) -> str:
    """What the state alone does not say."""
    if agent["pause_s"] is not None:
        return f"(did not answer; no offers for {span(agent['pause_s'])})"
    if agent["break_reason"] is None:
        return ""
    reason = agent["break_reason"]
    if agent["state"] == "break":
        return f"({reason})" if reason else ""
    return f"(break next{': ' + reason if reason else ''})"
