"""`trunkline recordings`: what was kept, for people who must find and hear it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from server.commands.console import ConfigOption, JsonOption, mistakes_explained, out, print_json, settings_of
from server.errors import StartError

if TYPE_CHECKING:
    from config.settings import Settings
    from recordings.catalogue import Catalogue, RecordingEntry

app = typer.Typer(no_args_is_help=True, help="List, show and play recordings.")

Identifier = Annotated[str, typer.Argument(metavar="ID", help="Recording id, or the contact's id.")]


def _catalogue(settings: Settings) -> Catalogue:
    from recordings.catalogue import Catalogue
    from server.store.existing import existing_store

    return Catalogue(existing_store(settings))


def _find(catalogue: Catalogue, identifier: str) -> RecordingEntry:
    from recordings.errors import RecordingsError

    try:
        return catalogue.get(identifier)
    except RecordingsError as error:
        of_contact = catalogue.list(contact_id=identifier, limit=1)
        if not of_contact:
            raise StartError(f"{error}; `trunkline recordings list` shows what there is") from None
        return of_contact[0]


def _plain(entry: RecordingEntry) -> dict[str, object]:
    return asdict(entry) | {"state": entry.state.value, "path": str(entry.path)}


@app.command("list")
def list_recordings(
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Newest first.

    Example: trunkline recordings list --limit 10
    """
    with mistakes_explained():
        entries = _catalogue(settings_of(config)).list(limit=limit)
    if as_json:
        print_json([_plain(entry) for entry in entries])
        return
    table = Table("recording", "started", "seconds", "state", "caller", "called", "agent", box=None)
    for entry in entries:
        started = f"{entry.started_at.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(
            entry.recording_id,
            started,
            f"{entry.duration_s:.1f}",
            entry.state.value,
            entry.caller,
            entry.called,
            entry.agent,
        )
    out.print(table if entries else "No recordings yet.")


@app.command()
def show(identifier: Identifier, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """One recording with its transcript.

    Example: trunkline recordings show 01a2b3c4d5e6f0718293a4b5c
    """
    from recordings.transcripts import Transcripts, Utterance, render_transcript

    with mistakes_explained():
        catalogue = _catalogue(settings_of(config))
        entry = _find(catalogue, identifier)
        items = Transcripts(catalogue).of(entry.recording_id)
    if as_json:
        transcript = [asdict(item) | {"speaker": item.speaker.value} for item in items]
        print_json(_plain(entry) | {"transcript": transcript})
        return
    for name, value in _plain(entry).items():
        out.print(f"{name:>14}  {value}", markup=False)
    spoken = sum(isinstance(item, Utterance) for item in items)
    out.print(f"{'transcript':>14}  {spoken} utterances")
    out.print(render_transcript(items), markup=False, end="")


@app.command("play-path")
def path_to_play(identifier: Identifier, config: ConfigOption = None) -> None:
    """The path of a stereo WAV file (left: caller, right: what the caller hears), made when it is not there.

    Example: aplay "$(trunkline recordings play-path 01a2b3c4d5e6f0718293a4b5c)"
    """
    from recordings.errors import RecordingsError
    from recordings.wav import play_path

    with mistakes_explained():
        settings = settings_of(config)
        entry = _find(_catalogue(settings), identifier)
        try:
            path: Path = play_path(settings.recordings.directory, entry)
        except RecordingsError as error:
            raise StartError(str(error)) from None
    typer.echo(path.resolve())
