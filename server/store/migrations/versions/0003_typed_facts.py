"""Facts are types: the journal keeps their JSON form with where and when, and contacts have a row each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.migrations.untyped_facts import convert

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.rename_table("journal", "journal_untyped")
    op.drop_index("ix_journal_contact_id", "journal_untyped")
    op.drop_index("ix_journal_kind_contact_id", "journal_untyped")
    _create_journal()
    _create_contact()
    convert(op.get_bind())
    op.drop_table("journal_untyped")


def downgrade() -> None:
    raise NotImplementedError("typed facts are not turned into untyped ones again; restore a backup")


def _create_journal() -> None:
    op.create_table(
        "journal_run",
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("instance", sa.String(32), nullable=False),
        sa.Column("boot", sa.String(32), nullable=False),
        sa.Column("settings", sa.String(32), nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run", sa.Integer, sa.ForeignKey("journal_run.run", name="fk_journal_run"), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("clock_s", sa.Float, nullable=False),
        sa.Column("contact_id", sa.String(64)),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("fact", sa.Text, nullable=False),
    )
    op.create_index("ix_journal_contact_id", "journal", ["contact_id"])


def _create_contact() -> None:
    op.create_table(
        "contact",
        sa.Column("contact_id", sa.String(64), primary_key=True),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("trunk", sa.Text, nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("agents", sa.Text, nullable=False),
        sa.Column("waited_s", sa.Float, nullable=False),
        sa.Column("answered_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("duration_s", sa.Float, nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_contact_started_at_contact_id", "contact", ["started_at", "contact_id"])
    op.create_index(
        "ix_contact_in_progress", "contact", ["started_at"], sqlite_where=sa.text("outcome IS NULL")
    )
