"""The expected wait of one contact: its queue's history, and who is on duty for it now."""

from collections.abc import Mapping

from acd.agent_registry import AgentRegistry
from acd.expected_wait import AT_ONCE, ExpectedWait
from acd.matching import GroupKey, Matching
from acd.places import ContactQueue
from acd.relaxation import required_after
from acd.skills import ANYBODY
from contacts.ids import QueueId

SHARE_KEPT_S = 60.0


class Foresight:
    """Agents of several queues count for each with the share of their time that it had lately."""

    matching: Matching

    def __init__(self, registry: AgentRegistry) -> None:
        self._registry = registry
        self._shared: dict[QueueId, list[tuple[QueueId, float]]] = {}

    def index(self, matching: Matching) -> None:
        """Other agents or queues."""
        self.matching, self._shared = matching, {}

    def expect(self, queue: ContactQueue, able: int, ahead: int) -> ExpectedWait | None:
        """With so many before them and these agents qualified; None: too little is known."""
        availability = self._registry.availability
        if availability.free & able:
            return AT_ONCE
        return queue.history.expected(ahead, (availability.on_duty & able).bit_count() * queue.share)

    def newcomer(self, queue: ContactQueue) -> ExpectedWait | None:
        """Somebody without wishes who comes now."""
        return self.expect(queue, self.agents_of(queue), len(queue.line))

    def agents_of(self, queue: ContactQueue) -> int:
        """Who can take contacts without wishes of their own, as a mask."""
        required = required_after(queue.settings, ANYBODY, 0)
        return self.matching.group(GroupKey(queue.id, required)).qualified

    def refresh(self, queue: ContactQueue, queues: Mapping[QueueId, ContactQueue], now: float) -> None:
        """A queue's part of its agents' time changes slowly, and there may be hundreds of queues: it is
        worked out anew from time to time."""
        if queue.share_at is not None and now - queue.share_at < SHARE_KEPT_S:
            return
        work_s = sum(
            part * queues[other].history.work_until(now) for other, part in self._sharing(queue, queues)
        )
        own_s = queue.history.work_until(now)
        queue.share, queue.share_at = own_s / work_s if own_s and work_s else 1.0, now

    def _sharing(
        self, queue: ContactQueue, queues: Mapping[QueueId, ContactQueue]
    ) -> list[tuple[QueueId, float]]:
        """Every queue that has agents of this one, and what part of its agents they are."""
        if queue.id not in self._shared:
            own = self.agents_of(queue)
            shared = []
            for other in queues.values():
                theirs = self.agents_of(other)
                if common := own & theirs:
                    shared.append((other.id, common.bit_count() / theirs.bit_count()))
            self._shared[queue.id] = shared
        return self._shared[queue.id]
