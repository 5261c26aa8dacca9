"""Where manifests lie: beside the recordings, a file for each day, a line for each recording.

Earlier versions kept a file for each recording; it is read where the day's file has no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from recordings.evidence.log import parse_lines
from recordings.evidence.manifest import ManifestError, SignedManifest, parse_signed
from recordings.lines import LineFile, find_line

DAY_FILE = "manifests.jsonl"
OWN_SUFFIX = ".manifest.json"
_DAYS_OPEN = 2


class ManifestFiles:
    """Used by one thread at a time, of one process; blocks on the disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._days: dict[Path, LineFile] = {}

    def put(self, manifests: Iterable[tuple[Path, SignedManifest]]) -> None:
        """Durable when it returns; raises OSError, after which all may be put again. With the paths of the
        recordings.
        """
        by_day: dict[Path, list[bytes]] = {}
        for path, held in manifests:
            by_day.setdefault(self._directory / path.parent / DAY_FILE, []).append(held.octets())
        for file, lines in by_day.items():
            day = self._days.setdefault(file, LineFile(file, self._directory))
            day.put(b"".join(lines))
            day.sync()
        for file in sorted(self._days)[:-_DAYS_OPEN]:
            self._days.pop(file).close()


def find_manifest(recording: Path) -> bytes | None:
    """The newest one of the recording that lies there; raises OSError when it cannot be read."""
    with suppress(FileNotFoundError):
        wanted = f'"recording":"{recording.stem}"'.encode()
        if (found := find_line(recording.with_name(DAY_FILE), wanted)) is not None:
            return found[1]
    with suppress(FileNotFoundError):
        return recording.with_name(recording.stem + OWN_SUFFIX).read_bytes()
    return None


def all_manifests(directory: Path) -> dict[str, SignedManifest | None]:
    """By recording; None for one that was changed and cannot be read any more, as far as that can be told."""
    found: dict[str, SignedManifest | None] = {}
    for file in sorted(directory.rglob(f"*{OWN_SUFFIX}")):
        found[file.name.removesuffix(OWN_SUFFIX)] = _parsed(file.read_bytes())
    for file in sorted(directory.rglob(DAY_FILE)):
        found.update(_of_day(file))
    return found


def _of_day(file: Path) -> Iterator[tuple[str, SignedManifest]]:
    for line in parse_lines(file.read_bytes()):
        if (held := _parsed(line)) is not None:
            yield held.manifest.recording, held


def _parsed(octets: bytes) -> SignedManifest | None:
    try:
        return parse_signed(octets)
    except ManifestError:
        return None
