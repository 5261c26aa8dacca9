"""The order in which callers wait."""

from bisect import bisect_left, insort
from typing import NamedTuple

from contacts.ids import ContactId


class Rank(NamedTuple):
    """A contact's place, which nothing but leaving takes from it. The smallest rank is first."""

    given_back: int
    """0: an agent's phone was lost in mid-talk, and they are served before everybody else; else 1."""
    lightness: int
    """The queue's weight negated."""
    urgency: int
    """The priority negated; 0 where the queue turns priority into a credit of time."""
    since: float
    """When they came, less the credit."""
    arrival: int
    contact: ContactId


class RankedLine:
    """Ranks in order; finding a place or a position is a bisection of one list."""

    def __init__(self) -> None:
        self._ranks: list[Rank] = []

    def __len__(self) -> int:
        return len(self._ranks)

    def first(self) -> Rank | None:
        return self._ranks[0] if self._ranks else None

    def add(self, rank: Rank) -> None:
        insort(self._ranks, rank)

    def remove(self, rank: Rank) -> bool:
        """Whether it was there."""
        at = bisect_left(self._ranks, rank)
        found = at < len(self._ranks) and self._ranks[at] == rank
        if found:
            del self._ranks[at]
        return found

    def position(self, rank: Rank) -> int:
        """Counted from 1; for a rank that is gone, where it would be."""
        return bisect_left(self._ranks, rank) + 1

    def from_position(self, position: int, at_most: int | None = None) -> list[Rank]:
        end = None if at_most is None else position - 1 + at_most
        return self._ranks[position - 1 : end]
