"""Transactions that write, for SQLite: they take the lock when they begin, and wait for it.

One that begins by reading finds the database changed under it and fails at once instead of waiting; and a
statement whose triggers write into the full-text index reads first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

BEGIN_OPTION = "trunkline_begin"
"""The execution option by which a connection of the store says how its transactions begin."""

# SQLite takes 32,766 parameters in one statement, older builds 999.
_PARAMETERS = 900


def in_batches(asked: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as one statement may name."""
    for begin in range(0, len(asked), _PARAMETERS):
        yield asked[begin : begin + _PARAMETERS]


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Commits at the end, or rolls back with the error."""
    begins = {BEGIN_OPTION: "BEGIN IMMEDIATE"}
    with engine.connect().execution_options(**begins) as connection, connection.begin():
        yield connection
