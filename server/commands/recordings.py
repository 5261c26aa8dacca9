"""`trunkline recordings`: what was kept, for people who must find and hear it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from server.commands.console import (
    EXIT_DAMAGED,
    ConfigOption,
    JsonOption,
    err,
    mistakes_explained,
    out,
    print_json,
    settings_of,
)
from server.errors import StartError

if TYPE_CHECKING:
    from recordings.archive import Archive, ListedRecording
    from recordings.catalogue import RecordingEntry
    from recordings.verification import Verdict

app = typer.Typer(no_args_is_help=True, help="List, show, verify and play recordings.")

Identifier = Annotated[str, typer.Argument(metavar="ID", help="Recording id, or the contact's id.")]


@contextmanager
def _archive(config: Path | None) -> Iterator[Archive]:
    """The archive of these settings; what goes wrong with it is told with exit code 2."""
    from recordings.archive import Archive
    from recordings.catalogue import Catalogue
    from recordings.errors import RecordingsError, UnknownRecordingError
    from recordings.evidence.examination import public_key
    from recordings.files import RecordingFiles
    from server.store.existing import existing_store

    with mistakes_explained():
        settings = settings_of(config)
        try:
            files = RecordingFiles.open(settings.recordings.directory, settings.recordings.key_directory)
            verifier = public_key(settings.recordings.key_directory)
            yield Archive(files, Catalogue(existing_store(settings)), verifier)
        except UnknownRecordingError as error:
            raise StartError(f"{error}; `trunkline recordings list` shows what there is") from None
        except RecordingsError as error:
            raise StartError(str(error)) from None


def _plain(listed: ListedRecording) -> dict[str, object]:
    return asdict(listed.entry) | {
        "state": listed.condition,
        "path": str(listed.entry.path),
        "failure": listed.entry.failure or listed.fault,
    }


@app.command("list")
def list_recordings(
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Newest first; state says when a file is missing, or was damaged when last verified.

    Example: trunkline recordings list --limit 10
    """
    with _archive(config) as archive:
        recordings = archive.newest(limit=limit)
    if as_json:
        print_json([_plain(listed) for listed in recordings])
        return
    table = Table("recording", "started", "seconds", "state", "caller", "called", "agent", box=None)
    for listed in recordings:
        entry = listed.entry
        table.add_row(
            entry.recording_id,
            f"{entry.started_at.astimezone():%Y-%m-%d %H:%M:%S %Z}",
            f"{entry.duration_s:.1f}",
            listed.condition,
            entry.caller,
            entry.called,
            entry.agent,
        )
    out.print(table if recordings else "No recordings yet.")


@app.command()
def show(identifier: Identifier, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """One recording with its transcript.

    Example: trunkline recordings show 20260301-101530-5f0c9a7be2d4
    """
    with _archive(config) as archive:
        entry = archive.find(identifier)
        (listed,) = archive.conditions([entry])
        items = archive.transcript(entry)
    if as_json:
        transcript = [asdict(item) | {"speaker": item.speaker.value} for item in items]
        print_json(_plain(listed) | {"transcript": transcript})
        return
    from recordings.transcripts import Utterance, render_transcript

    for name, value in _plain(listed).items():
        out.print(f"{name:>14}  {value}", markup=False)
    spoken = sum(isinstance(item, Utterance) for item in items)
    out.print(f"{'transcript':>14}  {spoken} utterances")
    out.print(render_transcript(items), markup=False, end="")


@app.command()
def verify(
    identifier: Annotated[
        str | None, typer.Argument(metavar="ID", help="Recording id, or the contact's id.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every recording that has ended.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reads recordings whole and tells what is not as it was recorded; exit code 3 when anything is not.

    Example: trunkline recordings verify --all
    """
    with _archive(config) as archive:
        if every == (identifier is not None):
            raise StartError("name one recording, or give --all")
        verdicts: list[Verdict] = []
        if identifier is not None:
            verdicts.append(archive.verify(archive.find(identifier)))
            _tell_verdict(verdicts[0], as_json=as_json)
        else:
            for _, verdict in archive.verify_all():
                verdicts.append(verdict)
                _tell_verdict(verdict, as_json=as_json, only_faults=True)
    bad = sum(not verdict.is_intact for verdict in verdicts)
    if as_json:
        print_json([_plain_verdict(verdict) for verdict in verdicts])
    elif every:
        out.print(f"{len(verdicts)} verified, {bad} not intact")
    if bad:
        raise typer.Exit(EXIT_DAMAGED)


def _tell_verdict(verdict: Verdict, *, as_json: bool, only_faults: bool = False) -> None:
    if as_json:
        return
    for fault in verdict.faults:
        out.print(f"{verdict.recording_id}  {fault}", markup=False)
    if verdict.is_intact and not only_faults:
        out.print(f"{verdict.recording_id}  intact", markup=False)


def _plain_verdict(verdict: Verdict) -> dict[str, object]:
    faults = [asdict(fault) | {"kind": fault.kind.value} for fault in verdict.faults]
    return {"recording_id": verdict.recording_id, "intact": verdict.is_intact, "faults": faults}


@app.command("play-path")
def path_to_play(identifier: Identifier, config: ConfigOption = None) -> None:
    """The path of a stereo WAV file (left: caller, right: what the caller hears), made when it is not there.

    Of a damaged recording it holds what is left, silence with markers for the rest; the exit code is then 3.

    Example: aplay "$(trunkline recordings play-path 20260301-101530-5f0c9a7be2d4)"
    """
    with _archive(config) as archive:
        entry = archive.find(identifier)
        playable = archive.playable(entry)
    typer.echo(playable.path.resolve())
    _complain(entry, playable.verdict)


def _complain(entry: RecordingEntry, verdict: Verdict) -> None:
    """Ends with exit code 3 when the recording is not what it was."""
    if verdict.is_intact:
        return
    for fault in verdict.faults:
        err.print(f"trunkline: recording {entry.recording_id} is {fault}", markup=False)
    raise typer.Exit(EXIT_DAMAGED)
