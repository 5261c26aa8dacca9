"""What the disk was asked to make durable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def synced_folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Path]]:
    """Those whose names are durable, as far as they were synced within."""
    synced: set[Path] = set()
    fsync = os.fsync

    def watched(fd: int) -> None:
        fsync(fd)
        synced.add(Path(f"/proc/self/fd/{fd}").readlink())

    with monkeypatch.context() as watching:
        watching.setattr("recordings.durability.os.fsync", watched)
        yield synced
