"""Ties the knots of assembly: parts that must be given to each other before both exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Argument = TypeVar("Argument")


class Late(Generic[Argument]):
    """A function whose body comes later; calling it before is a bug of the assembly."""

    def __init__(self) -> None:
        self._body: Callable[[Argument], None] | None = None

    def to(self, body: Callable[[Argument], None]) -> None:
        self._body = body

    def __call__(self, argument: Argument) -> None:
        if self._body is None:
            raise RuntimeError("called before the assembly was complete")
        self._body(argument)
