"""Why settings cannot be used; apart from the reader, which takes longer to import than to be told of it."""

from __future__ import annotations

from pathlib import Path


class ConfigError(Exception):
    """The settings cannot be used; `problems` has one line per mistake."""

    def __init__(self, file: Path, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.file = file
        self.problems = problems
