"""What is going on right now, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part of the server; `problem` is empty while it is well, `figures` are its own numbers."""

    name: str
    problem: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Health:
    """Without names and numbers: open to whoever watches over the machine.

    `healthy` means that calls are taken and kept as promised; `problems` says what is not so.
    """

    healthy: bool
    problems: tuple[str, ...]
    version: str
    uptime_s: float
    sip: tuple[str, ...]
    calls: int
    draining: bool
    parts: tuple[PartHealth, ...]


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """An agent as a supervisor sees them. `customer` is empty for readers who see no numbers."""

    name: str
    display: str
    state: str
    since_s: float
    signed_in: bool
    phones: int
    contact: str | None
    customer: str
    held: bool
    break_reason: str | None
    pause_s: float | None
    """Seconds until they are offered calls again after not answering; None: at once."""


@dataclass(frozen=True, slots=True)
class QueuedStatus:
    """A customer who waits; `rings` is the agent who is being rung for them."""

    contact: str
    customer: str
    position: int
    waited_s: float
    rings: str | None


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """A queue in one line. Who pauses after an offer not taken is not available."""

    name: str
    waiting: int
    longest_wait_s: float
    agents_signed_in: int
    agents_available: int
    expected_wait_s: float | None = None
    """Of a customer who would come now; None: too few calls were handled to know."""


@dataclass(frozen=True, slots=True)
class QueueDetail:
    """A queue with everybody in it, first in line first."""

    queue: QueueStatus
    customers: tuple[QueuedStatus, ...]
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """Everything in one answer, for a screen."""

    health: Health
    agents: tuple[AgentStatus, ...]
    queues: tuple[QueueStatus, ...]


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """`behind` counts events of the journal; `problem` is empty while the receiver takes what it is sent."""

    name: str
    url: str
    sequence: int
    behind: int
    sent: int
    let_go: int
    problem: str
