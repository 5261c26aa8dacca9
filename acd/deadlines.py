"""What dispatch has to do at a later time, and when the next of it is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from contacts.ids import AgentId, ContactId, OfferId


@dataclass(frozen=True, slots=True)
class WrapUpOver:
    """The agent's time after the call is up."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class RestOver:
    """An agent who did not take an offer may get one again."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class RingTimeout:
    """The agent has been rung for long enough."""

    offer: OfferId


@dataclass(frozen=True, slots=True)
class AnnouncementDue:
    """The caller is to hear their position again."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class WaitTooLong:
    """The caller's longest wait is over."""

    contact: ContactId


Timer = WrapUpOver | RestOver | RingTimeout | AnnouncementDue | WaitTooLong

_STALE_ALLOWED = 1024


class Deadlines:
    """One deadline per timer; setting it again moves it.

    Moved and cancelled entries stay in the heap until they come up or outnumber the live ones.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._live: dict[Timer, int] = {}
        self._entries = 0

    def set(self, timer: Timer, at: float) -> None:
        self._entries += 1
        self._live[timer] = self._entries
        heappush(self._heap, (at, self._entries, timer))
        if len(self._heap) > 2 * len(self._live) + _STALE_ALLOWED:
            self._heap = [entry for entry in self._heap if self._is_live(entry)]
            heapify(self._heap)

    def cancel(self, timer: Timer) -> None:
        self._live.pop(timer, None)

    def next(self) -> float | None:
        while self._heap and not self._is_live(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[Timer]:
        """Takes out what is due, in order; timers set meanwhile are seen, cancelled ones are not."""
        while (at := self.next()) is not None and at <= now:
            timer = heappop(self._heap)[2]
            del self._live[timer]
            yield timer

    def _is_live(self, entry: tuple[float, int, Timer]) -> bool:
        return self._live.get(entry[2]) == entry[1]
