"""Who could take whom: contacts and agents indexed by the skills demanded.

All contacts that demand the same form one `Demand`: their line, and the free agents who qualify, by
idleness. After every decision a demand has waiting contacts or free agents, never both. So a new contact
looks only at its own demand's idlest agent, and a freed agent only at the first contact of each demand that
he qualifies for.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import heappop, heappush, heapreplace

from acd.agents import Agent, IdleTurn
from acd.line import Line, Rank
from acd.skills import Requirement
from contacts.ids import AgentId


class Demand:
    """The callers who demand the same skills, and every agent who has them."""

    def __init__(
        self, requirement: Requirement, qualified: Iterable[Agent], backlogged: "set[Demand]"
    ) -> None:
        self.requirement = requirement
        self.qualified = {agent.id: agent for agent in qualified}
        self._waiting = Line()
        self._backlogged = backlogged
        self._idle: list[IdleTurn] = []
        self._indexed: set[AgentId] = set()
        for agent in self.qualified.values():
            if agent.free:
                self.add_idle(agent.turn)

    def add_waiting(self, rank: Rank) -> None:
        self._waiting.add(rank)
        self._backlogged.add(self)

    def remove_waiting(self, rank: Rank) -> None:
        self._waiting.remove(rank)
        if not self._waiting:
            self._backlogged.discard(self)

    def first_waiting(self) -> Rank:
        return self._waiting.first()

    def add_idle(self, turn: IdleTurn) -> None:
        """An entry with an earlier turn will do: turns only grow, so it comes up in time to be corrected."""
        if turn.agent not in self._indexed:
            self._indexed.add(turn.agent)
            heappush(self._idle, turn)

    def longest_idle(self) -> Agent | None:
        while self._idle:
            turn = self._idle[0]
            agent = self.qualified[turn.agent]
            if not agent.free:
                heappop(self._idle)
                self._indexed.discard(agent.id)
            elif agent.turn != turn:
                heapreplace(self._idle, agent.turn)
            else:
                return agent
        return None


class Matching:
    """Every demand that was ever made, so that an agent is weighed against each only once."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents = tuple(agents)
        self._by_skill: dict[str, list[Agent]] = defaultdict(list)
        for agent in self._agents:
            for skill in agent.settings.skills:
                self._by_skill[skill].append(agent)
        self._demands: dict[Requirement, Demand] = {}
        self._of_agent: dict[AgentId, set[Demand]] = {agent.id: set() for agent in self._agents}
        self._backlogged: set[Demand] = set()

    def demand(self, requirement: Requirement) -> Demand:
        if requirement not in self._demands:
            self._demands[requirement] = self._new_demand(requirement)
        return self._demands[requirement]

    def add_idle(self, agent: Agent) -> None:
        for demand in self._of_agent[agent.id]:
            demand.add_idle(agent.turn)

    def first_waiting(self, agent: Agent) -> Rank | None:
        """Across all queues: by priority, then age."""
        demands = self._of_agent[agent.id] & self._backlogged
        return min((demand.first_waiting() for demand in demands), default=None)

    def _new_demand(self, requirement: Requirement) -> Demand:
        candidates = min(
            (self._by_skill.get(skill, []) for skill, _ in requirement.levels), key=len, default=self._agents
        )
        qualified = [agent for agent in candidates if requirement.met_by(agent.settings.skills)]
        demand = Demand(requirement, qualified, self._backlogged)
        for agent in qualified:
            self._of_agent[agent.id].add(demand)
        return demand
