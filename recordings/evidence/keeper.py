"""Manifests and log, kept for recordings as they end: what a disk refuses is tried again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock

import structlog

from recordings.catalogue import RecordingEntry
from recordings.content import ContentDigest
from recordings.evidence.log import ERASED, RECORDED, EvidenceLog, LogLine
from recordings.evidence.manifest import SignedManifest, manifest_of, signed
from recordings.evidence.manifest_files import ManifestFiles
from recordings.evidence.signing import Signer
from recordings.instants import to_utc_text
from recordings.segment import RecordingId

log = structlog.get_logger(__name__)

FOLDER = "evidence"
_READ_BYTES = 1 << 20


class EvidenceKeeper:
    """Safe in any thread; blocks on the disk."""

    def __init__(self, directory: Path, signer: Signer) -> None:
        self._directory = directory
        self._signer = signer
        self._log = EvidenceLog(directory / FOLDER, signer)
        self._manifests = ManifestFiles(directory)
        self._waiting: list[tuple[RecordingEntry, ContentDigest | None]] = []
        self._is_open = False
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """Recordings whose manifest the disk has not taken yet."""
        return len(self._waiting)

    @property
    def problem(self) -> str:
        return self._log.problem

    @property
    def signer(self) -> Signer:
        return self._signer

    def sign(self, octets: bytes) -> str:
        return self._signer.sign(octets)

    def keep(self, ended: Sequence[tuple[RecordingEntry, ContentDigest | None]], now: datetime) -> None:
        """Signs what they are and adds it to the log; without a digest the file is read for it."""
        with self._lock:
            self._waiting += ended
            if self._waiting:
                self._keep_waiting(now)

    def erased(self, recording_id: RecordingId, certificate: bytes, now: datetime) -> None:
        """Says in the log that it was destroyed on purpose; raises OSError."""
        digest = hashlib.sha256(certificate).hexdigest()
        with self._lock:
            self._open()
            self._log.append([LogLine(to_utc_text(now), ERASED, recording_id, digest)], now)

    def _keep_waiting(self, now: datetime) -> None:
        try:
            self._open()
            made = [(entry, self._manifest(entry, content)) for entry, content in self._waiting]
            held = [(entry, manifest) for entry, manifest in made if manifest is not None]
            self._manifests.put((entry.path, manifest) for entry, manifest in held)
            at = to_utc_text(now)
            lines = [LogLine(at, RECORDED, entry.recording_id, manifest.digest) for entry, manifest in held]
            self._log.append(lines, now)
        except OSError as error:
            log.error("evidence.refused", recordings=len(self._waiting), reason=str(error))  # noqa: TRY400 - no bug
            return
        self._waiting.clear()

    def _open(self) -> None:
        if not self._is_open:
            self._log.open()
            self._is_open = True
            if self._log.problem:
                log.error("evidence.changed", problem=self._log.problem)

    def _manifest(self, entry: RecordingEntry, content: ContentDigest | None) -> SignedManifest | None:
        if content is None:
            file = self._directory / entry.path
            if not file.exists():
                return None
            content = digest_of(file)
        return signed(manifest_of(entry, content.sha256, content.marks), self._signer)


def digest_of(file: Path) -> ContentDigest:
    """Of a file whose chunks nobody counted: one mark a megabyte."""
    content = ContentDigest()
    with file.open("rb") as stream:
        while octets := stream.read(_READ_BYTES):
            content.add(octets)
    return content
