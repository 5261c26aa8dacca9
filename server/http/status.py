"""What is going on right now, as /healthz tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """An agent's state and the seconds since it began."""

    name: str
    state: str
    since_s: float


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """Callers waiting and how long the first of them has."""

    name: str
    waiting: int
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class Status:
    """`problems` is empty while everything is well; draining counts as not taking calls."""

    healthy: bool
    problems: tuple[str, ...]
    version: str
    uptime_s: float
    sip: tuple[str, ...]
    calls: int
    agents: tuple[AgentStatus, ...]
    queues: tuple[QueueStatus, ...]
