"""Skills with levels, and what a caller requires of an agent."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

LOWEST_LEVEL = 1
HIGHEST_LEVEL = 10


class Requirement(Struct, frozen=True):
    """Minimum levels by skill, in one canonical order, so that equal requirements are equal keys."""

    levels: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        names = [name for name, _ in self.levels]
        if names != sorted(set(names)):
            raise ValueError(f"skills must be sorted and named once: {names}")
        for name, level in self.levels:
            if not LOWEST_LEVEL <= level <= HIGHEST_LEVEL:
                raise ValueError(f"skill {name!r}: level {level} is outside {LOWEST_LEVEL}-{HIGHEST_LEVEL}")

    @classmethod
    def of(cls, levels: Mapping[str, int]) -> Self:
        return cls(tuple(sorted(levels.items())))

    def refined_by(self, other: "Requirement") -> "Requirement":
        """Both requirements together; where both name a skill, the other's level counts."""
        if not other.levels:
            return self
        return Requirement.of({**dict(self.levels), **dict(other.levels)})

    def met_by(self, skills: Mapping[str, int]) -> bool:
        return all(skills.get(name, 0) >= level for name, level in self.levels)


ANYBODY = Requirement()
"""No skill at all: every agent will do."""
