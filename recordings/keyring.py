"""The keys of recordings: one for each, wrapped by the key-encryption key, in a file for each day.

    wrapping.key               the key-encryption keys, newest last: `id base64`, one a line
    recordings/2026/03/01.keys the keys of that day's recordings: `recording id base64`, one a line, wrapped
                               by the key-encryption key of that id
    recordings/2026/03/01/ID.key   the same without `recording`, as earlier versions kept it

Whoever destroys a recording's key has destroyed the recording, wherever copies of it are. Whoever loses
`wrapping.key` has lost all recordings: it belongs into a backup apart from theirs.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from recordings.durability import sync_folder
from recordings.errors import KeyMissingError, RecordingsError
from recordings.lines import LineFile, find_line
from recordings.sealing import KEY_BYTES, AesGcmSeal, unwrap_key, wrap_key

WRAPPING_FILE = "wrapping.key"
_FOLDER = "recordings"
_DAYS_OPEN = 2  # around midnight recordings of two days begin and end


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a recording's key stands; `held` is `id base64`."""

    file: Path
    offset: int
    line: bytes
    held: bytes


class _Day:
    """The file of one day's keys; what is not durable yet is kept for the case that a sync fails."""

    def __init__(self, path: Path, root: Path) -> None:
        self.file = LineFile(path, root)
        self.unsynced: tuple[bytes, ...] = ()
        self.lost = False

    def put(self, line: bytes) -> None:
        if self.lost:
            self.file.put(b"".join(self.unsynced))
            self.lost = False
        self.file.put(line)
        if line:
            self.unsynced += (line,)

    def synced(self, lines: tuple[bytes, ...]) -> None:
        durable = frozenset(lines)
        self.unsynced = tuple(line for line in self.unsynced if line not in durable)

    def forget(self, name: bytes) -> bool:
        """A key that was destroyed is not written again; whether it was still to be made durable."""
        before = self.unsynced
        self.unsynced = tuple(line for line in before if not line.startswith(name))
        return self.unsynced != before


class Keyring:
    """Blocks on the disk. Safe in any thread; one process at a time may make keys."""

    def __init__(self, directory: Path, wrapping: dict[str, bytes]) -> None:
        self._directory = directory
        self._wrapping = wrapping
        self._days: dict[Path, _Day] = {}
        self._lock = Lock()

    @classmethod
    def open(cls, directory: Path, *, create: bool = False) -> Keyring:
        """Raises RecordingsError when the key-encryption keys cannot be read."""
        file = directory / WRAPPING_FILE
        try:
            if create and not file.exists():
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                _write_new(file, _line(_new_id(), secrets.token_bytes(KEY_BYTES)))
                sync_folder(directory)
                sync_folder(directory.parent)
            return cls(directory, _read_wrapping(file))
        except FileNotFoundError as error:
            raise KeyMissingError(f"{file}: no key-encryption key here") from error
        except OSError as error:
            raise RecordingsError(f"{file}: {error.strerror}") from error

    @property
    def newest_id(self) -> str:
        return next(reversed(self._wrapping))

    def rotate(self) -> str:
        """A new key-encryption key for what is recorded from now on; returns its id."""
        key_id, key = _new_id(), secrets.token_bytes(KEY_BYTES)
        with (self._directory / WRAPPING_FILE).open("ab") as file:
            file.write(_line(key_id, key))
            file.flush()
            os.fsync(file.fileno())
        self._wrapping[key_id] = key
        return key_id

    def make(self, path: Path) -> AesGcmSeal:
        """A key for the recording that will lie at `path` in its folder; raises OSError.

        It outlives this process at once, and a loss of power from the next `sync` on.
        """
        key = secrets.token_bytes(KEY_BYTES)
        key_id = self.newest_id
        line = _name(path) + _line(key_id, wrap_key(self._wrapping[key_id], key))
        file = self._day_file(path)
        with self._lock:
            if file not in self._days:
                self._days[file] = _Day(file, self._directory)
            self._days[file].put(line)
        return AesGcmSeal(key)

    def sync(self) -> None:
        """Returns once every key that was made before survives a loss of power; raises OSError."""
        with self._lock:
            due = [(day, day.unsynced) for day in self._days.values() if day.unsynced]
        for day, lines in due:
            try:
                with self._lock:
                    day.put(b"")
                day.file.sync()
            except OSError:
                day.lost = True
                raise
            with self._lock:
                day.synced(lines)
        self._close_past_days()

    def key(self, path: Path) -> bytes:
        """Raises KeyMissingError when it was destroyed or its key-encryption key is not here."""
        try:
            found = self._find(path)
        except OSError as error:
            raise KeyMissingError(f"{error.filename}: {error.strerror}") from error
        if found is None:
            raise KeyMissingError(f"{path}: there is no key for it")
        key_id, wrapped = _parse_line(found.held)
        if key_id not in self._wrapping:
            raise KeyMissingError(f"{path}: wrapped by key {key_id}, which {WRAPPING_FILE} does not hold")
        return unwrap_key(self._wrapping[key_id], wrapped)

    def seal_of(self, path: Path) -> AesGcmSeal:
        return AesGcmSeal(self.key(path))

    def has(self, path: Path) -> bool:
        return self._find(path) is not None

    def destroy(self, path: Path) -> bool:
        """Overwrites the key; whether there was one. From here on nobody can hear the recording."""
        # What lies in the day's file moves when it is written again after a failed sync: not now.
        with self._lock:
            day = self._days.get(self._day_file(path))
            was_there = day is not None and day.forget(_name(path))
            return self._overwritten(path) or was_there

    def _overwritten(self, path: Path) -> bool:
        was_there = False
        while (found := self._find(path)) is not None:
            was_there = True
            _overwrite(found)
            if found.file == self._own_file(path):
                found.file.unlink()
                sync_folder(found.file.parent)
        return was_there

    def _find(self, path: Path) -> _Place | None:
        name = _name(path)
        with suppress(FileNotFoundError):
            if (found := find_line(self._day_file(path), name)) is not None:
                begin, line = found
                return _Place(self._day_file(path), begin, line, line[len(name) :])
        with suppress(FileNotFoundError):
            octets = self._own_file(path).read_bytes()
            return _Place(self._own_file(path), 0, octets, octets)
        return None

    def _close_past_days(self) -> None:
        with self._lock:
            for file in sorted(self._days)[:-_DAYS_OPEN]:
                if not self._days[file].unsynced:
                    self._days.pop(file).file.close()

    def _day_file(self, path: Path) -> Path:
        return self._directory / _FOLDER / path.parent.with_suffix(".keys")

    def _own_file(self, path: Path) -> Path:
        return self._directory / _FOLDER / path.with_suffix(".key")


def _overwrite(place: _Place) -> None:
    with place.file.open("r+b") as stream:
        stream.seek(place.offset)
        stream.write(b"-" * len(place.line))
        stream.flush()
        os.fsync(stream.fileno())


def _name(path: Path) -> bytes:
    """What the line of a recording's key begins with."""
    return f"{path.stem} ".encode()


def _new_id() -> str:
    return secrets.token_hex(4)


def _line(key_id: str, key: bytes) -> bytes:
    return f"{key_id} {b64encode(key).decode()}\n".encode()


def _parse_line(line: bytes) -> tuple[str, bytes]:
    try:
        key_id, text = line.decode("ascii").split()
        return key_id, b64decode(text, validate=True)
    except ValueError as error:
        raise KeyMissingError("a key file holds something else") from error


def _read_wrapping(file: Path) -> dict[str, bytes]:
    keys = dict(_parse_line(line) for line in file.read_bytes().splitlines() if line.strip())
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise RecordingsError(f"{file}: no key-encryption key of {KEY_BYTES} octets in it")
    return keys


def _write_new(file: Path, octets: bytes) -> None:
    """All of it or nothing, so that it may be tried again."""
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, octets)
        os.fdatasync(fd)
    except OSError:
        file.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
