"""Looks at the running parts and says how they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from acd.dispatcher import Dispatcher
from recordings.health import RecorderHealth
from server.http.status import AgentStatus, QueueStatus, Status
from server.intake.call_intake import Switchboard
from server.journal.journal import Journal


@dataclass(frozen=True, slots=True)
class Watch:
    """`began` is monotonic."""

    version: str
    began: float
    sip: tuple[str, ...]
    switchboard: Switchboard
    dispatcher: Dispatcher
    journal: Journal
    recorder: Callable[[], RecorderHealth]

    def status(self) -> Status:
        now = time.monotonic()
        dispatch = self.dispatcher.snapshot()
        problems = tuple(self._problems())
        return Status(
            healthy=not problems,
            problems=problems,
            version=self.version,
            uptime_s=round(now - self.began, 1),
            sip=self.sip,
            calls=len(self.switchboard.guests),
            agents=tuple(
                AgentStatus(agent.agent, agent.state.value, round(now - agent.since, 1))
                for agent in dispatch.agents
            ),
            queues=tuple(
                QueueStatus(queue.queue, len(queue.waiting), round(queue.longest_wait_s, 1))
                for queue in dispatch.queues
            ),
        )

    def _problems(self) -> list[str]:
        problems = []
        if self.switchboard.draining:
            problems.append("draining: takes no new calls")
        if self.journal.failure is not None:
            problems.append(f"journal: {self.journal.failure}")
        problems += self.recorder().problems
        return problems
