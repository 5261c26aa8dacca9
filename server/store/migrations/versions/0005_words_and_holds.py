"""Word times and full text of transcripts; holds and erasures of recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

FULL_TEXT = (
    "CREATE VIRTUAL TABLE utterance_text USING fts5("
    "text, content='utterance', content_rowid='utterance_id', tokenize='unicode61 remove_diacritics 2')",
    "CREATE TRIGGER utterance_text_added AFTER INSERT ON utterance WHEN new.kind = 'utterance' BEGIN "
    "INSERT INTO utterance_text(rowid, text) VALUES (new.utterance_id, new.text); END",
    "CREATE TRIGGER utterance_text_removed AFTER DELETE ON utterance WHEN old.kind = 'utterance' BEGIN "
    "INSERT INTO utterance_text(utterance_text, rowid, text) "
    "VALUES ('delete', old.utterance_id, old.text); END",
    "INSERT INTO utterance_text(rowid, text) "
    "SELECT utterance_id, text FROM utterance WHERE kind = 'utterance'",
)


def upgrade() -> None:
    op.add_column("utterance", sa.Column("words", sa.Text, nullable=False, server_default="[]"))
    for statement in FULL_TEXT:
        op.execute(statement)
    op.create_table(
        "recording_hold",
        sa.Column(
            "recording_id",
            sa.String(64),
            sa.ForeignKey(
                "recording.recording_id", name="fk_recording_hold_recording_id", ondelete="CASCADE"
            ),
            primary_key=True,
        ),
        sa.Column("held_at", sa.String(32), nullable=False),
        sa.Column("held_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "recording_erasure",
        sa.Column("recording_id", sa.String(64), primary_key=True),
        sa.Column("contact_id", sa.String(64), nullable=False),
        sa.Column("erased_at", sa.String(32), nullable=False),
        sa.Column("erased_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("recording_erasure", "recording_hold"):
        op.drop_table(table)
    for trigger in ("utterance_text_removed", "utterance_text_added"):
        op.execute(f"DROP TRIGGER {trigger}")
    op.execute("DROP TABLE utterance_text")
    op.drop_column("utterance", "words")
