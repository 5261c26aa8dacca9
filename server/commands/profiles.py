"""`trunkline profiles`: what flows keep about a caller from one call to the next."""

from __future__ import annotations

from typing import Annotated

import typer

from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import print_table

app = typer.Typer(no_args_is_help=True, help="What flows keep about callers.")

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The caller's number, as it came.")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Stands in the log of accesses beside your name.")
]


@app.command()
def show(
    number: NumberArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    reason: ReasonOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is kept about the caller with this number.

    Example: trunkline profiles show +4930123456
    """
    with api(config, server, token, reason) as client:
        values = client.post("/profiles/show", {"caller": number})["values"]
    if as_json:
        print_json(values)
        return
    print_table(("name", "value"), values.items(), "Nothing is kept about this number.")


@app.command()
def erase(
    number: NumberArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    reason: ReasonOption = None,
) -> None:
    """Forgets what is kept about the caller with this number.

    Example: trunkline profiles erase +4930123456 --reason "asked for it"
    """
    with api(config, server, token, reason) as client:
        erased = client.post("/profiles/erase", {"caller": number})["erased"]
    out.print(f"{erased} values erased" if erased != 1 else "1 value erased", markup=False)
