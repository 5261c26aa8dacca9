"""`trunkline store`: the database file, copied while the server runs and brought to a new schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.commands.console import ConfigOption, mistakes_explained, out, settings_of

app = typer.Typer(no_args_is_help=True, help="Back up the database, and bring it to this program's schema.")


@app.command()
def backup(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The copy; a file that is not there yet.")],
    config: ConfigOption = None,
) -> None:
    """Copy the database as it is at one moment; the server may run meanwhile.

    Recordings are files of their own: copy recordings.directory after this.

    Example: trunkline store backup --to /backup/trunkline-2026-11-24.db
    """
    with mistakes_explained():
        from server.store.backup import back_up

        database = settings_of(config).server.database
        size = back_up(database, to)
    out.print(f"{database} copied to {to}, {size:,} bytes", markup=False)


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database to the schema of this program, as a start of the server would.

    Back it up before: an older program refuses a newer schema.

    Example: trunkline store migrate --config /etc/trunkline/trunkline.toml
    """
    with mistakes_explained():
        from server.errors import StartError
        from server.store.store import StoreError, migrate_store

        database = settings_of(config).server.database
        if not database.exists():
            raise StartError(f"{database}: no database here yet; start the server once, or give --config")
        try:
            before, after = migrate_store(database)
        except StoreError as error:
            raise StartError(str(error)) from None
    changed = (
        "has the schema of this program already" if before == after else f"brought from {before} to {after}"
    )
    out.print(f"{database} {changed}", markup=False)
