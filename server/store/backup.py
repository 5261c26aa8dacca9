"""A copy of the database as it was at one moment, made while the server writes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from server.errors import StartError

PAGES_AT_ONCE = 1024


def back_up(database: Path, target: Path) -> int:
    """Bytes of the copy; the server may go on writing. Raises StartError; a half-made copy is removed."""
    if not database.exists():
        raise StartError(f"{database}: no database here yet; start the server once, or give --config")
    try:
        # The copy is as private as the original; one that is there already is somebody's backup.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise StartError(f"{target}: is there already; name a new file") from None
    except OSError as error:
        raise StartError(
            f"{target}: cannot be written ({error.strerror}); name a file in another folder"
        ) from None
    try:
        with (
            closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy, pages=PAGES_AT_ONCE)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise StartError(f"{database}: cannot be copied to {target}: {error}") from None
    return target.stat().st_size
