"""How the program refuses to go on: one clear message, exit code 2, nothing half-started."""

from __future__ import annotations


class StartError(Exception):
    """The program cannot do what was asked; each problem names the place of the mistake and the mend."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
