"""`trunkline why`: why a contact went where it went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.server_options import ServerOption, TokenOption, api


def why(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Contact id.")],
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Each decision about a contact: the rule, and for every agent why or why not.

    Example: trunkline why 1a20e245d7753b7180553ce
    """
    with api(config, server, token) as client:
        found = client.get(f"/contacts/{segment(contact)}/why")
    if as_json:
        print_json(found)
        return
    if not found["steps"]:
        out.print("No queue had this contact: there was nothing to decide.")
    for step in found["steps"]:
        _tell(step)
    if not found["whole"]:
        out.print("... more happened than is looked through")
    if found["now"]:
        out.print("now:")
        _tell_agents(found["now"])


def _tell(step: dict[str, Any]) -> None:
    at = datetime.fromisoformat(step["at"]).astimezone()
    out.print(f"{at:%H:%M:%S}  {step['text']}", markup=False)
    if step["rule"]:
        out.print(f"          rule: {step['rule']}", markup=False)
    if not step["faithful"]:
        out.print("          (this version decides otherwise: another one was running then)", markup=False)
    _tell_agents(step["agents"])


def _tell_agents(agents: list[dict[str, Any]]) -> None:
    width = max((len(agent["agent"]) for agent in agents), default=0)
    for agent in agents:
        mark = "->" if agent["chosen"] else "  "
        out.print(f"       {mark} {agent['agent']:<{width}}  {agent['verdict']}", markup=False)
