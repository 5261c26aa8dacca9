"""What an officer does with a recording: hand it over, hold it, release it, delete it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, JsonOption, out, print_json
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.tables import local_time, print_table, span
from server.errors import StartError

Identifier = Annotated[str, typer.Argument(metavar="ID", help="Recording id, or the contact's id.")]
WhyOption = Annotated[str, typer.Option("--reason", help="Why; it is kept in the journal.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why; it is kept in the journal.")]
LimitOption = Annotated[int, typer.Option(help="At most so many, newest first.", min=1, max=1000)]
LINE_COLUMNS = ("recording", "started", "lasted", "state", "caller", "called", "agent", "what")


def line_row(line: dict[str, Any]) -> tuple[str, ...]:
    """One recording in a table."""
    started, lasted = local_time(line["started_at"]), span(line["duration_s"])
    parties = line["caller"], line["called"], line["agent"]
    return line["recording"], started, lasted, line["state"], *parties, line.get("what", "") or "call"


def export(
    identifier: Identifier,
    to: Annotated[Path, typer.Option(help="The file to write: case.zip.")],
    reason: WhyOption,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Sound, transcript, timeline and the evidence of all of it, in one file to hand over.

    Verify it anywhere with `trunkline vault verify-case case.zip --public-key signing.pub`.

    Example: trunkline recordings export 20260301-101530-5f0c9a7be2d4 --to case.zip --reason "case 17"
    """
    with api(config, server, token, reason) as client:
        part = to.with_name(f".{to.name}.part")
        try:
            with part.open("wb") as target:
                client.download(f"/recordings/{segment(identifier)}/case", target)
            part.replace(to)
        except OSError as error:
            raise StartError(f"{to}: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)
    out.print(f"written to {to}", markup=False)


def hold(
    identifier: Identifier,
    reason: WhyOption,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Nothing erases a held recording, however old it is.

    Example: trunkline recordings hold 20260301-101530-5f0c9a7be2d4 --reason "case 17"
    """
    with api(config, server, token, reason) as client:
        held = client.post(f"/recordings/{segment(identifier)}/hold")
    out.print(f"{held['recording_id']} is held", markup=False)


def release(
    identifier: Identifier,
    reason: WhyOption,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Ends a hold.

    Example: trunkline recordings release 20260301-101530-5f0c9a7be2d4 --reason "case closed"
    """
    with api(config, server, token, reason) as client:
        was_held = client.post(f"/recordings/{segment(identifier)}/release")["was_held"]
    out.print(f"{identifier} is released" if was_held else f"{identifier} was not held", markup=False)


def delete(
    identifier: Identifier,
    reason: WhyOption,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """For good: its key is destroyed, so that no copy of it can be heard; leaves a signed certificate.

    Example: trunkline recordings delete 20260301-101530-5f0c9a7be2d4 --reason "the caller asked for it"
    """
    with api(config, server, token, reason) as client:
        erased = client.delete(f"/recordings/{segment(identifier)}")
    if as_json:
        print_json(erased)
    else:
        out.print(
            f"{erased['recording_id']} is erased; `recordings erasures` has the certificate", markup=False
        )


def due(
    days: Annotated[
        int | None,
        typer.Option(help="How long recordings would be kept; without it: as the settings say.", min=1),
    ] = None,
    limit: LimitOption = 50,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is to be erased tonight, or would be, oldest first; erases nothing.

    Example: trunkline recordings due --days 90
    """
    with api(config, server, token) as client:
        found = client.get("/recordings/due", {"days": days, "limit": limit})
    if as_json:
        print_json(found)
        return
    print_table(LINE_COLUMNS, map(line_row, found), "Nothing is due.")


def erasures(
    limit: LimitOption = 50,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """What was erased, when, by whom and why; the certificates with --json.

    Example: trunkline recordings erasures --json
    """
    with api(config, server, token) as client:
        found = client.get("/recordings/erasures", {"limit": limit})
    if as_json:
        print_json(found)
        return
    rows = ((e["recording_id"], local_time(e["erased_at"]), e["erased_by"], e["reason"]) for e in found)
    print_table(("recording", "erased", "by", "reason"), rows, "Nothing was erased.")
