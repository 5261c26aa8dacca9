"""Everything that can be done with recordings that have ended, in one frozen set, for the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import structlog

from recordings.archive import Archive
from recordings.case import write_case
from recordings.catalogue import RecordingEntry
from recordings.errors import RecordingsError
from recordings.evidence.keeper import EvidenceKeeper
from recordings.files import RecordingFiles
from recordings.folder import private_folder
from recordings.life import RecordingErasure, RecordingLife
from recordings.retention import Retention
from recordings.search import TranscriptSearch

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SavedRecordings:
    """Everything here blocks on disk or database. `timeline` gives a contact's events, for cases."""

    archive: Archive
    search: TranscriptSearch
    life: RecordingLife
    files: RecordingFiles
    evidence: EvidenceKeeper
    timeline: Callable[[str], Sequence[dict[str, Any]]]
    keep: Retention

    def export(self, entry: RecordingEntry) -> Path:
        """A case in a file that the caller removes; raises RecordingsError, OSError."""
        timeline = self.timeline(entry.contact_id)
        with NamedTemporaryFile(dir=private_folder(), suffix=".zip", delete=False) as target:
            try:
                transcript = self.archive.transcript(entry)
                write_case(target, entry, self.files, transcript, timeline, self.evidence.signer)
            except BaseException:
                Path(target.name).unlink()
                raise
        return Path(target.name)

    def erase_due(self, now: datetime, limit: int = 100) -> list[RecordingErasure]:
        """Tonight's work: those that have been kept as long as they should be, and are not held.

        One that cannot be erased is due again; it keeps no other one.
        """
        if self.keep.erases_nothing:
            return []
        erased = []
        for each in self.life.due(self.keep, now, limit):
            recording = each.entry.recording_id
            try:
                erased.append(self.life.erase(recording, "retention", f"older than {each.days} days", now))
            except (OSError, RecordingsError) as error:
                log.error("retention.not_erased", recording=recording, cause=str(error))  # noqa: TRY400 - no bug of ours
        return erased
