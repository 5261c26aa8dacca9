"""The agents: what is known of each, and the state that follows."""

from itertools import count

from acd.agent_state import AcdError, AgentFacts, AgentState, Cause, checked
from acd.agents import Agent, IdleTurn
from acd.deadlines import Deadlines, RestOver, WrapUpOver
from acd.effects import AgentStateChanged, Effect
from acd.settings import AgentSettings
from contacts.ids import AgentId


class NotConfiguredError(AcdError):
    """An agent or a queue that the settings do not name."""


class AgentRegistry:
    """Every configured agent; the one place where their facts, and with them their states, change."""

    def __init__(
        self, settings: tuple[AgentSettings, ...], deadlines: Deadlines, outbox: list[Effect], now: float
    ) -> None:
        self._turns = count()
        self._agents: dict[AgentId, Agent] = {}
        for agent in settings:
            agent_id = AgentId(agent.name)
            self._agents[agent_id] = Agent(agent, now, IdleTurn(now, next(self._turns), agent_id))
        self._deadlines = deadlines
        self._outbox = outbox

    def agent(self, agent: AgentId) -> Agent:
        if agent not in self._agents:
            raise NotConfiguredError(f"no agent is named {agent!r}")
        return self._agents[agent]

    def all(self) -> tuple[Agent, ...]:
        return tuple(self._agents.values())

    def note(
        self, agent: Agent, facts: AgentFacts, cause: Cause, now: float, *, keeps_turn: bool = False
    ) -> bool:
        """Takes the facts over and says whether the agent has just become free for an offer."""
        if facts == agent.facts:
            return False
        old, new = agent.state, checked(agent.state, cause, facts)
        if facts.wrap_up_until != agent.facts.wrap_up_until:
            self._schedule_wrap_up(agent, facts.wrap_up_until)
        agent.facts = facts
        if new is old:
            return False
        agent.state, agent.since = new, now
        if new is AgentState.AVAILABLE and not keeps_turn:
            agent.turn = IdleTurn(now, next(self._turns), agent.id)
        self._outbox.append(AgentStateChanged(agent.id, old, new, cause))
        return agent.free

    def rest(self, agent: Agent, until: float) -> None:
        agent.rest_until = until
        self._deadlines.set(RestOver(agent.id), until)

    def rested(self, agent: Agent) -> bool:
        """Says whether the agent is free for an offer now."""
        agent.rest_until = None
        return agent.free

    def _schedule_wrap_up(self, agent: Agent, until: float | None) -> None:
        if until is None:
            self._deadlines.cancel(WrapUpOver(agent.id))
        else:
            self._deadlines.set(WrapUpOver(agent.id), until)
