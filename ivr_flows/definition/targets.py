"""Whom a caller can be connected with, and what an agent must be able to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """A skill that an agent must have, at least at this level (1 to 10)."""

    skill: str
    level: int


@dataclass(frozen=True, slots=True)
class SipTarget:
    """A SIP or SIPS URI."""

    uri: str


@dataclass(frozen=True, slots=True)
class AgentTarget:
    """An agent, by name."""

    agent: str


@dataclass(frozen=True, slots=True)
class NumberTarget:
    """A telephone number, dialled over a trunk."""

    number: str


@dataclass(frozen=True, slots=True)
class FlowTarget:
    """Another flow, which may come back."""

    flow: str


TransferTarget = SipTarget | AgentTarget | NumberTarget
