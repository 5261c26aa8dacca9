"""Where recordings are kept, as the recorder needs it: files that are only ever appended to."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from recordings.chunk import Seal


class VaultFile(Protocol):
    """One recording's octets. Every method may block for as long as the store likes, and raises OSError."""

    def append(self, octets: bytes) -> None:
        """All of it or nothing."""

    def cut(self, length: int) -> None:
        """Drops what was appended after the first `length` octets."""

    def close(self) -> None: ...


class Vault(Protocol):
    """A store; `path` is relative to it. Files may be appended to in several threads, one thread a file."""

    def make_seal(self, path: Path) -> Seal | None:
        """A new key, kept where it outlives the process, and a loss of power once the file is synced that
        it seals; None where nothing is sealed.

        Raises OSError.
        """

    def create(self, path: Path) -> VaultFile:
        """A new, empty file; what is there already is an error."""

    def sync(self, files: Collection[VaultFile]) -> dict[VaultFile, OSError]:
        """Waits until these, as long as they are now, survive a loss of power; returns those that may not."""
