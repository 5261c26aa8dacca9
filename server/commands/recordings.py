"""`trunkline recordings`: what was kept, for people who must find, hear and answer for it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from server.client.client import ApiClient, segment
from server.commands.console import EXIT_DAMAGED, ConfigOption, JsonOption, err, out, print_json
from server.commands.moments import clock, instant, seconds
from server.commands.recordings_control import pause, resume, withdraw
from server.commands.recordings_life import (
    LINE_COLUMNS,
    Identifier,
    LimitOption,
    ReasonOption,
    delete,
    due,
    erasures,
    export,
    hold,
    line_row,
    release,
)
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.spoken import talk_lines
from server.commands.tables import local_time, print_table
from server.errors import StartError

app = typer.Typer(no_args_is_help=True, help="Find, hear, verify, export and delete recordings.")

SinceOption = Annotated[
    str | None, typer.Option(help="Not older than: yesterday, 2h, 7d, 2026-03-01, 2026-03-01T10:15.")
]

HITS = ("recording", "started", "caller", "agent", "at", "who", "said")
PLAYERS = (
    ("aplay", "-q"),
    ("paplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("afplay",),
)


@app.command("list")
def list_recordings(
    limit: LimitOption = 50,
    since: SinceOption = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Newest first; state says when a file is missing, or was damaged when last verified.

    Example: trunkline recordings list --since yesterday
    """
    with api(config, server, token) as client:
        found = client.get("/recordings", {"limit": limit, "since": _since(since)})
    if as_json:
        print_json(found)
        return
    print_table(LINE_COLUMNS, map(line_row, found), "No recordings yet.")


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="Said in this order.")],
    since: SinceOption = None,
    until: Annotated[str | None, typer.Option(help="Older than; written like --since.")] = None,
    caller: Annotated[str, typer.Option(help="The caller's number, or a part of it.")] = "",
    agent: Annotated[str, typer.Option(help="The agent's name.")] = "",
    queue: Annotated[str, typer.Option(help="The queue that they waited in last.")] = "",
    speaker: Annotated[str | None, typer.Option(help="Who said it: caller or agent.")] = None,
    limit: LimitOption = 50,
    reason: ReasonOption = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where words were said, newest first, with the second at which they were.

    Example: trunkline recordings search refund --since 7d --speaker caller
    """
    if not any(map(str.isalnum, "".join(words))):
        raise typer.BadParameter("there is no word to look for")
    query = {
        "words": " ".join(words),
        "since": _since(since),
        "until": _since(until),
        "caller": caller,
        "agent": agent,
        "queue": queue,
        "speaker": speaker,
        "limit": limit,
    }
    with api(config, server, token, reason) as client:
        found = client.get("/recordings/search", query)
    if as_json:
        print_json(found)
        return
    print_table(HITS, map(_hit_row, found), "Nobody said that.")


@app.command()
def show(
    identifier: Identifier,
    reason: ReasonOption = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """One recording with its transcript.

    Example: trunkline recordings show 20260301-101530-5f0c9a7be2d4
    """
    with api(config, server, token, reason) as client:
        found = client.get(f"/recordings/{segment(identifier)}")
    if as_json:
        print_json(found)
        return
    told = found["line"] | {"held by": found["held_by"], "held because": found["held_because"]}
    for name, value in told.items():
        if value not in ("", None):
            out.print(f"{name:>14}  {value}", markup=False)
    if found["talk"] is not None:
        for line in talk_lines(found["talk"]):
            out.print(line, markup=False)
    for item in found["transcript"]:
        said = item.get("text") or f"[not transcribed: {item.get('reason', '')}]"
        out.print(f"{clock(item['start_s']):>8}  {item['speaker']:<6}  {said}", markup=False)


@app.command()
def verify(
    identifier: Annotated[str | None, typer.Argument(metavar="ID", help="Recording or contact id.")] = None,
    every: Annotated[bool, typer.Option("--all", help="The newest recordings, up to --limit.")] = False,
    limit: LimitOption = 1000,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reads recordings whole and tells what is not as it was recorded; exit code 3 when anything is not.

    Example: trunkline recordings verify --all
    """
    verdicts: list[dict[str, Any]] = []
    with api(config, server, token) as client:
        if every == (identifier is not None):
            raise StartError("name one recording, or give --all")
        for name in [identifier] if identifier is not None else _ended(client, limit):
            verdicts.append(client.post(f"/recordings/{segment(name)}/verify"))
            if not as_json and not (every and verdicts[-1]["intact"]):
                _tell_verdict(verdicts[-1])
    bad = sum(not verdict["intact"] for verdict in verdicts)
    if as_json:
        print_json(verdicts)
    elif every:
        out.print(f"{len(verdicts)} verified, {bad} not intact")
    if bad:
        raise typer.Exit(EXIT_DAMAGED)


@app.command("play-path")
def path_to_play(
    identifier: Identifier,
    reason: ReasonOption = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """The path of a stereo WAV file (left: caller, right: what the caller hears), made when it is not there.

    Of a damaged recording it holds what is left, silence with markers for the rest; the exit code is then 3.

    Example: aplay "$(trunkline recordings play-path 20260301-101530-5f0c9a7be2d4)"
    """
    with api(config, server, token, reason) as client:
        file, verdict = _fetch(client, identifier)
    typer.echo(file)
    _complain(verdict)


@app.command()
def play(
    identifier: Identifier,
    start: Annotated[str, typer.Option("--from", help="Where to begin: 18, 0:18 or 1:02:03.")] = "0",
    to: Annotated[Path | None, typer.Option(help="Write a WAV file instead of playing.")] = None,
    reason: ReasonOption = None,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Plays a recording with the first player found: aplay, paplay, ffplay or afplay.

    Example: trunkline recordings play 20260301-101530-5f0c9a7be2d4 --from 0:18
    """
    with api(config, server, token, reason) as client:
        from_s = seconds(start)
        player = None if to is not None else _player()
        file, verdict = _fetch(client, identifier)
        file = _cut(file, from_s) if from_s else file
        if to is not None:
            shutil.copyfile(file, to)
    if player is not None:
        subprocess.run([*player, str(file)], check=False)  # noqa: S603 - a player of the list, our own file
    _complain(verdict)


for _command in (pause, resume, withdraw, export, hold, release, delete, due, erasures):
    app.command()(_command)


def _since(text: str | None) -> str | None:
    return None if text is None else instant(text, datetime.now().astimezone()).isoformat()


def _hit_row(hit: dict[str, Any]) -> tuple[str, ...]:
    started, at = local_time(hit["started_at"]), clock(hit["at_s"])
    return hit["recording"], started, hit["caller"], hit["agent"], at, hit["speaker"], hit["text"]


def _ended(client: ApiClient, limit: int) -> Iterable[str]:
    for line in client.get("/recordings", {"limit": limit}):
        if line["state"] != "recording":
            yield line["recording"]


def _tell_verdict(verdict: dict[str, Any]) -> None:
    for fault in verdict["faults"]:
        out.print(f"{verdict['recording']}  {fault['text']}", markup=False)
    if verdict["intact"]:
        out.print(f"{verdict['recording']}  intact", markup=False)


def _fetch(client: ApiClient, identifier: str) -> tuple[Path, dict[str, Any]]:
    """The WAV file in this user's own folder for temporary files, and what verifying says."""
    from recordings.errors import RecordingsError
    from recordings.folder import private_folder

    verdict = client.post(f"/recordings/{segment(identifier)}/verify")
    try:
        file = private_folder() / f"{verdict['recording']}.heard.wav"
        with file.open("wb") as target:
            client.download(f"/recordings/{segment(identifier)}/sound", target)
    except RecordingsError as error:
        raise StartError(str(error)) from None
    except OSError as error:
        raise StartError(f"{error.filename}: {error.strerror}") from None
    return file, verdict


def _cut(file: Path, from_s: float) -> Path:
    from recordings.wav import read_wav
    from server.softphone.wav_file import write_wav

    audio = read_wav(file)
    if from_s >= audio.duration_s:
        raise StartError(f"the recording lasts {clock(audio.duration_s)}")
    rest = file.with_name(file.stem + ".from.wav")
    write_wav(rest, audio.samples[round(from_s * audio.rate_hz) :])
    return rest


def _player() -> tuple[str, ...]:
    for player in PLAYERS:
        if shutil.which(player[0]):
            return player
    names = ", ".join(player[0] for player in PLAYERS)
    raise StartError(f"no player found ({names}); `recordings play --to FILE` writes the sound")


def _complain(verdict: dict[str, Any]) -> None:
    """Ends with exit code 3 when the recording is not what it was."""
    if verdict["intact"]:
        return
    for fault in verdict["faults"]:
        err.print(f"trunkline: recording {verdict['recording']} is {fault['text']}", markup=False)
    raise typer.Exit(EXIT_DAMAGED)
