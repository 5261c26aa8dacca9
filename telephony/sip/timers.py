"""The timers of RFC 3261 section 17 and RFC 6026: names, values, and the heap that orders them."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar


class Timer(Enum):
    """Transaction timers, by their letter in RFC 3261 table 4; TRYING is the 200 ms of section 17.2.1."""

    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741 - the RFC's own name
    J = "J"
    K = "K"
    L = "L"
    M = "M"
    TRYING = "trying"


@dataclass(frozen=True, slots=True)
class TimerValues:
    """The three base values every other one follows from."""

    t1_s: float = 0.5
    t2_s: float = 4.0
    t4_s: float = 5.0
    trying_s: float = 0.2

    @property
    def timeout_s(self) -> float:
        """64*T1: timers B, F, H, J, L and M, and the life of an unacknowledged 2xx."""
        return 64 * self.t1_s

    @property
    def d_s(self) -> float:
        """Timer D is at least 32 s whatever T1 is."""
        return max(32.0, self.timeout_s)


Subject = TypeVar("Subject", bound=Hashable)


class TimerHeap(Generic[Subject]):
    """Deadlines in order. None is ever cancelled: who is called too late sees its state and does nothing."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Subject]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, at: float, subject: Subject) -> None:
        # The running number keeps the order of equal deadlines and keeps subjects from being compared.
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, subject))

    def clear(self) -> None:
        self._heap.clear()

    def next(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[Subject]:
        """Takes out what is due by now; what is added meanwhile and already due comes out as well."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]
