"""Contacts know whether what was personal of them has been erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("contact", sa.Column("erased", sa.Integer, nullable=False, server_default="0"))
    op.create_index("ix_contact_to_erase", "contact", ["started_at"], sqlite_where=sa.text("erased = 0"))


def downgrade() -> None:
    op.drop_index("ix_contact_to_erase", "contact")
    op.drop_column("contact", "erased")
