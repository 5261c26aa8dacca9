"""Numbers that are blocked, go first in queues, or are not to be called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "listed_number",
        sa.Column("list", sa.String(16), primary_key=True),
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("entry", sa.String(32), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("expires", sa.String(32)),
        sa.Column("set_at", sa.String(32), nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("listed_number")
