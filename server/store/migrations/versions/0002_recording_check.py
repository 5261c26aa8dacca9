"""What verifying recordings has found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "recording_check",
        sa.Column(
            "recording_id",
            sa.String(64),
            sa.ForeignKey(
                "recording.recording_id", name="fk_recording_check_recording_id", ondelete="CASCADE"
            ),
            primary_key=True,
        ),
        sa.Column("checked_at", sa.String(32), nullable=False),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("first_fault", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("recording_check")
