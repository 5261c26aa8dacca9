"""How long recordings live: holds, erasure by destruction of the key, and what is due to be erased.

A hold beats everything. What was erased is in the evidence log and has a signed certificate; its sound
cannot be heard any more wherever copies of the file are, because the only key to it is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, FromClause, String, Table, Text, delete, insert, select

from recordings.catalogue import METADATA, RECORDING, Catalogue, RecordingEntry, RecordingState
from recordings.due import days_kept, erased_before
from recordings.errors import RecordingsError
from recordings.evidence.keeper import EvidenceKeeper
from recordings.evidence.manifest import canonical
from recordings.files import RecordingFiles
from recordings.instants import from_utc_text, to_utc_text
from recordings.retention import Retention
from recordings.segment import RecordingId
from recordings.transactions import writing
from recordings.wav import playable_files

RECORDING_HOLD = Table(
    "recording_hold",
    METADATA,
    Column(
        "recording_id",
        String(64),
        ForeignKey(RECORDING.c.recording_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("held_at", String(32), nullable=False),
    Column("held_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

RECORDING_ERASURE = Table(
    "recording_erasure",
    METADATA,
    Column("recording_id", String(64), primary_key=True),
    Column("contact_id", String(64), nullable=False),
    Column("erased_at", String(32), nullable=False),
    Column("erased_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("certificate", Text, nullable=False),
)


class HeldError(RecordingsError):
    """It is on hold: nothing may erase it before it is released."""


class StillRecordingError(RecordingsError):
    """Its call goes on."""


@dataclass(frozen=True, slots=True)
class RecordingHold:
    """Who wanted it kept, and why."""

    recording_id: RecordingId
    held_at: datetime
    held_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingErasure:
    """`certificate` is JSON and its signature: proof that it was erased on purpose, by whom and why."""

    recording_id: RecordingId
    contact_id: str
    erased_at: datetime
    erased_by: str
    reason: str
    certificate: str


@dataclass(frozen=True, slots=True)
class DueRecording:
    """It has been kept for the `days` that it should be."""

    entry: RecordingEntry
    days: int


def _written_nowhere_else(_contact: str) -> None:
    """What was said is in recordings and their transcripts only."""


class RecordingLife:
    """Safe in any thread; every method blocks on disk or database.

    `contacts` has the columns contact_id, queue and outcome, by which rules of retention tell them apart.
    `forget_words` is told the contact whose recording is erased: what was understood of it while it went on
    goes too. It raises RecordingsError.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        files: RecordingFiles,
        evidence: EvidenceKeeper,
        contacts: FromClause | None = None,
        forget_words: Callable[[str], None] = _written_nowhere_else,
    ) -> None:
        self._catalogue = catalogue
        self._forget_words = forget_words
        self._contacts = contacts
        self._files = files
        self._evidence = evidence

    def hold(self, recording_id: RecordingId, by: str, reason: str, now: datetime) -> RecordingHold:
        """Holding again replaces who and why; raises UnknownRecordingError."""
        held = RecordingHold(self._catalogue.get(recording_id).recording_id, now, by, reason)
        row = {"recording_id": recording_id, "held_at": to_utc_text(now), "held_by": by, "reason": reason}
        with writing(self._catalogue.engine) as connection:
            connection.execute(delete(RECORDING_HOLD).where(RECORDING_HOLD.c.recording_id == recording_id))
            connection.execute(insert(RECORDING_HOLD), row)
        return held

    def release(self, recording_id: RecordingId) -> bool:
        """Whether there was a hold."""
        self._catalogue.get(recording_id)
        statement = delete(RECORDING_HOLD).where(RECORDING_HOLD.c.recording_id == recording_id)
        with writing(self._catalogue.engine) as connection:
            return connection.execute(statement).rowcount > 0

    def hold_of(self, recording_id: RecordingId) -> RecordingHold | None:
        query = select(RECORDING_HOLD).where(RECORDING_HOLD.c.recording_id == recording_id)
        with self._catalogue.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return RecordingHold(recording_id, from_utc_text(row.held_at), row.held_by, row.reason)

    def due(self, keep: Retention, now: datetime, limit: int | None = None) -> list[DueRecording]:
        """What was kept as long as it should be, and is not held, oldest first."""
        contacts = self._contacts
        kept: FromClause = RECORDING
        if contacts is not None:
            kept = RECORDING.outerjoin(contacts, contacts.c.contact_id == RECORDING.c.contact_id)
        query = (
            select(RECORDING.c.recording_id, days_kept(keep, contacts).label("days"))
            .select_from(kept)
            .where(RECORDING.c.started_at < erased_before(keep, contacts, now))
            .where(RECORDING.c.state != RecordingState.RECORDING.value)
            .where(RECORDING.c.recording_id.not_in(select(RECORDING_HOLD.c.recording_id)))
            .order_by(RECORDING.c.started_at)
            .limit(limit)
        )
        with self._catalogue.engine.connect() as connection:
            found = connection.execute(query).all()
        return [DueRecording(self._catalogue.get(row.recording_id), row.days) for row in found]

    def erase(self, recording_id: RecordingId, by: str, reason: str, now: datetime) -> RecordingErasure:
        """For good. May be asked again when it failed in between; raises HeldError, StillRecordingError,
        OSError.

        The key goes first: a crash in between leaves a recording that nobody can hear, never one that comes
        back.
        """
        entry = self._catalogue.get(recording_id)
        if entry.state is RecordingState.RECORDING:
            raise StillRecordingError(f"recording {recording_id} is still being made")
        if (hold := self.hold_of(recording_id)) is not None:
            raise HeldError(f"recording {recording_id} is held by {hold.held_by}: {hold.reason}")
        if self._files.keyring is not None:
            self._files.keyring.destroy(entry.path)
        with suppress(FileNotFoundError):
            (self._files.directory / entry.path).unlink()
        for file in playable_files(self._files.directory, entry):
            file.unlink(missing_ok=True)
        if not entry.what:
            self._forget_words(entry.contact_id)
        erasure = self._certified(entry, by, reason, now)
        self._evidence.erased(recording_id, erasure.certificate.encode(), now)
        self._forget(erasure)
        return erasure

    def erasures(self, limit: int = 50) -> list[RecordingErasure]:
        """Newest first."""
        query = select(RECORDING_ERASURE).order_by(RECORDING_ERASURE.c.erased_at.desc()).limit(limit)
        with self._catalogue.engine.connect() as connection:
            return [
                RecordingErasure(
                    RecordingId(row.recording_id),
                    row.contact_id,
                    from_utc_text(row.erased_at),
                    row.erased_by,
                    row.reason,
                    row.certificate,
                )
                for row in connection.execute(query)
            ]

    def _certified(self, entry: RecordingEntry, by: str, reason: str, now: datetime) -> RecordingErasure:
        said = {
            "recording": entry.recording_id,
            "contact": entry.contact_id,
            "erased_at": to_utc_text(now),
            "by": by,
            "reason": reason,
        }
        certificate = canonical({"erasure": said, "signature": self._evidence.sign(canonical(said))})
        return RecordingErasure(entry.recording_id, entry.contact_id, now, by, reason, certificate.decode())

    def _forget(self, erasure: RecordingErasure) -> None:
        """Row, words and checks; the database takes them along with the recording's row."""
        row = asdict(erasure) | {"erased_at": to_utc_text(erasure.erased_at)}
        with writing(self._catalogue.engine) as connection:
            connection.execute(delete(RECORDING).where(RECORDING.c.recording_id == erasure.recording_id))
            connection.execute(insert(RECORDING_ERASURE), row)
