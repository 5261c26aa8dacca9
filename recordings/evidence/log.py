"""The evidence log: a line for every manifest and every erasure, and signed heads of the tree over them.

`log.jsonl` and `heads.jsonl` are only appended to. A line that a crash tore off, which no head counts, is
cut away at the next start; anything else that does not fit the newest head is reported and left as it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from recordings.durability import sync_folder
from recordings.evidence.manifest import canonical
from recordings.evidence.merkle import Frontier, leaf_hash
from recordings.evidence.signing import Signer, Verifier
from recordings.instants import to_utc_text
from recordings.lines import LineFile

LOG_FILE = "log.jsonl"
HEADS_FILE = "heads.jsonl"
RECORDED, ERASED = "recorded", "erased"


@dataclass(frozen=True, slots=True)
class LogLine:
    """`digest` is of the manifest, for what was recorded; of the certificate, for what was erased."""

    at: str
    kind: str
    subject: str
    digest: str

    def octets(self) -> bytes:
        return canonical(asdict(self))


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What the log was when it had `size` lines."""

    size: int
    root: str
    at: str
    key_id: str
    signature: str = ""

    def signed_octets(self) -> bytes:
        return canonical({"size": self.size, "root": self.root, "at": self.at, "key_id": self.key_id})

    def is_signed_by(self, verifier: Verifier) -> bool:
        return verifier.accepts(self.signed_octets(), self.signature)


def parse_lines(octets: bytes) -> list[bytes]:
    """The whole lines; what follows the last newline was torn off."""
    return octets.split(b"\n")[:-1]


def parse_line(octets: bytes) -> LogLine | None:
    try:
        held = json.loads(octets)
        return LogLine(*(str(held[name]) for name in ("at", "kind", "subject", "digest")))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def parse_head(octets: bytes) -> TreeHead | None:
    try:
        held = json.loads(octets)
        text = (str(held[name]) for name in ("root", "at", "key_id", "signature"))
        return TreeHead(int(held["size"]), *text)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


class EvidenceLog:
    """Used by one thread at a time, of one process; blocks on the disk."""

    def __init__(self, directory: Path, signer: Signer) -> None:
        self._directory = directory
        self._signer = signer
        self._frontier = Frontier()
        self._lines = LineFile(directory / LOG_FILE, directory.parent)
        self._heads = LineFile(directory / HEADS_FILE, directory.parent)
        self.problem = ""

    def open(self) -> None:
        """Reads what is there; `problem` says whether it still is what was signed. Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._frontier, self.problem = Frontier(), ""
        octets = _read(self._directory / LOG_FILE)
        lines = parse_lines(octets)
        heads = parse_lines(_read(self._directory / HEADS_FILE))
        head = parse_head(heads[-1]) if heads else None
        for number, line in enumerate(lines, start=1):
            self._frontier.add(leaf_hash(line))
            if head is not None and number == head.size and self._frontier.root.hex() != head.root:
                self.problem = "the log is not what its newest head says"
        if head is not None and head.size > len(lines):
            self.problem = f"the log has {len(lines)} lines where its newest head counts {head.size}"
        length = sum(len(line) + 1 for line in lines)
        if length < len(octets):
            os.truncate(self._directory / LOG_FILE, length)
        sync_folder(self._directory)

    @property
    def size(self) -> int:
        return self._frontier.size

    def append(self, lines: Sequence[LogLine], now: datetime) -> TreeHead:
        """Durable when it returns; raises OSError, after which the same lines may be appended again."""
        octets = [line.octets() for line in lines]
        self._lines.put(b"".join(line + b"\n" for line in octets))
        self._lines.sync()
        for line in octets:
            self._frontier.add(leaf_hash(line))
        unsigned = TreeHead(
            self._frontier.size, self._frontier.root.hex(), to_utc_text(now), self._signer.verifier.key_id
        )
        signature = self._signer.sign(unsigned.signed_octets())
        head = TreeHead(unsigned.size, unsigned.root, unsigned.at, unsigned.key_id, signature)
        self._heads.put(canonical(asdict(head)) + b"\n")
        self._heads.sync()
        return head


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
