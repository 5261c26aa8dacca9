"""The agents: what is known of each, and the state that follows."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from acd.agent_state import AcdError, AgentFacts, AgentState, Cause, checked
from acd.agents import Agent, Record, pause_s
from acd.availability import Availability
from acd.deadlines import DispatchDeadlines, PauseOver, WrapUpOver
from acd.effects import AgentStateChanged, Effect
from acd.settings import AgentSettings
from acd.strategies import AgentOrder
from contacts.ids import AgentId, ContactId


class NotConfiguredError(AcdError):
    """An agent or a queue that the settings do not name."""


class AgentRegistry:
    """Every configured agent; the one place where their facts, and with them their states, change.

    Agents who become free for an offer are put into `freed`, those who sign out into `gone`.
    """

    def __init__(self, deadlines: DispatchDeadlines, outbox: list[Effect]) -> None:
        self.availability = Availability()
        self.freed: deque[Agent] = deque()
        self.gone: deque[Agent] = deque()
        self.turns = 0
        self._agents: dict[AgentId, Agent] = {}
        self._by_number: list[Agent] = []
        self._deadlines = deadlines
        self._outbox = outbox

    def configure(self, settings: Iterable[AgentSettings], orders: frozenset[AgentOrder], now: float) -> None:
        """Agents new, changed and gone; who is gone but in a call stays until it ends."""
        known, self._agents = self._agents, {}
        for agent_settings in settings:
            name = AgentId(agent_settings.name)
            agent = known.pop(name, None) or Agent(agent_settings, 0, now, now, self._next_turn(), Record())
            agent.settings, agent.leaving = agent_settings, False
            self._agents[name] = agent
        for name, agent in known.items():
            agent.leaving = True
            if agent.busy:
                self._agents[name] = agent
            else:
                self._deadlines.cancel(WrapUpOver(name))
                self._deadlines.cancel(PauseOver(name))
        self._renumber(orders)

    def adopt(self, agents: Iterable[Agent], orders: frozenset[AgentOrder]) -> None:
        """Takes over what an earlier registry knew."""
        self._agents = {agent.id: agent for agent in agents}
        self._renumber(orders)

    def agent(self, agent: AgentId) -> Agent:
        if agent not in self._agents:
            raise NotConfiguredError(f"no agent is named {agent!r}")
        return self._agents[agent]

    def find(self, agent: AgentId) -> Agent | None:
        return self._agents.get(agent)

    def numbered(self, number: int) -> Agent:
        return self._by_number[number]

    def all(self) -> tuple[Agent, ...]:
        return tuple(self._by_number)

    def note(
        self, agent: Agent, facts: AgentFacts, cause: Cause, now: float, *, keeps_turn: bool = False
    ) -> None:
        """Takes the facts over, and the state that follows."""
        if facts == agent.facts:
            return
        old, new = agent.state, checked(agent.state, cause, facts)
        if facts.wrap_up_until != agent.facts.wrap_up_until:
            self._schedule_wrap_up(agent, facts.wrap_up_until)
        agent.facts = facts
        if new is not old:
            agent.enter(new, now)
            if new is AgentState.AVAILABLE and not keeps_turn:
                agent.idle_since, agent.turn = now, self._next_turn()
            self._outbox.append(AgentStateChanged(agent.id, old, new, cause))
        self._changed(agent)
        if agent.leaving and not agent.busy:
            self._forget(agent)

    def reserve(self, agent: Agent, contact: ContactId | None) -> None:
        """For a customer who is being called; None: for nobody any more."""
        agent.reserved_for = contact
        if self._agents.get(agent.id) is agent:
            self._changed(agent)

    def missed(self, agent: Agent, first_s: float, now: float) -> None:
        """The agent did not take an offer: the next comes after a pause, longer each time."""
        agent.misses += 1
        agent.paused_until = now + pause_s(first_s, agent.misses)
        self._deadlines.set(PauseOver(agent.id), agent.paused_until)
        self._changed(agent)

    def present(self, agent: Agent) -> None:
        """The agent showed that they are there: whatever was missed is forgotten."""
        agent.misses = 0
        self._deadlines.cancel(PauseOver(agent.id))
        self.pause_over(agent)

    def pause_over(self, agent: Agent) -> None:
        if agent.paused_until is not None:
            agent.paused_until = None
            self._changed(agent)

    def end_wrap_up(self, agent: Agent, now: float) -> None:
        self.note(agent, replace(agent.facts, wrap_up_until=None), Cause.WRAP_UP_FINISHED, now)

    def _changed(self, agent: Agent) -> None:
        was_free = self.availability.free >> agent.number & 1
        was_signed_in = self.availability.signed_in >> agent.number & 1
        self.availability.update(agent)
        if agent.free and not was_free:
            self.freed.append(agent)
        if was_signed_in and not agent.signed_in:
            self.gone.append(agent)

    def _forget(self, agent: Agent) -> None:
        del self._agents[agent.id]
        self._deadlines.cancel(PauseOver(agent.id))
        self._deadlines.cancel(WrapUpOver(agent.id))

    def _renumber(self, orders: frozenset[AgentOrder]) -> None:
        self._by_number = list(self._agents.values())
        self.availability = Availability(orders)
        for number, agent in enumerate(self._by_number):
            agent.number, agent.groups_version = number, -1
            self.availability.update(agent)

    def _next_turn(self) -> int:
        self.turns += 1
        return self.turns

    def _schedule_wrap_up(self, agent: Agent, until: float | None) -> None:
        if until is None:
            self._deadlines.cancel(WrapUpOver(agent.id))
        else:
            self._deadlines.set(WrapUpOver(agent.id), until)
