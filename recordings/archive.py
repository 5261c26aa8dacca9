"""What people do with recordings that have been made: find them, see how they are, verify and hear them.

Every method blocks on disk or database; results are frozen and may cross threads. Commands and the API are
both made of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.checks import Checks
from recordings.errors import UnknownRecordingError
from recordings.evidence.examination import LoggedDigests, manifest_faults
from recordings.evidence.signing import Verifier
from recordings.files import RecordingFiles
from recordings.transcripts import TranscriptItem, Transcripts
from recordings.verification import Fault, FaultKind, Verdict, is_missing, verify
from recordings.wav import WavEncoding, play_path

_MOST_OF_A_CONTACT = 100


@dataclass(frozen=True, slots=True)
class ListedRecording:
    """`condition` is the entry's state, or `missing`, or `damaged` when it was when last verified."""

    entry: RecordingEntry
    condition: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Playable:
    """A WAV file; when the verdict has faults, what they concern is silence in it, with markers."""

    path: Path
    verdict: Verdict


class Archive:
    """The recordings of one folder and their catalogue."""

    def __init__(self, files: RecordingFiles, catalogue: Catalogue, verifier: Verifier | None = None) -> None:
        self._files = files
        self._verifier = verifier
        self._catalogue = catalogue
        self._checks = Checks(catalogue.engine)
        self._transcripts = Transcripts(catalogue)
        self._logged = LoggedDigests(files.directory)

    def find(self, identifier: str) -> RecordingEntry:
        """By its own id or by its contact's, whose newest recording it is then; what the caller left, like a
        voicemail, only where there is nothing else.
        """
        try:
            return self._catalogue.get(identifier)
        except UnknownRecordingError:
            of_contact = self._catalogue.list(contact_id=identifier, limit=_MOST_OF_A_CONTACT)
            if not of_contact:
                raise
            return next((entry for entry in of_contact if not entry.what), of_contact[0])

    def newest(self, limit: int | None = 50, since: datetime | None = None) -> list[ListedRecording]:
        """Newest first. Asks the file system for each, but reads none."""
        return self.conditions(self._catalogue.list(limit=limit, since=since))

    def conditions(self, entries: Sequence[RecordingEntry]) -> list[ListedRecording]:
        faulty = self._checks.faulty([entry.recording_id for entry in entries])
        return [self._listed(entry, faulty.get(entry.recording_id, "")) for entry in entries]

    def transcript(self, entry: RecordingEntry) -> tuple[TranscriptItem, ...]:
        return self._transcripts.of(entry.recording_id)

    def verify(self, entry: RecordingEntry) -> Verdict:
        """Reads all of it, and remembers what was found."""
        sound = verify(self._files, entry)
        told = manifest_faults(self._files.directory, entry, self._verifier, self._logged.newest())
        unproven = [Fault(FaultKind.UNPROVEN, 0.0, entry.duration_s, reason) for reason in told]
        verdict = replace(sound, faults=(*sound.faults, *unproven))
        self._checks.save([verdict], datetime.now(UTC))
        return verdict

    def playable(self, entry: RecordingEntry, encoding: WavEncoding = WavEncoding.ULAW) -> Playable:
        """Raises RecordingsError when there is nothing to play."""
        return Playable(play_path(self._files, entry, encoding), self.verify(entry))

    def _listed(self, entry: RecordingEntry, fault: str) -> ListedRecording:
        if entry.state is not RecordingState.RECORDING and is_missing(self._files.directory, entry):
            return ListedRecording(entry, "missing", "the file is gone")
        if fault:
            return ListedRecording(entry, "damaged", fault)
        return ListedRecording(entry, entry.state.value)
