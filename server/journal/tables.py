"""The journal's tables: every fact in order, the runs that wrote them, and a row for each contact."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

RUN = Table(
    "journal_run",
    METADATA,
    Column("run", Integer, primary_key=True),
    Column("instance", String(32), nullable=False),
    Column("boot", String(32), nullable=False),
    Column("settings", String(32), nullable=False),
)
"""What the facts of one run of the server under the same settings have in common."""

JOURNAL = Table(
    "journal",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("run", Integer, ForeignKey(RUN.c.run), nullable=False),
    Column("at", String(32), nullable=False),
    Column("clock_s", Float, nullable=False),
    Column("contact_id", String(64)),
    Column("kind", String(64), nullable=False),
    Column("fact", Text, nullable=False),
    Index(None, "contact_id"),
)

CONTACT = Table(
    "contact",
    METADATA,
    Column("contact_id", String(64), primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("caller", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("trunk", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("agents", Text, nullable=False),
    Column("waited_s", Float, nullable=False),
    Column("answered_at", String(32)),
    Column("ended_at", String(32)),
    Column("duration_s", Float, nullable=False),
    Column("outcome", String(32)),
    Column("reason", Text, nullable=False),
    Column("erased", Integer, nullable=False, server_default="0"),
    Index(None, "started_at", "contact_id"),
    Index("ix_contact_to_erase", "started_at", sqlite_where=text("erased = 0")),
    # The few that are in progress, found at start without a look at the many that are not.
    Index("ix_contact_in_progress", "started_at", sqlite_where=text("outcome IS NULL")),
)
"""Kept by the journal's own writer in the transaction of the facts that it sums up."""
