"""Who could take whom: contacts and agents indexed by the skills required.

All contacts that require the same form one `RequirementGroup`: their line, and the free agents who qualify,
by idleness. After every decision a group has waiting contacts or free agents, never both. So a new contact
looks only at its own group's idlest agent, and a freed agent only at the first contact of each group that
they qualify for.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import heappop, heappush, heapreplace

from acd.agents import Agent, IdleTurn
from acd.line import Rank, RankedLine
from acd.skills import Requirement
from contacts.ids import AgentId


class RequirementGroup:
    """The callers who require the same skills, and every agent who has them."""

    def __init__(
        self, requirement: Requirement, qualified: Iterable[Agent], backlogged: "set[RequirementGroup]"
    ) -> None:
        self.requirement = requirement
        self.qualified = {agent.id: agent for agent in qualified}
        self._waiting = RankedLine()
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
    """Every requirement that was ever made, so that an agent is weighed against each only once."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents = tuple(agents)
        self._by_skill: dict[str, list[Agent]] = defaultdict(list)
        for agent in self._agents:
            for skill in agent.settings.skills:
                self._by_skill[skill].append(agent)
        self._groups: dict[Requirement, RequirementGroup] = {}
        self._of_agent: dict[AgentId, set[RequirementGroup]] = {agent.id: set() for agent in self._agents}
        self._backlogged: set[RequirementGroup] = set()

    def group(self, requirement: Requirement) -> RequirementGroup:
        if requirement not in self._groups:
            self._groups[requirement] = self._new_group(requirement)
        return self._groups[requirement]

    def add_idle(self, agent: Agent) -> None:
        for group in self._of_agent[agent.id]:
            group.add_idle(agent.turn)

    def first_waiting(self, agent: Agent) -> Rank | None:
        """Across all queues: by priority, then age."""
        groups = self._of_agent[agent.id] & self._backlogged
        return min((group.first_waiting() for group in groups), default=None)

    def _new_group(self, requirement: Requirement) -> RequirementGroup:
        candidates = min(
            (self._by_skill.get(skill, []) for skill, _ in requirement.levels), key=len, default=self._agents
        )
        qualified = [agent for agent in candidates if requirement.met_by(agent.settings.skills)]
        group = RequirementGroup(requirement, qualified, self._backlogged)
        for agent in qualified:
            self._of_agent[agent.id].add(group)
        return group
