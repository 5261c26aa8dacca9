"""The files of recordings as whoever reads them sees them: opened, unsealed where the key is here, item by
item.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from recordings.chunk import Seal
from recordings.errors import KeyMissingError
from recordings.keyring import Keyring
from recordings.segment_reader import Item, SealedSegment, Survey, read_segments, survey


@dataclass(frozen=True, slots=True)
class RecordingFiles:
    """Paths are relative to `directory`. Without a keyring sealed sound stays sealed."""

    directory: Path
    keyring: Keyring | None = None

    @classmethod
    def open(cls, directory: Path, key_directory: Path) -> RecordingFiles:
        """With the keyring, where there is one."""
        try:
            return cls(directory, Keyring.open(key_directory))
        except KeyMissingError:
            return cls(directory)

    def seal_of(self, path: Path) -> Seal | None:
        """None when the file is not sealed, or nobody can open it."""
        if self.keyring is None or not self.keyring.has(path):
            return None
        return self.keyring.seal_of(path)

    def items(self, path: Path) -> Iterator[Item]:
        """Whatever is in the file, sealed or not; raises OSError when it cannot be read."""
        with (self.directory / path).open("rb") as file:
            yield from read_segments(file, self.seal_of(path))

    def sound(self, path: Path) -> Iterator[Item]:
        """The same, but raises KeyMissingError where sound is sealed and the key is not here."""
        for item in self.items(path):
            if isinstance(item, SealedSegment):
                raise KeyMissingError(f"{path}: sealed, and its key is not here: nobody can hear it")
            yield item

    def survey(self, path: Path) -> Survey:
        with (self.directory / path).open("rb") as file:
            return survey(file, self.seal_of(path))

    def raw(self, path: Path) -> BinaryIO:
        return (self.directory / path).open("rb")
