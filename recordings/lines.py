"""A file of lines that one process appends to: keys, manifests, the evidence log."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

from recordings.durability import folders_above, sync_folder

_TAIL_BYTES = 1 << 16


class LineFile:
    """Opened with the first line; a line that a crash tore off is cut away then. Blocks on the disk.

    After a sync that failed nothing since the last good one is believed: it is cut away with the next `put`,
    and whoever put it puts it again. A new file's name is durable with its first sync, and so are those of
    the folders below `root` that it lies in.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root
        self._fd = -1
        self._length = self._durable = 0
        self._is_new = self._in_doubt = False

    def put(self, octets: bytes) -> None:
        """All of it or nothing; raises OSError."""
        fd = self._opened()
        if self._in_doubt:
            os.ftruncate(fd, self._durable)
            self._length, self._in_doubt = self._durable, False
        taken = 0
        try:
            taken = os.write(fd, octets)
        finally:
            if taken != len(octets):
                os.ftruncate(fd, self._length)
        if taken != len(octets):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._length += taken

    def sync(self) -> None:
        """What was put before is durable when it returns; raises OSError. Lines may be put meanwhile."""
        length = self._length
        try:
            self._sync()
        except OSError:
            self._in_doubt = True
            raise
        self._durable, self._is_new = length, False

    def _sync(self) -> None:
        if os.fstat(self._fd).st_nlink == 0:
            self.close()
            raise OSError(errno.ENOENT, "somebody removed the file while it was written")
        os.fdatasync(self._fd)
        if self._is_new:
            for folder in folders_above(self._path, self._root):
                sync_folder(folder)

    def close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _opened(self) -> int:
        if self._fd < 0:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            size = os.fstat(fd).st_size
            self._length = self._durable = _whole_lines(fd, size)
            if self._length < size:
                os.ftruncate(fd, self._length)
            self._fd, self._is_new, self._in_doubt = fd, size == 0, False
        return self._fd


def _whole_lines(fd: int, size: int) -> int:
    """The length of what ends in a newline."""
    end = size
    while end > 0:
        begin = max(0, end - _TAIL_BYTES)
        if (at := os.pread(fd, end - begin, begin).rfind(b"\n")) >= 0:
            return begin + at + 1
        end = begin
    return 0


def find_line(path: Path, holding: bytes) -> tuple[int, bytes] | None:
    """The last whole line that holds these octets, without its end, and where it begins; raises OSError."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
            at = octets.rfind(holding, 0, octets.rfind(b"\n") + 1)
            if at < 0:
                return None
            begin = octets.rfind(b"\n", 0, at) + 1
            return begin, octets[begin : octets.find(b"\n", at)]
