"""The keys of recordings: each in a file of its own, wrapped by the key-encryption key.

    wrapping.key            the key-encryption keys, newest last: `id base64`, one a line
    recordings/2026/03/01/ID.key   a recording's key: `id base64`, wrapped by the key-encryption key of that
    id

Whoever destroys a recording's key has destroyed the recording, wherever copies of it are. Whoever loses
`wrapping.key` has lost all recordings: it belongs into a backup apart from theirs.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path

from recordings.durability import sync_folder
from recordings.errors import KeyMissingError, RecordingsError
from recordings.sealing import KEY_BYTES, AesGcmSeal, unwrap_key, wrap_key

WRAPPING_FILE = "wrapping.key"
_FOLDER = "recordings"


class Keyring:
    """Blocks on the disk. Safe in any thread: files are written once."""

    def __init__(self, directory: Path, wrapping: dict[str, bytes]) -> None:
        self._directory = directory
        self._wrapping = wrapping

    @classmethod
    def open(cls, directory: Path, *, create: bool = False) -> Keyring:
        """Raises RecordingsError when the key-encryption keys cannot be read."""
        file = directory / WRAPPING_FILE
        try:
            if create and not file.exists():
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                _write_new(file, _line(_new_id(), secrets.token_bytes(KEY_BYTES)))
                sync_folder(directory)
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
        """A key for the recording that will lie at `path` in its folder; raises OSError."""
        key = secrets.token_bytes(KEY_BYTES)
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key_id = self.newest_id
        _write_new(file, _line(key_id, wrap_key(self._wrapping[key_id], key)))
        return AesGcmSeal(key)

    def key(self, path: Path) -> bytes:
        """Raises KeyMissingError when it was destroyed or its key-encryption key is not here."""
        file = self._file(path)
        try:
            key_id, wrapped = _parse_line(file.read_bytes())
        except OSError as error:
            raise KeyMissingError(f"{file}: {error.strerror}") from error
        if key_id not in self._wrapping:
            raise KeyMissingError(f"{file}: wrapped by key {key_id}, which {WRAPPING_FILE} does not hold")
        return unwrap_key(self._wrapping[key_id], wrapped)

    def seal_of(self, path: Path) -> AesGcmSeal:
        return AesGcmSeal(self.key(path))

    def has(self, path: Path) -> bool:
        return self._file(path).exists()

    def destroy(self, path: Path) -> bool:
        """Overwrites and removes the key; whether there was one. From here on nobody can hear the
        recording.
        """
        file = self._file(path)
        with suppress(FileNotFoundError):
            with file.open("r+b") as stream:
                length = len(stream.read())
                stream.seek(0)
                stream.write(secrets.token_bytes(length))
                stream.flush()
                os.fsync(stream.fileno())
            file.unlink()
            sync_folder(file.parent)
            return True
        return False

    def _file(self, path: Path) -> Path:
        return self._directory / _FOLDER / path.with_suffix(".key")


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
