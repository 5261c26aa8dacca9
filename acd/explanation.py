"""Why a contact goes to an agent, or to none: every agent's verdict, worked out only when somebody asks.

Dispatch is deterministic, so the same question about a past decision is answered by feeding the ledger's
events to a new core up to that moment.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from acd.agent_state import AgentState
from acd.agents import Agent
from acd.places import QueuedContact
from contacts.ids import AgentId, ContactId


class AgentVerdict(Enum):
    """What an agent is to a contact."""

    RUNG = "is being rung for it"
    FREE = "free and qualified"
    OTHER_QUEUES = "does not serve the queue"
    NOT_THE_ONE = "is not the agent for whom they wait alone"
    SKILL_MISSING = "lacks a skill"
    LEVEL_TOO_LOW = "has every skill, but not at the level"
    OFFLINE = "offline"
    RINGING = "rung for another contact"
    TALKING = "in a call"
    WRAP_UP = "in wrap-up"
    ON_BREAK = "on a break"
    PAUSING = "did not take an offer just now"
    LOST = "their phone was lost in mid-talk and has not registered since"


_BUSY_VERDICTS = {
    AgentState.OFFLINE: AgentVerdict.OFFLINE,
    AgentState.RINGING: AgentVerdict.RINGING,
    AgentState.TALKING: AgentVerdict.TALKING,
    AgentState.WRAP_UP: AgentVerdict.WRAP_UP,
    AgentState.BREAK: AgentVerdict.ON_BREAK,
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every configured agent considered for one contact."""

    contact: ContactId
    verdicts: Mapping[AgentId, AgentVerdict]

    def counts(self) -> Counter[AgentVerdict]:
        return Counter(self.verdicts.values())


def explain(contact: QueuedContact, agents: Iterable[Agent]) -> Explanation:
    here = (agent for agent in agents if not agent.leaving)
    return Explanation(contact.id, {agent.id: _verdict(contact, agent) for agent in here})


def _verdict(contact: QueuedContact, agent: Agent) -> AgentVerdict:
    if any(offer.agent is agent for offer in contact.offers):
        return AgentVerdict.RUNG
    if not contact.group.qualified >> agent.number & 1:
        return _not_qualified(contact, agent)
    if agent.facts.lost and agent.state is AgentState.OFFLINE:
        return AgentVerdict.LOST
    if agent.state is not AgentState.AVAILABLE:
        return _BUSY_VERDICTS[agent.state]
    return AgentVerdict.FREE if agent.free else AgentVerdict.PAUSING


def _not_qualified(contact: QueuedContact, agent: Agent) -> AgentVerdict:
    key, skills = contact.group.key, agent.settings.skills
    if key.only is not None:
        return AgentVerdict.NOT_THE_ONE
    if agent.settings.queues and key.queue not in agent.settings.queues:
        return AgentVerdict.OTHER_QUEUES
    missing = any(name not in skills for name, _ in key.requirement.levels)
    return AgentVerdict.SKILL_MISSING if missing else AgentVerdict.LEVEL_TOO_LOW
