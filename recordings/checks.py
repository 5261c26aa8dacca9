"""What verifying has found: the newest verdict of each recording, so that lists can say what is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, Engine, ForeignKey, Integer, String, Table, Text, delete, insert, select

from recordings.catalogue import METADATA, RECORDING
from recordings.instants import to_utc_text
from recordings.segment import RecordingId
from recordings.transactions import in_batches
from recordings.verification import Verdict

RECORDING_CHECK = Table(
    "recording_check",
    METADATA,
    Column(
        "recording_id",
        String(64),
        ForeignKey(RECORDING.c.recording_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("checked_at", String(32), nullable=False),
    Column("faults", Integer, nullable=False),
    Column("first_fault", Text, nullable=False),
)


class Checks:
    """Safe in any thread; every method blocks on the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, verdicts: Sequence[Verdict], checked_at: datetime) -> None:
        rows = [
            {
                "recording_id": verdict.recording_id,
                "checked_at": to_utc_text(checked_at),
                "faults": len(verdict.faults),
                "first_fault": str(verdict.faults[0]) if verdict.faults else "",
            }
            for verdict in verdicts
        ]
        with self._engine.begin() as connection:
            for row in rows:
                connection.execute(
                    delete(RECORDING_CHECK).where(RECORDING_CHECK.c.recording_id == row["recording_id"])
                )
                connection.execute(insert(RECORDING_CHECK), row)

    def faulty(self, recording_ids: Sequence[RecordingId]) -> dict[RecordingId, str]:
        """The first fault of those that had one when they were last verified."""
        found: dict[RecordingId, str] = {}
        with self._engine.connect() as connection:
            for asked in in_batches(recording_ids):
                query = select(RECORDING_CHECK.c.recording_id, RECORDING_CHECK.c.first_fault).where(
                    RECORDING_CHECK.c.recording_id.in_(asked), RECORDING_CHECK.c.faults > 0
                )
                found.update(
                    {RecordingId(row.recording_id): row.first_fault for row in connection.execute(query)}
                )
        return found
