"""What a decision of dispatch costs, beside a linear scan over the agents in the same run.

Every row is a day in small: callers come, calls end, freed agents take the next caller, from half the agents
idle or from a backlog. The baseline decides by the same rules, plainly, as open peers do: it looks at every
agent for a new contact, and at every waiting contact for a freed agent. Times are processor time of one
event, since other programs may be running.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from acd.dispatch import Dispatch
from acd.effects import Decision, Effect, RingAgent, Rule
from acd.events import AgentCallEnded, AgentRegistered, ContactEnqueued, Event, OfferAnswered
from acd.settings import AcdSettings, AgentSettings, NoAgents, QueueSettings
from acd.skills import Requirement
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId

SKILLS = tuple(f"skill-{number}" for number in range(100))
SKILLS_PER_AGENT = 20


@dataclass(frozen=True, slots=True)
class DispatchLoad:
    """How large the day is."""

    agents: int
    waiting: int
    """0: half the agents are idle instead."""
    queues: int
    requirements: int


LOADS = (
    DispatchLoad(100, 0, 5, 50),
    DispatchLoad(1_000, 0, 50, 500),
    DispatchLoad(10_000, 0, 500, 5_000),
    DispatchLoad(100, 1_000, 5, 50),
    DispatchLoad(1_000, 10_000, 50, 500),
    DispatchLoad(10_000, 100_000, 500, 5_000),
)


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """Microseconds of processor time for each event."""

    core: str
    load: DispatchLoad
    events: int
    mean_us: float
    p50_us: float
    p99_us: float
    longest_us: float


@dataclass(slots=True)
class LinearScan:
    """The baseline: the same choice for these events, no index."""

    skills: dict[AgentId, dict[str, int]]
    idle: dict[AgentId, float] = field(default_factory=dict)
    waiting: list[tuple[int, float, ContactId, Requirement]] = field(default_factory=list)
    busy: dict[OfferId, AgentId] = field(default_factory=dict)
    offers: int = 0

    def handle(self, event: Event, now: float) -> tuple[Effect, ...]:
        match event:
            case AgentRegistered(agent):
                return self._freed(agent, now)
            case ContactEnqueued(contact, _, requirement, priority):
                return self._arrived((-priority, now, contact, requirement), now)
            case AgentCallEnded(offer):
                return self._freed(self.busy.pop(offer), now)
            case _:
                return ()

    def _arrived(self, contact: tuple[int, float, ContactId, Requirement], now: float) -> tuple[Effect, ...]:
        qualified = [agent for agent in self.idle if contact[3].met_by(self.skills[agent])]
        if not qualified:
            self.waiting.append(contact)
            return ()
        return self._ring(min(qualified, key=self.idle.__getitem__), contact, now)

    def _freed(self, agent: AgentId, now: float) -> tuple[Effect, ...]:
        fitting = [contact for contact in self.waiting if contact[3].met_by(self.skills[agent])]
        if not fitting:
            self.idle[agent] = now
            return ()
        first = min(fitting, key=lambda contact: contact[:2])
        self.waiting.remove(first)
        return self._ring(agent, first, now)

    def _ring(
        self, agent: AgentId, contact: tuple[int, float, ContactId, Requirement], now: float
    ) -> tuple[Effect, ...]:
        since = self.idle.pop(agent, now)
        self.offers += 1
        offer = OfferId(f"{contact[2]}/{self.offers}")
        self.busy[offer] = agent
        decision = Decision(Rule.LONGEST_IDLE, now - contact[1], now - since)
        return (RingAgent(offer, agent, contact[2], 15.0, decision),)


class _Day:
    """Feeds a core and answers every offer at once."""

    def __init__(
        self, core: Dispatch | LinearScan, load: DispatchLoad, requirements: list[Requirement]
    ) -> None:
        self._core = core
        self._load = load
        self._requirements = requirements
        self._rng = random.Random(2)
        self._now = 0.0
        self._contacts = 0
        self._in_call: list[OfferId] = []

    def run(self, events: int) -> list[float]:
        """Seconds of each event, after everybody has signed in and the backlog has built up."""
        for number in range(self._load.agents):
            self._feed(AgentRegistered(AgentId(f"agent-{number}"), DeviceId("phone")))
        for _ in range(
            self._load.agents + self._load.waiting if self._load.waiting else self._load.agents // 2
        ):
            self._feed(self._arrival())
        return [
            self._feed(self._arrival() if number % 2 or not self._in_call else self._ending())
            for number in range(events)
        ]

    def _feed(self, event: Event) -> float:
        self._now += 0.001
        before = time.thread_time()
        effects = self._core.handle(event, self._now)
        took = time.thread_time() - before
        for effect in effects:
            if isinstance(effect, RingAgent):
                self._core.handle(OfferAnswered(effect.offer), self._now)
                self._in_call.append(effect.offer)
        return took

    def _arrival(self) -> Event:
        self._contacts += 1
        which = self._rng.randrange(len(self._requirements))
        queue = QueueId(f"queue-{which % self._load.queues}")
        contact = ContactId(f"c{self._contacts}")
        return ContactEnqueued(contact, queue, self._requirements[which], self._rng.randrange(3))

    def _ending(self) -> Event:
        which = self._rng.randrange(len(self._in_call))
        self._in_call[which], self._in_call[-1] = self._in_call[-1], self._in_call[which]
        return AgentCallEnded(self._in_call.pop())


def decision_costs(load: DispatchLoad, events: int, baseline_events: int) -> Iterator[DecisionCost]:
    """Of dispatch, then of the linear scan; the latter is left out where filling it alone takes minutes."""
    rng = random.Random(1)
    settings = _settings(load, rng)
    requirements = [_requirement(rng) for _ in range(load.requirements)]
    yield _cost("dispatch", load, _Day(Dispatch(settings), load, requirements).run(events))
    if baseline_events and load.waiting <= 10_000:
        scan = LinearScan({AgentId(agent.name): agent.skills for agent in settings.agents})
        yield _cost("linear scan", load, _Day(scan, load, requirements).run(baseline_events))


def _cost(core: str, load: DispatchLoad, seconds: list[float]) -> DecisionCost:
    ordered = sorted(1e6 * each for each in seconds)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return DecisionCost(core, load, len(ordered), sum(ordered) / len(ordered), p50, p99, ordered[-1])


def _requirement(rng: random.Random) -> Requirement:
    skills = rng.sample(SKILLS, rng.choice((1, 1, 2)))
    return Requirement.of({skill: rng.randint(1, 6) for skill in skills})


def _settings(load: DispatchLoad, rng: random.Random) -> AcdSettings:
    return AcdSettings(
        agents=tuple(
            AgentSettings(
                name=f"agent-{number}",
                skills={skill: rng.randint(1, 10) for skill in rng.sample(SKILLS, SKILLS_PER_AGENT)},
            )
            for number in range(load.agents)
        ),
        queues=tuple(
            QueueSettings(
                name=f"queue-{number}",
                wrap_up_s=0,
                ring_timeout_s=300,
                announce_every_s=0,
                no_agents=NoAgents.WAIT,
            )
            for number in range(load.queues)
        ),
    )
