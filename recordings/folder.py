"""The recordings folder: its shape, whether it can be used, and who uses it."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile, gettempdir

from recordings.errors import RecordingsFolderError
from recordings.segment import RecordingId

SUFFIX = ".tlr"
_RECORDING_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{12}")
_LOCK_NAME = ".lock"
_DAY_PATTERN = "[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"


def new_recording_id(started_at: datetime) -> RecordingId:
    """Sorts by time, names no party, and is unique without asking anyone."""
    return RecordingId(f"{started_at.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(6)}")


def begun_at(recording_id: RecordingId) -> datetime:
    """To the second, for a file that cannot say it better; raises ValueError when the id is not one of
    ours.
    """
    return datetime.strptime(recording_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def _is_recording_id(text: str) -> bool:
    if not _RECORDING_ID.fullmatch(text):
        return False
    with suppress(ValueError):
        return bool(begun_at(RecordingId(text)))
    return False


def relative_path(recording_id: RecordingId, started_at: datetime) -> Path:
    return Path(f"{started_at.astimezone(UTC):%Y/%m/%d}") / f"{recording_id}{SUFFIX}"


def check_folder(directory: Path) -> None:
    """Makes the folder when absent and writes into it once, or says what is wrong and what mends it."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryFile(dir=directory) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise RecordingsFolderError(
            f"recordings folder {directory} cannot be written: {error.strerror}; make it writable for the "
            "user that runs trunkline, or set recordings.directory to a folder that is"
        ) from error


def private_folder() -> Path:
    """A folder for temporary files that nobody else can read; raises RecordingsFolderError."""
    folder = Path(gettempdir()) / f"trunkline-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise RecordingsFolderError(f"{folder}: {error.strerror}; set TMPDIR to another folder") from error
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise RecordingsFolderError(
            f"{folder} is not yours alone; remove it, or set TMPDIR to another folder"
        )
    return folder


def lock_folder(directory: Path) -> int:
    """Claims the folder for this process until the returned descriptor is closed or the process ends."""
    fd = os.open(directory / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise RecordingsFolderError(
            f"recordings folder {directory} is in use by another trunkline; stop that one, or set "
            "recordings.directory to another folder"
        ) from error
    return fd


def newest_files(directory: Path, days: int) -> Iterator[Path]:
    """The recording files, relative to the folder, of the last `days` days that have any."""
    for day in sorted(directory.glob(_DAY_PATTERN), reverse=True)[:days]:
        for path in sorted(day.glob(f"*{SUFFIX}")):
            if _is_recording_id(path.stem) and path.is_file() and not path.is_symlink():
                yield path.relative_to(directory)
