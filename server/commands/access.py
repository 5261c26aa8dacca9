"""`trunkline access`: who may use the API."""

from __future__ import annotations

from typing import Annotated

import typer

from server.access.roles import GRANTS, Role
from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, err, out, print_json
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import local_time, print_table

app = typer.Typer(no_args_is_help=True, help="Who may use the API.")
tokens = typer.Typer(
    no_args_is_help=True, help="Tokens for people and programs that reach the API over HTTP."
)
app.add_typer(tokens, name="tokens")


@tokens.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose token: a person or a program.")],
    role: Annotated[Role, typer.Option(help="What it may do; `trunkline access roles` tells more.")],
    agent: Annotated[str, typer.Option(help="For role agent: whom it acts for.")] = "",
    days: Annotated[int | None, typer.Option(help="Expires after so many days.", min=1, max=3650)] = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prints the token, this once: the server keeps only its hash.

    Example: trunkline access tokens create grafana --role operator
    """
    wanted = {"name": name, "role": role.value, "agent": agent, "days": days}
    with api(config, server, token) as client:
        made = client.post("/access/tokens", wanted)
    if as_json:
        print_json(made)
        return
    err.print(f"token {made['entry']['id']} for {name}; it is not shown again:", markup=False)
    typer.echo(made["token"])


@tokens.command("list")
def list_tokens(
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """All tokens, without the tokens themselves.

    Example: trunkline access tokens list
    """
    with api(config, server, token) as client:
        found = client.get("/access/tokens")
    if as_json:
        print_json(found)
        return
    rows = (
        (
            each["id"],
            each["name"],
            each["role"] + (f" ({each['agent']})" if each["agent"] else ""),
            local_time(each["created"]),
            local_time(each["expires"]) if each["expires"] else "never",
        )
        for each in found
    )
    print_table(("id", "name", "role", "made", "expires"), rows, "No tokens; the local socket needs none.")


@tokens.command("revoke")
def revoke(
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="As `trunkline access tokens list` shows it.")
    ],
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """It opens nothing from here on.

    Example: trunkline access tokens revoke 5f0c21aa
    """
    with api(config, server, token) as client:
        revoked = client.delete(f"/access/tokens/{segment(identifier)}")
    if as_json:
        print_json(revoked)
        return
    out.print(f"token {revoked['id']} of {revoked['name']} is revoked", markup=False)


@app.command("log")
def show_log(
    subject: Annotated[
        str | None, typer.Option(help="Only what was done to this contact, recording or agent.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.", min=1, max=500)] = 50,
    before: Annotated[int | None, typer.Option(help="Go on where the page before ended.")] = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who used the API, for what, and who was refused.

    Example: trunkline access log --subject 1a20e245d7753b7180553ce
    """
    with api(config, server, token) as client:
        found = client.get("/access/log", {"limit": limit, "before": before, "subject": subject})
    if as_json:
        print_json(found)
        return
    rows = (
        (
            local_time(line["at"]),
            line["who"],
            line["role"],
            line["action"],
            line["subject"],
            f"refused: {line['refused']}" if line["refused"] else line["reason"],
        )
        for line in found["lines"]
    )
    print_table(("at", "who", "role", "what", "of", ""), rows, "Nobody, in this stretch of the journal.")
    if found["next"]:
        out.print(f"older ones: --before {found['next']}", markup=False)


@app.command("roles")
def roles() -> None:
    """What each role may do.

    Example: trunkline access roles
    """
    for role in Role:
        may = [permission.value for permission, granted in GRANTS.items() if role in granted]
        out.print(f"{role.value}: {'; '.join(may)}", markup=False)
