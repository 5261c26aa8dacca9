"""`trunkline contacts`: the event journal, one contact at a time."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from server.commands.console import ConfigOption, JsonOption, mistakes_explained, out, print_json, settings_of
from server.errors import StartError

app = typer.Typer(no_args_is_help=True, help="What happened to callers, from the event journal.")


@app.command("list")
def list_contacts(
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Newest first, with their outcome.

    Example: trunkline contacts list --limit 10
    """
    from server.journal.records import newest_contacts
    from server.store.existing import existing_store

    with mistakes_explained():
        contacts = newest_contacts(existing_store(settings_of(config)), limit)
    if as_json:
        print_json([vars_of(contact) for contact in contacts])
        return
    table = Table("contact", "began", "seconds", "events", "outcome", box=None)
    for contact in contacts:
        began = f"{contact.first_at.astimezone():%Y-%m-%d %H:%M:%S}"
        lasted = f"{(contact.last_at - contact.first_at).total_seconds():.1f}"
        table.add_row(
            contact.contact_id, began, lasted, str(contact.events), contact.outcome or "in progress"
        )
    out.print(table if contacts else "No contacts yet.")


@app.command()
def show(
    contact: Annotated[str, typer.Argument(metavar="ID", help="Contact id.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every event of one contact, in order.

    Example: trunkline contacts show 01a2b3c4d5e6f0718293a4b5c
    """
    from server.journal.records import events_of
    from server.journal.timeline import line
    from server.store.existing import existing_store

    with mistakes_explained():
        events = events_of(existing_store(settings_of(config)), contact)
        if not events:
            raise StartError(f"no contact {contact}; `trunkline contacts list` shows what there is")
    if as_json:
        print_json([vars_of(event) for event in events])
        return
    for event in events:
        out.print(line(event.at, events[0].at, event.kind, event.fields), markup=False)


def vars_of(record: object) -> dict[str, object]:
    """The fields of a frozen record, by name."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}  # type: ignore[attr-defined]
