"""Who could take whom: contacts and agents indexed by the queue and the skills required.

All contacts of a queue that require the same form one `RequirementGroup`: their line, and the set of agents
who qualify, as a bit mask. After every decision a group has waiting contacts or free agents, never both. So a
new contact looks for the first free agent inside its group's mask, and a freed agent for the first group, in
the order of who waits first in each, inside the mask of groups that they qualify for.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from acd.agents import Agent
from acd.line import Rank, RankedLine
from acd.masked_order import MaskedOrder
from acd.skills import Requirement
from contacts.ids import AgentId, ContactId, QueueId

KEPT_UNUSED = 4096
"""Requirements without a contact that are kept, since most come again; the longest unused goes first."""
_LOG_KEPT = 4096
_CATCH_UP = 512


class GroupKey(NamedTuple):
    """What makes contacts interchangeable but for their rank."""

    queue: QueueId
    requirement: Requirement
    only: AgentId | None = None
    """They wait for this agent alone, whatever else is required."""


class RequirementGroup:
    """The callers of a queue who require the same, and every agent who meets it."""

    def __init__(self, key: GroupKey, number: int, qualified: int) -> None:
        self.key = key
        self.number = number
        self.qualified = qualified
        self.line = RankedLine()
        self.contacts = 0
        """Contacts that belong to it, whether they wait or are being offered."""


class Matching:
    """The index of one set of agents; other settings make another one."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents = {agent.id: agent for agent in agents if not agent.leaving}
        self._of_any_queue = 0
        self._ranked: dict[QueueId, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._skilled: dict[str, list[Agent]] = defaultdict(list)
        for agent in self._agents.values():
            self._sort_in(agent)
        self._with_level: dict[tuple[str, int], int] = {}
        self._groups: dict[GroupKey, RequirementGroup] = {}
        self._numbered: list[RequirementGroup | None] = []
        self._spare_numbers: list[int] = []
        self._unused: OrderedDict[GroupKey, None] = OrderedDict()
        self._requiring: dict[tuple[str, int], int] = defaultdict(int)
        self._of_queue: dict[QueueId, int] = defaultdict(int)
        self._for_one: dict[AgentId, int] = defaultdict(int)
        self._for_anyone = 0
        self._backlog: MaskedOrder[Rank] = MaskedOrder()
        # Which numbers got another group, oldest first: an agent's mask is brought up to date by these alone.
        self._log: list[int] = []
        self._log_begins = 0

    def __len__(self) -> int:
        return len(self._groups)

    def group(self, key: GroupKey) -> RequirementGroup:
        """Made when it is first asked for."""
        found = self._groups.get(key)
        if found is None:
            found = self._new_group(key)
            self._unused[key] = None
            if len(self._unused) > KEPT_UNUSED:
                self._drop(next(iter(self._unused)))
        return found

    def join(self, group: RequirementGroup) -> None:
        """A contact belongs to the group from here on."""
        group.contacts += 1
        self._unused.pop(group.key, None)

    def leave(self, group: RequirementGroup) -> None:
        group.contacts -= 1
        if not group.contacts:
            self._unused[group.key] = None

    def add_waiting(self, group: RequirementGroup, rank: Rank) -> None:
        group.line.add(rank)
        self._head_changed(group)

    def remove_waiting(self, group: RequirementGroup, rank: Rank) -> None:
        if group.line.remove(rank):
            self._head_changed(group)

    def first_waiting(self, agent: Agent) -> ContactId | None:
        """Of all contacts that the agent may take, the first in rank."""
        if not len(self._backlog):
            return None
        groups = self._groups_of(agent)
        for rank in self._tiers(agent, groups):
            number = self._backlog.first(rank)
            if number is not None:
                return self._backlog.key(number).contact
        return None

    def ranks(self, queue: QueueId) -> list[int]:
        """Who serves the queue, as one set of agents for each rank, the best first."""
        ranked = self._ranked.get(queue)
        if ranked is None:
            return []
        first = self._of_any_queue | ranked.get(1, 0)
        return [first, *(ranked[rank] for rank in sorted(ranked) if rank > 1)]

    def agents_with(self, skill: str, level: int) -> int:
        if (skill, level) not in self._with_level:
            able = [a.number for a in self._skilled.get(skill, ()) if a.settings.skills[skill] >= level]
            self._with_level[skill, level] = _mask(able)
        return self._with_level[skill, level]

    def unattended(self, agent: Agent, signed_in: int) -> list[RequirementGroup]:
        """Groups where contacts wait, for the agent among others, and nobody is signed in."""
        groups = map(self._numbered.__getitem__, self._backlog.inside(self._groups_of(agent)))
        return [group for group in groups if group is not None and not group.qualified & signed_in]

    def _groups_of(self, agent: Agent) -> int:
        version = self._log_begins + len(self._log)
        if agent.groups_version == version:
            return agent.groups
        if max(self._log_begins, version - _CATCH_UP) <= agent.groups_version:
            for number in self._log[agent.groups_version - self._log_begins :]:
                group = self._numbered[number]
                if group is not None and group.qualified >> agent.number & 1:
                    agent.groups |= 1 << number
                else:
                    agent.groups &= ~(1 << number)
        else:
            agent.groups = self._groups_met_by(agent)
        agent.groups_version = version
        return agent.groups

    def _groups_met_by(self, agent: Agent) -> int:
        skills = agent.settings.skills
        unmet = 0
        for (skill, level), requiring in self._requiring.items():
            if skills.get(skill, 0) < level:
                unmet |= requiring
        met = self._for_anyone & ~unmet
        if agent.settings.queues:
            served = 0
            for queue in agent.settings.queues:
                served |= self._of_queue.get(QueueId(queue), 0)
            met &= served
        return met | self._for_one.get(agent.id, 0)

    def _tiers(self, agent: Agent, groups: int) -> list[int]:
        """The groups in the order of the agent's ranks; who waits for this agent alone is of the first."""
        ranks = agent.settings.queues
        if len(set(ranks.values())) <= 1:
            return [groups]
        by_rank: dict[int, int] = defaultdict(int)
        for queue, rank in ranks.items():
            by_rank[rank] |= self._of_queue.get(QueueId(queue), 0)
        by_rank[min(by_rank)] |= self._for_one.get(agent.id, 0)
        return [by_rank[rank] & groups for rank in sorted(by_rank)]

    def _sort_in(self, agent: Agent) -> None:
        bit = 1 << agent.number
        for skill in agent.settings.skills:
            self._skilled[skill].append(agent)
        if not agent.settings.queues:
            self._of_any_queue |= bit
        for queue, rank in agent.settings.queues.items():
            self._ranked[QueueId(queue)][rank] |= bit

    def _qualified(self, key: GroupKey) -> int:
        if key.only is not None:
            agent = self._agents.get(key.only)
            return 1 << agent.number if agent else 0
        qualified = self._of_any_queue
        for ranked in self._ranked.get(key.queue, {}).values():
            qualified |= ranked
        for skill, level in key.requirement.levels:
            qualified &= self.agents_with(skill, level)
        return qualified

    def _head_changed(self, group: RequirementGroup) -> None:
        first = group.line.first()
        if first is None:
            self._backlog.discard(group.number)
        else:
            self._backlog.set(group.number, first)

    def _new_group(self, key: GroupKey) -> RequirementGroup:
        number = self._spare_numbers.pop() if self._spare_numbers else len(self._numbered)
        group = RequirementGroup(key, number, self._qualified(key))
        self._groups[key] = group
        if number == len(self._numbered):
            self._numbered.append(group)
        else:
            self._numbered[number] = group
        self._mark(group)
        return group

    def _drop(self, key: GroupKey) -> None:
        del self._unused[key]
        group = self._groups.pop(key)
        self._numbered[group.number] = None
        self._spare_numbers.append(group.number)
        self._mark(group)

    def _mark(self, group: RequirementGroup) -> None:
        """Sets the group's bits where they belong, or clears them again."""
        bit, key = 1 << group.number, group.key
        if key.only is not None:
            self._for_one[key.only] ^= bit
        else:
            self._for_anyone ^= bit
            for atom in key.requirement.levels:
                self._requiring[atom] ^= bit
                if not self._requiring[atom]:
                    del self._requiring[atom]
        self._of_queue[key.queue] ^= bit
        self._note(group.number)

    def _note(self, number: int) -> None:
        self._log.append(number)
        if len(self._log) > 2 * _LOG_KEPT:
            del self._log[:_LOG_KEPT]
            self._log_begins += _LOG_KEPT


def _mask(numbers: list[int]) -> int:
    """As fast for thousands of bits as for a few."""
    bits = bytearray(max(numbers, default=0) // 8 + 1)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(bits, "little")
