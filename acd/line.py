"""The order in which callers wait."""

from bisect import bisect_left, insort
from typing import NamedTuple

from contacts.ids import ContactId


class Rank(NamedTuple):
    """A contact's place, which nothing but leaving takes from it: by priority, then age, then arrival."""

    urgency: int
    """The priority negated, so that the smallest rank is first."""
    enqueued_at: float
    arrival: int
    contact: ContactId


class RankedLine:
    """Ranks in order; finding a place or a position is a bisection of one list."""

    def __init__(self) -> None:
        self._ranks: list[Rank] = []

    def __len__(self) -> int:
        return len(self._ranks)

    def first(self) -> Rank:
        return self._ranks[0]

    def add(self, rank: Rank) -> None:
        insort(self._ranks, rank)

    def remove(self, rank: Rank) -> None:
        del self._ranks[bisect_left(self._ranks, rank)]

    def position(self, rank: Rank) -> int:
        """Counted from 1; for a rank that is gone, where it would be."""
        return bisect_left(self._ranks, rank) + 1

    def from_position(self, position: int) -> list[Rank]:
        return self._ranks[position - 1 :]
