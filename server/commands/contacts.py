"""`trunkline contacts`: what happened to customers, from the running server's journal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, mistakes_explained, out, print_json
from server.commands.moments import instant
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.spoken import FollowedTimeline, settled
from server.commands.tables import local_time, print_table, span

app = typer.Typer(no_args_is_help=True, help="What happened to customers: one contact from ring to wrap-up.")

COLUMNS = ("contact", "began", "lasted", "caller", "number", "queue", "agents", "outcome")
LARGEST_PAGE = 500


@app.command("list")
def list_contacts(
    limit: Annotated[int, typer.Option(help="At most so many, newest first.", min=1)] = 50,
    after: Annotated[str | None, typer.Option(help="Go on where the page before ended.")] = None,
    since: Annotated[str | None, typer.Option(help="yesterday, 2h, 7d, 2026-03-01 or a time.")] = None,
    until: Annotated[str | None, typer.Option(help="Older than; written like --since.")] = None,
    caller: Annotated[str | None, typer.Option(help="The number, or a part of it.")] = None,
    queue: Annotated[str | None, typer.Option(help="The last queue they waited in.")] = None,
    agent: Annotated[str | None, typer.Option(help="Somebody who talked with them.")] = None,
    outcome: Annotated[str | None, typer.Option(help="How it ended, as the list shows it.")] = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Newest first, with their outcome.

    Example: trunkline contacts list --since yesterday --queue support --outcome abandoned
    """
    with mistakes_explained():
        narrowed = {
            "since": _moment(since),
            "until": _moment(until),
            "caller": caller,
            "queue": queue,
            "agent": agent,
            "outcome": outcome,
        }
    found: list[dict[str, Any]] = []
    with api(config, server, token) as client:
        while len(found) < limit:
            wanted = min(limit - len(found), LARGEST_PAGE)
            page = client.get("/contacts", {**narrowed, "limit": wanted, "after": after})
            found += page["contacts"]
            after = page["next"]
            if after is None:
                break
    if as_json:
        print_json({"contacts": found, "next": after})
        return
    print_table(COLUMNS, map(_row, found), "No contacts yet.")
    if after is not None:
        out.print(f"older ones: --after {after}", markup=False)


@app.command()
def show(
    contact: Annotated[str, typer.Argument(metavar="ID", help="Contact id.")],
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every event of one contact, in order.

    Example: trunkline contacts show 1a20e245d7753b7180553ce
    """
    with api(config, server, token) as client:
        events = client.get(f"/contacts/{segment(contact)}")
    if as_json:
        print_json(events)
        return
    began = datetime.fromisoformat(events[0]["at"])
    out.print(f"contact {contact}, {local_time(events[0]['at'])}", markup=False)
    for event in settled(events):
        at = datetime.fromisoformat(event["at"])
        since_s = (at - began).total_seconds()
        out.print(f"{at.astimezone():%H:%M:%S}  {since_s:+8.2f} s  {event['text']}", markup=False)


@app.command()
def follow(
    contact: Annotated[str, typer.Argument(metavar="ID", help="Contact id.")],
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """What happens to one contact, and what is said in it, while it goes on; ends with it.

    Example: trunkline contacts follow 1a20e245d7753b7180553ce
    """
    timeline = FollowedTimeline()
    with api(config, server, token) as client:
        past = client.get(f"/contacts/{segment(contact)}")
        for event in client.events("/events", {"contact": contact, "after": past[0]["sequence"] - 1}):
            if as_json:
                print_json(event)
            else:
                at = datetime.fromisoformat(event["at"]).astimezone()
                out.print(f"{at:%H:%M:%S}  {timeline.sentence(event)}", markup=False)
            if event["kind"] == "contact.closed":
                return


@app.command()
def erase(
    contact: Annotated[str, typer.Argument(metavar="ID", help="Contact id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Take numbers, names and pressed keys out of a contact's events; what happened and when stays.

    It cannot be undone. Sound and transcripts are not touched: delete the recordings for that.

    Example: trunkline contacts erase 019af2c1d40e5b77 --yes
    """
    if not yes:
        typer.confirm(f"Erase what is personal of contact {contact}? It cannot be undone", abort=True)
    with api(config, server, token) as client:
        erased = client.post(f"/contacts/{segment(contact)}/erase")
    out.print(f"{contact}: erased in {erased['events']} events", markup=False)


def _moment(text: str | None) -> str | None:
    return None if text is None else instant(text, datetime.now().astimezone()).isoformat()


def _row(contact: dict[str, Any]) -> tuple[str, ...]:
    return (
        contact["contact"],
        local_time(contact["started_at"]),
        span(contact["duration_s"]),
        contact["caller"],
        contact["number"],
        contact["queue"],
        " ".join(contact["agents"]),
        contact["outcome"] or "in progress",
    )
