"""Which recording is transcribed next, and when one that failed is tried again."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field, replace

from recordings.segment import RecordingId

MAX_WAITING = 10_000
RETRY_AFTER_S = (30.0, 120.0, 600.0, 1800.0)


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """In the order of work: what has just been said goes before what an earlier run left."""

    left_over: bool
    number: int
    contact_id: str = field(compare=False)
    recording_id: RecordingId = field(compare=False)
    asked_at_s: float = field(compare=False)
    tries: int = field(default=0, compare=False)


class Backlog:
    """Bounded; what does not fit is still in the journal, and `overflowed` says that it must be asked for."""

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._limit = limit
        self._ready: list[Job] = []
        self._later: list[tuple[float, Job]] = []
        self._known: set[RecordingId] = set()
        self._numbers = itertools.count()
        self.overflowed = False

    @property
    def waiting(self) -> int:
        return len(self._ready) + len(self._later)

    @property
    def to_be_tried_again(self) -> int:
        return len(self._later)

    def oldest_s(self, now_s: float) -> float:
        """How long the one that has waited longest has."""
        jobs = (*self._ready, *(job for _, job in self._later))
        return max((now_s - job.asked_at_s for job in jobs), default=0.0)

    def put(self, contact_id: str, recording_id: RecordingId, now_s: float, *, left_over: bool) -> None:
        """One that is known already is not put again."""
        if recording_id in self._known:
            return
        if self.waiting >= self._limit:
            self.overflowed = True
            return
        self._known.add(recording_id)
        heapq.heappush(self._ready, Job(left_over, next(self._numbers), contact_id, recording_id, now_s))

    def take(self, now_s: float) -> Job | None:
        """The next to be done; it stays known until `done`."""
        while self._later and self._later[0][0] <= now_s:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1])
        return heapq.heappop(self._ready) if self._ready else None

    def again(self, job: Job, now_s: float) -> bool:
        """Puts it back for later; False when it has been tried often enough."""
        if job.tries >= len(RETRY_AFTER_S):
            return False
        tried = replace(job, tries=job.tries + 1)
        heapq.heappush(self._later, (now_s + RETRY_AFTER_S[job.tries], tried))
        return True

    def done(self, job: Job) -> None:
        self._known.discard(job.recording_id)

    def wait_s(self, now_s: float) -> float | None:
        """Until one of those that failed is due; None when there is none."""
        return max(0.0, self._later[0][0] - now_s) if self._later else None
