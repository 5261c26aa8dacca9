"""Agents and queues for people: dispatch's snapshot joined with who is on the line."""

from __future__ import annotations

from collections.abc import Callable

from acd.agent_state import AgentState
from acd.settings import AcdSettings, QueueSettings
from acd.skills import Requirement
from acd.snapshot import AgentSnapshot, DispatchStatus, QueueSnapshot
from contacts.privacy import Privacy
from server.http.ports import Customers, LiveDispatch
from server.http.status import AgentStatus, QueueDetail, QueuedStatus, QueueStatus

FRESH_FOR_S = 0.2
MAX_CUSTOMERS = 1000


class LiveView:
    """Asks dispatch at most five times a second, however many screens ask here."""

    def __init__(
        self,
        dispatch: LiveDispatch,
        customers: Customers,
        settings: Callable[[], AcdSettings],
        monotonic: Callable[[], float],
    ) -> None:
        self._dispatch = dispatch
        self._customers = customers
        self._settings = settings
        self._monotonic = monotonic
        self._taken_at = float("-inf")
        self._snapshot = DispatchStatus((), (), ())

    def agents(self, most: Privacy) -> tuple[AgentStatus, ...]:
        now = self._monotonic()
        return tuple(self._agent(agent, most, now) for agent in self._fresh().agents)

    def agent(self, name: str, most: Privacy) -> AgentStatus | None:
        return next((agent for agent in self.agents(most) if agent.name == name), None)

    def queues(self) -> tuple[QueueStatus, ...]:
        return tuple(self._queue(queue) for queue in self._fresh().queues)

    def queue(self, name: str, most: Privacy) -> QueueDetail | None:
        queue = next((queue for queue in self._fresh().queues if queue.queue == name), None)
        if queue is None:
            return None
        customers = tuple(
            QueuedStatus(
                waiting.contact,
                self._customers.caller(waiting.contact) if most is not Privacy.PUBLIC else "",
                waiting.position,
                round(waiting.waited_s, 1),
                ", ".join(waiting.rings) or None,
            )
            for waiting in queue.waiting[:MAX_CUSTOMERS]
        )
        agents = tuple(agent.agent for agent in self._signed_in(name))
        return QueueDetail(self._queue(queue), customers, agents)

    def forget(self) -> None:
        """After a change the next reader sees it."""
        self._taken_at = float("-inf")

    def _fresh(self) -> DispatchStatus:
        now = self._monotonic()
        if now - self._taken_at > FRESH_FOR_S:
            self._snapshot, self._taken_at = self._dispatch.snapshot(), now
        return self._snapshot

    def _signed_in(self, queue: str) -> tuple[AgentSnapshot, ...]:
        """Those who are not offline and can take the queue's calls."""
        settings = self._settings()
        wanted = next((each for each in settings.queues if each.name == queue), None)
        able = _qualified(settings, wanted) if wanted else frozenset[str]()
        return tuple(
            agent
            for agent in self._fresh().agents
            if agent.agent in able and agent.state is not AgentState.OFFLINE
        )

    def _queue(self, queue: QueueSnapshot) -> QueueStatus:
        expected = queue.expected_wait_s
        return QueueStatus(
            queue.queue,
            len(queue.waiting),
            round(queue.longest_wait_s, 1),
            queue.signed_in,
            queue.free,
            None if expected is None else round(expected, 1),
        )

    def _agent(self, agent: AgentSnapshot, most: Privacy, now: float) -> AgentStatus:
        contact = agent.contact
        seen = contact is not None and most is not Privacy.PUBLIC
        return AgentStatus(
            name=agent.agent,
            display=agent.display,
            state=agent.state.value,
            since_s=round(now - agent.since, 1),
            signed_in=bool(agent.facts.devices),
            phones=len(agent.facts.devices),
            contact=contact,
            customer=self._customers.caller(contact) if contact is not None and seen else "",
            held=agent.held,
            break_reason=agent.break_reason,
            pause_s=None if agent.paused_until is None else round(max(0.0, agent.paused_until - now), 1),
        )


def _qualified(settings: AcdSettings, queue: QueueSettings) -> frozenset[str]:
    """Agents with everything that the queue itself requires; a flow may require more of them."""
    return frozenset(
        agent.name
        for agent in settings.agents
        if Requirement.of(queue.skills).met_by(agent.skills)
        and (not agent.queues or queue.name in agent.queues)
    )
