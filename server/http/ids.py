"""Ids and names in paths: bounded, and of characters that mean nothing to a file system or a shell."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""Of a contact, a recording, a token."""
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^/\\\x00-\x20\x7f]+$")]
"""Of an agent, a queue: compared with those of the settings, and nothing else."""
Cursor = Annotated[str | None, Query(max_length=128, pattern=r"^[A-Za-z0-9_:.+/-]+$")]
"""Where the page before ended; comes from its `next`."""
