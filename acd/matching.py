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
from contacts.ids import ContactId, QueueId

KEPT_UNUSED = 4096
"""Requirements without a contact that are kept, since most come again; the longest unused goes first."""
_LOG_KEPT = 4096
_CATCH_UP = 512


class GroupKey(NamedTuple):
    """What makes contacts interchangeable but for their rank."""

    queue: QueueId
    requirement: Requirement


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
        self._everybody = 0
        self._skilled: dict[str, list[Agent]] = defaultdict(list)
        for agent in agents:
            if agent.leaving:
                continue
            self._everybody |= 1 << agent.number
            for skill in agent.settings.skills:
                self._skilled[skill].append(agent)
        self._with_level: dict[tuple[str, int], int] = {}
        self._groups: dict[GroupKey, RequirementGroup] = {}
        self._numbered: list[RequirementGroup | None] = []
        self._spare_numbers: list[int] = []
        self._unused: OrderedDict[GroupKey, None] = OrderedDict()
        self._all_groups = 0
        self._requiring: dict[tuple[str, int], int] = defaultdict(int)
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
        number = self._backlog.first(self._groups_of(agent))
        return None if number is None else self._backlog.key(number).contact

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
        return self._all_groups & ~unmet

    def _head_changed(self, group: RequirementGroup) -> None:
        first = group.line.first()
        if first is None:
            self._backlog.discard(group.number)
        else:
            self._backlog.set(group.number, first)

    def _new_group(self, key: GroupKey) -> RequirementGroup:
        number = self._spare_numbers.pop() if self._spare_numbers else len(self._numbered)
        qualified = self._everybody
        for skill, level in key.requirement.levels:
            qualified &= self._agents_with(skill, level)
            self._requiring[skill, level] |= 1 << number
        group = RequirementGroup(key, number, qualified)
        self._groups[key] = group
        if number == len(self._numbered):
            self._numbered.append(group)
        else:
            self._numbered[number] = group
        self._all_groups |= 1 << number
        self._note(number)
        return group

    def _drop(self, key: GroupKey) -> None:
        del self._unused[key]
        number = self._groups.pop(key).number
        self._numbered[number] = None
        self._spare_numbers.append(number)
        self._all_groups ^= 1 << number
        for atom in key.requirement.levels:
            self._requiring[atom] ^= 1 << number
            if not self._requiring[atom]:
                del self._requiring[atom]
        self._note(number)

    def _note(self, number: int) -> None:
        self._log.append(number)
        if len(self._log) > 2 * _LOG_KEPT:
            del self._log[:_LOG_KEPT]
            self._log_begins += _LOG_KEPT

    def _agents_with(self, skill: str, level: int) -> int:
        if (skill, level) not in self._with_level:
            able = [a.number for a in self._skilled.get(skill, ()) if a.settings.skills[skill] >= level]
            bits = bytearray(max(able, default=0) // 8 + 1)
            for number in able:
                bits[number >> 3] |= 1 << (number & 7)
            self._with_level[skill, level] = int.from_bytes(bits, "little")
        return self._with_level[skill, level]
