"""The catalogue of recordings: one row per recording, in the database."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    Column,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from recordings.errors import CatalogueError, UnknownRecordingError
from recordings.instants import from_utc_text, to_utc_text
from recordings.ports import RowWriter, Statement
from recordings.segment import RecordingId
from recordings.transactions import in_batches, writing

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

RECORDING = Table(
    "recording",
    METADATA,
    Column("recording_id", String(64), primary_key=True),
    Column("contact_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("caller", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("gap_s", Float, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("failure", Text, nullable=False),
    Column("what", Text, nullable=False, server_default=""),
    Index(None, "contact_id"),
    Index(None, "started_at"),
    Index(None, "state"),
)

UTTERANCE = Table(
    "utterance",
    METADATA,
    Column("utterance_id", Integer, primary_key=True),
    Column(
        "recording_id", String(64), ForeignKey(RECORDING.c.recording_id, ondelete="CASCADE"), nullable=False
    ),
    Column("speaker", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("start_s", Float, nullable=False),
    Column("end_s", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("confidence", Float),
    Column("engine", Text, nullable=False),
    Column("words", Text, nullable=False, server_default="[]"),
    Index(None, "recording_id", "start_s"),
)


class RecordingState(enum.Enum):
    """`INTERRUPTED`: the server died meanwhile. `FAILED`: the disk refused; what it took before is kept."""

    RECORDING = "recording"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One recording; `path` is relative to the recordings folder, which may be moved."""

    recording_id: RecordingId
    contact_id: str
    state: RecordingState
    path: Path
    started_at: datetime
    caller: str
    called: str
    agent: str = ""
    ended_at: datetime | None = None
    duration_s: float = 0.0
    gap_s: float = 0.0
    size_bytes: int = 0
    failure: str = ""
    what: str = ""
    """Empty for the recording of a contact; else what the caller left, like `voicemail`."""

    @property
    def is_empty(self) -> bool:
        """Ended before there was any sound, as when a caller hangs up at once: there is no file of it."""
        return self.state is RecordingState.COMPLETE and not self.size_bytes and not self.duration_s


_COLUMNS = tuple(column.name for column in RECORDING.columns)
_SAVE = (
    f"INSERT INTO recording ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) "  # noqa: S608 - names of our own columns
    "ON CONFLICT (recording_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "recording_id")
)
_NAME_AGENT = "UPDATE recording SET agent = :agent WHERE recording_id = :recording_id"


class EngineRows:
    """A RowWriter for programs without one: a transaction of its own for each call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, *statements: Statement) -> None:
        try:
            with writing(self._engine) as connection:
                for sql, rows in statements:
                    if rows:
                        connection.execute(text(sql), list(rows))
        except SQLAlchemyError as error:
            raise CatalogueError.from_database(error) from error


class Catalogue:
    """Reads and writes the rows; safe in any thread, every method blocks on the database."""

    def __init__(self, engine: Engine, rows: RowWriter | None = None) -> None:
        self.engine = engine
        self.rows = rows or EngineRows(engine)

    def save(self, entries: Iterable[RecordingEntry]) -> None:
        """All of them or none: each row is replaced, or made when it is not there. Raises CatalogueError."""
        self.rows.write((_SAVE, [_values(entry) for entry in entries]))

    def get(self, recording_id: str) -> RecordingEntry:
        query = select(RECORDING).where(RECORDING.c.recording_id == recording_id)
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise UnknownRecordingError(f"no recording {recording_id}")
        return _entry(row)

    def list(
        self,
        *,
        contact_id: str | None = None,
        since: datetime | None = None,
        state: RecordingState | None = None,
        limit: int | None = None,
    ) -> list[RecordingEntry]:
        """Newest first."""
        query = select(RECORDING).order_by(RECORDING.c.started_at.desc(), RECORDING.c.recording_id.desc())
        if contact_id is not None:
            query = query.where(RECORDING.c.contact_id == contact_id)
        if since is not None:
            query = query.where(RECORDING.c.started_at >= to_utc_text(since))
        if state is not None:
            query = query.where(RECORDING.c.state == state.value)
        with self.engine.connect() as connection:
            return [_entry(row) for row in connection.execute(query.limit(limit)).mappings()]

    def known(self, recording_ids: Sequence[str]) -> set[str]:
        """Which of these have a row, however many they are."""
        known: set[str] = set()
        with self.engine.connect() as connection:
            for asked in in_batches(recording_ids):
                query = select(RECORDING.c.recording_id).where(RECORDING.c.recording_id.in_(asked))
                known.update(connection.execute(query).scalars())
        return known

    def name_agent(self, recording_id: RecordingId, agent: str) -> None:
        self.rows.write((_NAME_AGENT, [{"recording_id": recording_id, "agent": agent}]))


def _values(entry: RecordingEntry) -> dict[str, str | float | None]:
    return {
        "recording_id": entry.recording_id,
        "contact_id": entry.contact_id,
        "state": entry.state.value,
        "path": entry.path.as_posix(),
        "started_at": to_utc_text(entry.started_at),
        "ended_at": None if entry.ended_at is None else to_utc_text(entry.ended_at),
        "caller": entry.caller,
        "called": entry.called,
        "agent": entry.agent,
        "duration_s": entry.duration_s,
        "gap_s": entry.gap_s,
        "size_bytes": entry.size_bytes,
        "failure": entry.failure,
        "what": entry.what,
    }


def _entry(row: RowMapping) -> RecordingEntry:
    return RecordingEntry(
        recording_id=RecordingId(row["recording_id"]),
        contact_id=row["contact_id"],
        state=RecordingState(row["state"]),
        path=Path(row["path"]),
        started_at=from_utc_text(row["started_at"]),
        ended_at=None if row["ended_at"] is None else from_utc_text(row["ended_at"]),
        caller=row["caller"],
        called=row["called"],
        agent=row["agent"],
        duration_s=row["duration_s"],
        gap_s=row["gap_s"],
        size_bytes=row["size_bytes"],
        failure=row["failure"],
        what=row["what"],
    )
