"""`trunkline vault`: the evidence that recordings are what they were; needs no server and no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.console import (
    EXIT_DAMAGED,
    ConfigOption,
    JsonOption,
    mistakes_explained,
    out,
    print_json,
    settings_of,
)
from server.errors import StartError

if TYPE_CHECKING:
    from recordings.evidence.log import TreeHead
    from recordings.evidence.signing import Verifier

app = typer.Typer(no_args_is_help=True, help="Check that recordings are what they were.")

PublicKeyOption = Annotated[
    Path | None,
    typer.Option("--public-key", metavar="FILE", help="The server's signing.pub; without it the one found."),
]
HeadOption = Annotated[
    Path | None,
    typer.Option("--head", metavar="FILE", help="A head of the log that was kept elsewhere."),
]


@app.command()
def verify(
    public_key: PublicKeyOption = None,
    head: HeadOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """All recordings, manifests and the log of these settings; exit code 3 when anything was changed.

    Example: trunkline vault verify --head head-of-monday.json
    """
    from recordings.evidence.examination import examine_vault

    with mistakes_explained():
        kept = settings_of(config).recordings
        verifier = _verifier(public_key, kept.key_directory)
        verdict = examine_vault(kept.directory, verifier, None if head is None else _head(head))
    if as_json:
        print_json(
            {
                "recordings": verdict.recordings,
                "lines": verdict.lines,
                "faults": verdict.faults,
                "caveats": verdict.caveats,
            }
        )
    else:
        for fault in verdict.faults:
            out.print(fault, markup=False)
        for caveat in verdict.caveats:
            out.print(f"cannot be excluded: {caveat}", markup=False)
        out.print(
            f"{verdict.recordings} recordings, {verdict.lines} lines of the log, {len(verdict.faults)} faults"
        )
    if verdict.faults:
        raise typer.Exit(EXIT_DAMAGED)


@app.command("verify-case")
def verify_case_file(
    file: Annotated[Path, typer.Argument(metavar="CASE.ZIP", help="What `recordings export` wrote.")],
    public_key: PublicKeyOption = None,
    head: HeadOption = None,
    as_json: JsonOption = False,
) -> None:
    """An exported recording, on any machine; exit code 3 when anything in it was changed.

    Example: trunkline vault verify-case case.zip --public-key signing.pub
    """
    from dataclasses import asdict

    from recordings.case import verify_case
    from recordings.errors import RecordingsError

    with mistakes_explained():
        verifier = None if public_key is None else _verifier(public_key, public_key.parent)
        try:
            verdict = verify_case(file, verifier, None if head is None else _head(head))
        except RecordingsError as error:
            raise StartError(str(error)) from None
    if as_json:
        print_json(asdict(verdict))
    else:
        for fault in verdict.faults:
            out.print(fault, markup=False)
        for caveat in verdict.caveats:
            out.print(f"cannot be excluded: {caveat}", markup=False)
        out.print(f"recording {verdict.recording}: {len(verdict.faults)} faults", markup=False)
    if verdict.faults:
        raise typer.Exit(EXIT_DAMAGED)


@app.command("head")
def show_head(config: ConfigOption = None) -> None:
    """The newest signed head of the log: keep it where nobody who runs the server can change it.

    Example: trunkline vault head > head-of-monday.json
    """
    from recordings.evidence.keeper import FOLDER
    from recordings.evidence.log import HEADS_FILE

    with mistakes_explained():
        file = settings_of(config).recordings.directory / FOLDER / HEADS_FILE
        if not file.exists():
            raise StartError(f"{file}: no log here yet; it begins with the first recording that ends")
        lines = file.read_text(encoding="utf-8").splitlines()
    typer.echo(lines[-1])


def _verifier(public_key: Path | None, key_directory: Path) -> Verifier:
    from recordings.errors import RecordingsError
    from recordings.evidence.signing import PUBLIC_FILE, Verifier

    file = public_key or key_directory / PUBLIC_FILE
    try:
        return Verifier.parse(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartError(
            f"{file}: {error.strerror}; name the server's public key with --public-key"
        ) from None
    except (RecordingsError, UnicodeDecodeError) as error:
        raise StartError(f"{file}: {error}") from None


def _head(file: Path) -> TreeHead:
    from recordings.evidence.log import parse_head

    try:
        head = parse_head(file.read_bytes().strip())
    except OSError as error:
        raise StartError(f"{file}: {error.strerror}") from None
    if head is None:
        raise StartError(f"{file}: no head of the log; make one with `trunkline vault head`")
    return head


@app.command("rotate-key")
def rotate_key(config: ConfigOption = None) -> None:
    """A new key-encryption key for what is recorded from the server's next start on.

    Earlier recordings are still opened by the earlier ones: back up wrapping.key again, with all of them.

    Example: trunkline vault rotate-key
    """
    from recordings.errors import RecordingsError
    from recordings.keyring import WRAPPING_FILE, Keyring

    with mistakes_explained():
        directory = settings_of(config).recordings.key_directory
        try:
            key_id = Keyring.open(directory).rotate()
        except RecordingsError as error:
            raise StartError(str(error)) from None
        except OSError as error:
            raise StartError(f"{directory / WRAPPING_FILE}: {error.strerror}") from None
    out.print(
        f"key {key_id} is used from the next start on; back up {directory / WRAPPING_FILE}", markup=False
    )
