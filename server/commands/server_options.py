"""The options with which a command finds the running server.

    @app.command()
    def show(name: str, config: ConfigOption = None, server: ServerOption = None, token: TokenOption = None):
        with api(config, server, token) as client:
            agent = client.get(f"/agents/{segment(name)}")

`api` explains every error: no server, no permission, no such thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from server.client.client import ApiClient
from server.client.data_folder import data_folder
from server.commands.console import mistakes_explained

ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="Another server's address; without it the local one."),
]
TokenOption = Annotated[
    str | None,
    typer.Option("--token", envvar="TRUNKLINE_TOKEN", help="Token for --server.", show_envvar=True),
]


@contextmanager
def api(
    config: Path | None, server: str | None, token: str | None, reason: str | None = None
) -> Iterator[ApiClient]:
    """The server of this settings file over its socket, or the one at the URL."""
    with mistakes_explained():
        yield ApiClient(server or data_folder(config), token, reason=reason)
