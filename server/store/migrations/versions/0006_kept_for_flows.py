"""Notices, what flows keep about callers, and recordings that are statements of callers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("recording", sa.Column("what", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "notice",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("until", sa.String(32), nullable=False),
        sa.Column("set_at", sa.String(32), nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
    )
    op.create_table(
        "profile",
        sa.Column("caller", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("kept_at", sa.String(32), nullable=False),
    )
    op.create_index("ix_profile_kept_at", "profile", ["kept_at"])


def downgrade() -> None:
    op.drop_table("profile")
    op.drop_table("notice")
    op.drop_column("recording", "what")
