"""The first schema: journal, recordings and their transcripts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_journal()
    _create_recording()
    _create_utterance()


def downgrade() -> None:
    for table in ("utterance", "recording", "journal"):
        op.drop_table(table)


def _create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("contact_id", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_contact_id", "journal", ["contact_id"])
    op.create_index("ix_journal_kind_contact_id", "journal", ["kind", "contact_id"])


def _create_recording() -> None:
    op.create_table(
        "recording",
        sa.Column("recording_id", sa.String(64), primary_key=True),
        sa.Column("contact_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("gap_s", sa.Float, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("failure", sa.Text, nullable=False),
    )
    op.create_index("ix_recording_contact_id", "recording", ["contact_id"])
    op.create_index("ix_recording_started_at", "recording", ["started_at"])
    op.create_index("ix_recording_state", "recording", ["state"])


def _create_utterance() -> None:
    op.create_table(
        "utterance",
        sa.Column("utterance_id", sa.Integer, primary_key=True),
        sa.Column(
            "recording_id",
            sa.String(64),
            sa.ForeignKey("recording.recording_id", name="fk_utterance_recording_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("speaker", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("end_s", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float),
        sa.Column("engine", sa.Text, nullable=False),
    )
    op.create_index("ix_utterance_recording_id_start_s", "utterance", ["recording_id", "start_s"])
