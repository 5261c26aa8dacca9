"""Facts of agents that belong to no contact."""

from __future__ import annotations

from contacts.facts.fact import Fact
from contacts.ids import AgentId


class AgentFact(Fact, frozen=True, kw_only=True):
    """A fact of the agent that it names."""

    agent: AgentId


class PhoneRegistered(AgentFact, frozen=True, kw_only=True, tag="phone.registered"):
    """A device of the agent can be rung."""

    device: str


class PhoneUnregistered(AgentFact, frozen=True, kw_only=True, tag="phone.unregistered"):
    """A device of the agent can no longer be rung."""

    device: str


class AgentBecame(AgentFact, frozen=True, kw_only=True, tag="agent.state"):
    """The agent's state, as it follows from the facts, is another one."""

    old: str
    new: str
    cause: str
