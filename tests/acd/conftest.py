"""A scene: dispatch with a clock that tests turn, and words for what happens in it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pytest

from acd.dispatch import Dispatch
from acd.effects import Effect, QueueStayEnded, RingAgent
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    AgentUnregistered,
    ContactEnqueued,
    ContactLeft,
    Event,
    LeaveReason,
    OfferAnswered,
    OfferFailed,
    OfferFailure,
    TimePassed,
)
from acd.settings import AcdSettings, AgentSettings, QueueSettings
from acd.skills import Requirement
from acd.snapshot import AgentSnapshot, QueueSnapshot
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId
from contacts.outcomes import QueueExit

Kind = TypeVar("Kind")


class Scene:
    """Remembers the effects of the last event in `effects`, and those of all events in `history`."""

    def __init__(self, agents: Iterable[AgentSettings], queues: Mapping[str, Mapping[str, Any]]) -> None:
        self.dispatch = Dispatch(
            AcdSettings(
                agents=tuple(agents),
                queues=tuple(
                    QueueSettings(name=name, **{"no_agents": "wait", "short_abandon_s": 0, **options})
                    for name, options in queues.items()
                ),
            )
        )
        self.now = 0.0
        self.effects: tuple[Effect, ...] = ()
        self.history: list[tuple[float, Effect]] = []

    def tell(self, event: Event) -> tuple[Effect, ...]:
        self.effects = self.dispatch.handle(event, self.now)
        self.history += [(self.now, effect) for effect in self.effects]
        return self.effects

    def run_until(self, end: float) -> None:
        """Turns the clock, stopping at each deadline as the shell's timer would."""
        while (at := self.dispatch.next_deadline()) is not None and at <= end:
            self.now = at
            self.tell(TimePassed())
        self.now = end

    def sign_in(self, *agents: str, device: str = "phone") -> None:
        for agent in agents:
            self.tell(AgentRegistered(AgentId(agent), DeviceId(device)))

    def sign_out(self, agent: str, device: str = "phone") -> None:
        self.tell(AgentUnregistered(AgentId(agent), DeviceId(device)))

    def enqueue(
        self,
        contact: str,
        queue: str = "sales",
        skills: Mapping[str, int] | None = None,
        priority: int = 0,
        max_wait_s: float | None = None,
        announce_every_s: float | None = None,
        **more: Any,
    ) -> tuple[Effect, ...]:
        demand = Requirement.of(skills or {})
        return self.tell(
            ContactEnqueued(
                ContactId(contact), QueueId(queue), demand, priority, max_wait_s, announce_every_s, **more
            )
        )

    def hang_up(self, contact: str) -> tuple[Effect, ...]:
        return self.tell(ContactLeft(ContactId(contact), LeaveReason.HUNG_UP))

    def answer(self, offer: OfferId) -> tuple[Effect, ...]:
        return self.tell(OfferAnswered(offer))

    def fail(self, offer: OfferId, reason: OfferFailure = OfferFailure.NO_ANSWER) -> tuple[Effect, ...]:
        return self.tell(OfferFailed(offer, reason))

    def end_agent_call(self, offer: OfferId) -> tuple[Effect, ...]:
        return self.tell(AgentCallEnded(offer))

    def rings(self) -> list[str]:
        """Whom the last event's effects order to ring."""
        return [ring.agent for ring in self.of(RingAgent)]

    def rung(self) -> RingAgent:
        """The one order to ring among the last event's effects."""
        (ring,) = self.of(RingAgent)
        return ring

    def serve(self, contact: str, queue: str = "sales") -> RingAgent:
        """The contact comes, an agent is rung and answers."""
        self.enqueue(contact, queue)
        ring = self.rung()
        self.answer(ring.offer)
        return ring

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def ever(self, kind: type[Kind]) -> list[tuple[float, Kind]]:
        return [(at, effect) for at, effect in self.history if isinstance(effect, kind)]

    def overflowed(self) -> list[str]:
        """Who ever overflowed."""
        return [e.contact for _, e in self.ever(QueueStayEnded) if e.outcome is QueueExit.OVERFLOWED]

    def agent(self, name: str) -> AgentSnapshot:
        (status,) = (agent for agent in self.dispatch.snapshot(self.now).agents if agent.agent == name)
        return status

    def state(self, name: str) -> str:
        return self.agent(name).state.value

    def queue(self, name: str = "sales") -> QueueSnapshot:
        (status,) = (queue for queue in self.dispatch.snapshot(self.now).queues if queue.queue == name)
        return status

    def order(self, name: str = "sales") -> list[str]:
        return [waiting.contact for waiting in self.queue(name).waiting]


@pytest.fixture
def scene() -> Callable[..., Scene]:
    """Agents by name with their skills, or a list of names or settings; queues by name with options."""

    def make(agents: Any = (), **queues: Mapping[str, Any]) -> Scene:
        skilled = agents.items() if isinstance(agents, Mapping) else ((each, {}) for each in agents)
        settings = [
            who if isinstance(who, AgentSettings) else AgentSettings(name=who, skills=dict(skills))
            for who, skills in skilled
        ]
        return Scene(settings, queues or {"sales": {}})

    return make
