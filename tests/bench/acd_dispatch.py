"""What a decision costs, beside a linear scan over the agents.

Run `python tests/bench/acd_dispatch.py`. Every row is a day in small: callers come, calls end, freed agents
take the next caller, from half the agents idle or from a backlog. The baseline decides by the same rules,
plainly: it looks at every agent for a new contact, and at every waiting contact for a freed agent. Times are
processor time per event, since other programs may be running.
"""

import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from acd.dispatch import Dispatch
from acd.effects import Effect, RingAgent
from acd.events import AgentCallEnded, AgentRegistered, ContactEnqueued, Event, OfferAnswered
from acd.settings import AcdSettings, AgentSettings, QueueSettings
from acd.skills import Requirement
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId

SKILLS = [f"skill-{number}" for number in range(100)]
SKILLS_PER_AGENT = 20
QUEUES = 500
SIZES = [(100, 0), (1_000, 0), (10_000, 0), (100, 1_000), (1_000, 10_000), (10_000, 100_000)]
EVENTS = 20_000
BASELINE_EVENTS = 1_000


@dataclass
class LinearScan:
    """The baseline: same choice for these events, no index."""

    skills: dict[AgentId, dict[str, int]]
    queues: dict[QueueId, Requirement]
    idle: dict[AgentId, float] = field(default_factory=dict)
    waiting: list[tuple[int, float, ContactId, Requirement]] = field(default_factory=list)
    busy: dict[OfferId, AgentId] = field(default_factory=dict)
    offers: int = 0

    def handle(self, event: Event, now: float) -> tuple[Effect, ...]:
        match event:
            case AgentRegistered(agent):
                return self.freed(agent, now)
            case ContactEnqueued(contact, queue, _, priority):
                return self.arrived((-priority, now, contact, self.queues[queue]))
            case AgentCallEnded(offer):
                return self.freed(self.busy.pop(offer), now)
            case _:
                return ()

    def arrived(self, contact: tuple[int, float, ContactId, Requirement]) -> tuple[Effect, ...]:
        qualified = [agent for agent in self.idle if contact[3].met_by(self.skills[agent])]
        if not qualified:
            self.waiting.append(contact)
            return ()
        return self.ring(min(qualified, key=self.idle.__getitem__), contact)

    def freed(self, agent: AgentId, now: float) -> tuple[Effect, ...]:
        fitting = [contact for contact in self.waiting if contact[3].met_by(self.skills[agent])]
        if not fitting:
            self.idle[agent] = now
            return ()
        first = min(fitting, key=lambda contact: contact[:2])
        self.waiting.remove(first)
        return self.ring(agent, first)

    def ring(self, agent: AgentId, contact: tuple[int, float, ContactId, Requirement]) -> tuple[Effect, ...]:
        self.idle.pop(agent, None)
        self.offers += 1
        offer = OfferId(f"{contact[2]}/{self.offers}")
        self.busy[offer] = agent
        return (RingAgent(offer, agent, contact[2], 15.0, None),)  # type: ignore[arg-type]


def configured(agents: int, rng: random.Random) -> AcdSettings:
    return AcdSettings(
        agents=tuple(
            AgentSettings(
                name=f"agent-{number}",
                skills={skill: rng.randint(1, 10) for skill in rng.sample(SKILLS, SKILLS_PER_AGENT)},
            )
            for number in range(agents)
        ),
        queues=tuple(
            QueueSettings(
                name=f"queue-{number}",
                skills={SKILLS[number % len(SKILLS)]: 1 + number % 9},
                wrap_up_s=0,
                ring_timeout_s=300,
            )
            for number in range(QUEUES)
        ),
    )


class Day:
    """Feeds a core and answers every offer at once."""

    def __init__(self, core: Dispatch | LinearScan, seed: int) -> None:
        self.core = core
        self.rng = random.Random(seed)
        self.now = 0.0
        self.contacts = 0
        self.in_call: list[OfferId] = []

    def feed(self, event: Event) -> float:
        self.now += 0.001
        before = time.thread_time()
        effects = self.core.handle(event, self.now)
        took = time.thread_time() - before
        for effect in effects:
            if isinstance(effect, RingAgent):
                self.core.handle(OfferAnswered(effect.offer), self.now)
                self.in_call.append(effect.offer)
        return took

    def arrival(self) -> Event:
        self.contacts += 1
        queue = QueueId(f"queue-{self.rng.randrange(QUEUES)}")
        return ContactEnqueued(ContactId(f"c{self.contacts}"), queue, priority=self.rng.randrange(3))

    def ending(self) -> Event:
        which = self.rng.randrange(len(self.in_call))
        self.in_call[which], self.in_call[-1] = self.in_call[-1], self.in_call[which]
        return AgentCallEnded(self.in_call.pop())

    def run(self, agents: int, backlog: int, events: int) -> list[float]:
        """Seconds per event, after everybody has signed in and the backlog has built up."""
        for number in range(agents):
            self.feed(AgentRegistered(AgentId(f"agent-{number}"), DeviceId("phone")))
        for _ in range(agents + backlog if backlog else agents // 2):
            self.feed(self.arrival())
        return [
            self.feed(self.arrival() if number % 2 or not self.in_call else self.ending())
            for number in range(events)
        ]


def report(name: str, agents: int, backlog: int, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1e6 for share in (0.5, 0.99))
    mean = sum(ordered) / len(ordered) * 1e6
    print(
        f"{name:12} {agents:7,} {backlog:8,} {mean:9.1f} {p50:9.1f} {p99:9.1f} {ordered[-1] * 1e6:10.1f}",
        flush=True,
    )


def main() -> None:
    print(f"{'':12} {'agents':>7} {'waiting':>8} {'mean us':>9} {'p50 us':>9} {'p99 us':>9} {'max us':>10}")
    for agents, backlog in SIZES:
        settings = configured(agents, random.Random(1))
        report("dispatch", agents, backlog, Day(Dispatch(settings), seed=2).run(agents, backlog, EVENTS))
        if backlog > 10_000:
            continue
        scan = LinearScan(
            {AgentId(agent.name): agent.skills for agent in settings.agents},
            {QueueId(queue.name): Requirement.of(queue.skills) for queue in settings.queues},
        )
        report("linear scan", agents, backlog, Day(scan, seed=2).run(agents, backlog, BASELINE_EVENTS))


if __name__ == "__main__":
    main()
