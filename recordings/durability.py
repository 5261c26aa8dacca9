"""Making many files durable at once."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

# One syncfs costs about as much as two fdatasync, but also waits for what others wrote to the file system.
_TOGETHER = 4

_libc = ctypes.CDLL(None, use_errno=True)
_syncfs = getattr(_libc, "syncfs", None)


def sync_files(fds: Sequence[int]) -> dict[int, OSError]:
    """Waits until the content of `fds` is on disk; returns what failed, by fd.

    All files must be on one file system. With many of them it is synced as a whole: 400 fdatasync a
    second would commit the file system's log 400 times.
    """
    if _syncfs is not None and len(fds) > _TOGETHER and _syncfs(fds[0]) == 0:
        return {}
    failed: dict[int, OSError] = {}
    for fd in fds:
        try:
            os.fdatasync(fd)
        except OSError as error:
            failed[fd] = error
    return failed


def folders_above(file: Path, root: Path) -> tuple[Path, ...]:
    """From the file's own folder up to `root`: each holds the name of the one before it."""
    return tuple(folder for folder in file.parents if folder.is_relative_to(root))


def sync_folder(folder: Path) -> None:
    """Makes the names in it durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
