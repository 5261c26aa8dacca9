"""Tables of what flows are told by the server itself, and of the numbers that calls are judged by."""

from __future__ import annotations

from sqlalchemy import Column, Index, MetaData, String, Table, Text

METADATA = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s"})

NOTICE = Table(
    "notice",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("until", String(32), nullable=False),
    Column("set_at", String(32), nullable=False),
    Column("set_by", Text, nullable=False),
)

PROFILE = Table(
    "profile",
    METADATA,
    Column("caller", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("kept_at", String(32), nullable=False),
    Index(None, "kept_at"),
)

LISTED_NUMBER = Table(
    "listed_number",
    METADATA,
    Column("list", String(16), primary_key=True),
    Column("number", String(32), primary_key=True),
    Column("entry", String(32), nullable=False),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires", String(32)),
    Column("set_at", String(32), nullable=False),
    Column("set_by", Text, nullable=False),
)
