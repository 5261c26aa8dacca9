"""What has to be done at a later time, most of it by dispatch, and when the next of it is due."""

from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from msgspec import Struct

from acd.skills import Requirement
from contacts.ids import AgentId, ContactId, OfferId, QueueId


class _Timer(Struct, frozen=True, tag_field="timer"):
    """Names what is due; two timers with the same fields are the same timer."""


class WrapUpOver(_Timer, frozen=True, tag="wrap-up"):
    """The agent's time after the call is up."""

    agent: AgentId


class PauseOver(_Timer, frozen=True, tag="pause"):
    """An agent who did not take an offer may get one again."""

    agent: AgentId


class RingTimeout(_Timer, frozen=True, tag="ring"):
    """The agent has been rung for long enough."""

    offer: OfferId


class AnnouncementDue(_Timer, frozen=True, tag="announcement"):
    """The caller is to hear their position again."""

    contact: ContactId


class ImprovementDue(_Timer, frozen=True, tag="improvement"):
    """Callers further back in the queue are to hear that they moved up."""

    queue: QueueId


class WaitTooLong(_Timer, frozen=True, tag="wait"):
    """The caller's longest wait is over."""

    contact: ContactId


class RelaxDue(_Timer, frozen=True, tag="relax"):
    """The caller has waited long enough to require less."""

    contact: ContactId


class RingMore(_Timer, frozen=True, tag="ring more"):
    """One more agent is to be rung for the caller."""

    contact: ContactId


class AgentWaitOver(_Timer, frozen=True, tag="agent wait"):
    """The caller waited long enough for one agent alone."""

    contact: ContactId


class NobodyCame(_Timer, frozen=True, tag="nobody"):
    """Everybody who could serve these callers signed out some time ago."""

    queue: QueueId
    requirement: Requirement


AgentTimer = WrapUpOver | PauseOver | RingTimeout
WaitTimer = RelaxDue | RingMore | AgentWaitOver
QueueTimer = AnnouncementDue | ImprovementDue | WaitTooLong | NobodyCame
DispatchTimer = AgentTimer | WaitTimer | QueueTimer

_STALE_ALLOWED = 1024


Timer = TypeVar("Timer", bound=Hashable)


class Deadlines(Generic[Timer]):
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

    def is_set(self, timer: Timer) -> bool:
        return timer in self._live

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

    def in_order(self) -> list[tuple[float, Timer]]:
        """Everything that is set, in the order in which it will come up."""
        return [(at, timer) for at, _, timer in sorted(filter(self._is_live, self._heap))]

    def _is_live(self, entry: tuple[float, int, Timer]) -> bool:
        return self._live.get(entry[2]) == entry[1]


DispatchDeadlines = Deadlines[DispatchTimer]
"""What dispatch itself waits for."""
