"""Which server writes the journal, in which of its runs, under which settings."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings

_FILE = "instance"
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What every entry of a run carries. `boot` is another one after each start."""

    instance: str
    boot: str
    settings: str


def identity_of(settings: Settings) -> RunIdentity:
    """Reads who we are from the data folder, which must be there; the first time it is made up."""
    return RunIdentity(
        instance_id(settings.server.data_directory), secrets.token_hex(6), settings_hash(settings)
    )


def instance_id(folder: Path) -> str:
    """The same for as long as the folder lives, wherever it is moved."""
    file = folder / _FILE
    try:
        kept = file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        kept = ""
    if _ID.fullmatch(kept):
        return kept
    made = secrets.token_hex(8)
    fresh = file.with_suffix(".new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as stream:
        stream.write(f"{made}\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    return made


def settings_hash(settings: Settings) -> str:
    """Short; equal settings have equal ones. Passwords do not go into it: they are masked before."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:12]
