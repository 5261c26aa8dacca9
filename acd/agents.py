"""What dispatch keeps of each agent."""

from dataclasses import dataclass
from typing import NamedTuple

from acd.agent_state import AgentFacts, AgentState
from acd.settings import AgentSettings
from contacts.ids import AgentId


class IdleTurn(NamedTuple):
    """An agent's turn among the idle: the smallest has been idle longest."""

    since: float
    turn: int
    agent: AgentId


@dataclass(slots=True, eq=False)
class Agent:
    """An agent's facts, the state that follows from them, and their turn.

    Whoever does not take an offer rests: they stay available for everyone to see, but get no offer for a
    while.
    """

    settings: AgentSettings
    since: float
    turn: IdleTurn
    facts: AgentFacts = AgentFacts()  # noqa: RUF009 - frozen, so one instance serves all
    state: AgentState = AgentState.OFFLINE
    rest_until: float | None = None

    @property
    def id(self) -> AgentId:
        return self.turn.agent

    @property
    def free(self) -> bool:
        """May be offered a contact now."""
        return self.state is AgentState.AVAILABLE and self.rest_until is None
