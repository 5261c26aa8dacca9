"""What recordings need of the program around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

Value = str | int | float | bytes | None
Statement = tuple[str, Sequence[Mapping[str, Value]]]
"""SQL with `:named` parameters, and the rows that it is carried out for."""


class RowWriter(Protocol):
    """Writes rows to the database, together with what others write at the same time."""

    def write(self, *statements: Statement) -> None:
        """Returns once all are durable, or none is kept: then it raises CatalogueError. Blocks."""
