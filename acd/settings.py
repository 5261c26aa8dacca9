"""Agents and queues as configured."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from acd.skills import HIGHEST_LEVEL, LOWEST_LEVEL

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^\S+$")]
Level = Annotated[int, Field(ge=LOWEST_LEVEL, le=HIGHEST_LEVEL)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class NoAgents(Enum):
    """What becomes of callers while nobody who could serve them is signed in."""

    WAIT = "wait"
    OVERFLOW = "overflow"


class AgentSettings(BaseModel):
    """An agent and what they can do; their SIP account carries the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(description="unique name without spaces, also that of the SIP account")
    display: str = Field(default="", description="name shown to people; empty: the name")
    skills: dict[Name, Level] = Field(default={}, description="level by skill, 1 (lowest) to 10 (highest)")


class QueueSettings(BaseModel):
    """A queue: whom its callers need and how long everything may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(description="unique name without spaces, used by flows")
    skills: dict[Name, Level] = Field(
        default={}, description="minimum level by skill; a caller may require other levels or further skills"
    )
    ring_timeout_s: float = Field(
        default=15, gt=0, le=300, description="seconds an agent rings before the next is tried"
    )
    wrap_up_s: Seconds = Field(default=10, description="seconds after a call without offers; 0: none")
    max_wait_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None, description="seconds until a caller overflows; absent: waits without limit"
    )
    no_agents: NoAgents = Field(
        default=NoAgents.OVERFLOW,
        description="nobody who could serve a caller is signed in: overflow (the flow's `nobody`) or wait",
    )
    no_agents_after_s: Seconds = Field(
        default=30,
        description="seconds until callers who wait leave because everybody signed out; newcomers at once",
    )
    short_abandon_s: Seconds = Field(
        default=5, description="who hangs up sooner than this many seconds is counted apart: short abandoned"
    )
    announce_every_s: Seconds = Field(
        default=30, description="seconds between position announcements; 0: only when joining"
    )
    announce_improvement: bool = Field(default=False, description="also announce when the position improves")
    announce_gap_s: Seconds = Field(
        default=10, description="seconds of quiet that an announcement of an improved position respects"
    )
    pause_after_no_answer_s: float = Field(
        default=10, ge=1, le=3600, description="seconds without offers for an agent who did not take one"
    )


class AcdSettings(BaseModel):
    """All agents and all queues."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agents: tuple[AgentSettings, ...] = Field(default=(), description="agents who may register")
    queues: tuple[QueueSettings, ...] = Field(default=(), description="queues that flows may name")

    @field_validator("agents")
    @classmethod
    def _agents_are_named_once(cls, agents: tuple[AgentSettings, ...]) -> tuple[AgentSettings, ...]:
        _refuse_duplicates(agent.name for agent in agents)
        return agents

    @field_validator("queues")
    @classmethod
    def _queues_are_named_once(cls, queues: tuple[QueueSettings, ...]) -> tuple[QueueSettings, ...]:
        _refuse_duplicates(queue.name for queue in queues)
        return queues

    @model_validator(mode="after")
    def _queues_require_skills_that_exist(self) -> Self:
        known = known_skills(self)
        unknown = [
            f"queue {queue.name!r} requires skill {skill!r}, which no agent has"
            for queue in self.queues
            for skill in queue.skills
            if skill not in known
        ]
        if unknown:
            raise ValueError("; ".join(unknown))
        return self


def known_skills(settings: AcdSettings) -> frozenset[str]:
    """Skills that some agent has; a flow that requires any other is mistaken."""
    return frozenset(skill for agent in settings.agents for skill in agent.skills)


def _refuse_duplicates(names: Iterable[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")
