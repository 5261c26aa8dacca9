"""The vault in a folder of this machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from pathlib import Path
from threading import Lock

from recordings.chunk import Seal
from recordings.durability import folders_above, sync_files, sync_folder
from recordings.keyring import Keyring
from recordings.vault import VaultFile

_REMOVED = OSError(errno.ENOENT, "somebody removed the file while it was written")


class LocalFile:
    """A file that only this process writes, so that its length is known without asking."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.fd = fd
        self._length = 0

    def append(self, octets: bytes) -> None:
        taken = 0
        try:
            taken = os.write(self.fd, octets)
        finally:
            if taken != len(octets):
                os.ftruncate(self.fd, self._length)
        if taken != len(octets):
            # A regular file takes less than all only when the disk or a quota ends there.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._length += taken

    def cut(self, length: int) -> None:
        os.ftruncate(self.fd, length)
        self._length = length

    def close(self) -> None:
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)


class LocalVault:
    """All files are readable by nobody else, and lie on one file system. Without a keyring nothing is
    sealed.
    """

    def __init__(self, directory: Path, keyring: Keyring | None = None) -> None:
        self._directory = directory
        self._keyring = keyring
        self._unsynced_folders: set[Path] = set()
        self._days: set[Path] = set()
        self._lock = Lock()

    def make_seal(self, path: Path) -> Seal | None:
        return None if self._keyring is None else self._keyring.make(path)

    def create(self, path: Path) -> LocalFile:
        file = self._directory / path
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(file, flags, 0o600)
        with self._lock:
            self._unsynced_folders.add(file.parent)
            if file.parent not in self._days:
                self._days.add(file.parent)
                self._unsynced_folders.update(folders_above(file, self._directory))
        return LocalFile(file, fd)

    def sync(self, files: Collection[VaultFile]) -> dict[VaultFile, OSError]:
        local = [file for file in files if isinstance(file, LocalFile)]
        by_fd = {file.fd: file for file in local}
        failed: dict[VaultFile, OSError] = {
            by_fd[fd]: error for fd, error in sync_files(tuple(by_fd)).items()
        }
        failed.update({file: _REMOVED for file in local if os.fstat(file.fd).st_nlink == 0})
        if (error := self._keys_refused()) is not None:
            failed.update(dict.fromkeys(local, error))
        for folder, error in self._sync_folders().items():
            failed.update({file: error for file in local if file.path.is_relative_to(folder)})
        return failed

    def _keys_refused(self) -> OSError | None:
        """Sound without its key is lost: it is not durable before that one is."""
        try:
            if self._keyring is not None:
                self._keyring.sync()
        except OSError as error:
            return error
        return None

    def _sync_folders(self) -> dict[Path, OSError]:
        """A folder that cannot be synced costs the files in it only, and is tried again for the next ones."""
        with self._lock:
            folders, self._unsynced_folders = self._unsynced_folders, set()
        failed: dict[Path, OSError] = {}
        for folder in folders:
            try:
                sync_folder(folder)
            except OSError as error:
                failed[folder] = error
        with self._lock:
            self._unsynced_folders.update(failed)
        return failed
