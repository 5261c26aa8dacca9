"""What dispatch keeps of each agent."""

from dataclasses import dataclass

from acd.agent_state import AgentFacts, AgentState
from acd.settings import AgentSettings
from contacts.ids import AgentId

LONGEST_PAUSE_S = 600.0


@dataclass(slots=True, eq=False)
class Agent:
    """An agent's facts, the state that follows from them, and their turn.

    Whoever does not take an offer pauses: they stay available for everyone to see, but get no offer for a
    while, which doubles with every further offer not taken.
    """

    settings: AgentSettings
    number: int
    """Their place in the settings, and their bit in every set of agents."""
    since: float
    idle_since: float
    turn: int
    """Grows over all agents: whoever became available first has the smallest."""
    facts: AgentFacts = AgentFacts()  # noqa: RUF009 - frozen, so one instance serves all
    state: AgentState = AgentState.OFFLINE
    paused_until: float | None = None
    misses: int = 0
    """Offers not taken since the last that was, or since a phone came anew."""
    leaving: bool = False
    """The settings no longer name them: they end their call, and are forgotten."""
    groups: int = 0
    """The requirements they meet, as `acd.matching` last looked at `groups_version`."""
    groups_version: int = -1

    @property
    def id(self) -> AgentId:
        return AgentId(self.settings.name)

    @property
    def free(self) -> bool:
        """May be offered a contact now."""
        return self.state is AgentState.AVAILABLE and self.paused_until is None and not self.leaving

    @property
    def signed_in(self) -> bool:
        return self.state is not AgentState.OFFLINE and not self.leaving

    @property
    def busy(self) -> bool:
        facts = self.facts
        return facts.ringing is not None or facts.talking is not None or bool(facts.other_calls)


def pause_s(first_s: float, misses: int) -> float:
    """How long an agent gets no offer after the given number of offers not taken in a row."""
    return min(first_s * 2.0 ** min(misses - 1, 16), max(first_s, LONGEST_PAUSE_S))
