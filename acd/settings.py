"""Agents and queues as configured."""

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from acd.skills import HIGHEST_LEVEL, LOWEST_LEVEL
from acd.strategies import AgentOrder, IdleSince, Strategy, order_of

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^\S+$")]
Level = Annotated[int, Field(ge=LOWEST_LEVEL, le=HIGHEST_LEVEL)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


Rank = Annotated[int, Field(ge=1, le=10)]


class NoAgents(Enum):
    """What becomes of callers while nobody who could serve them is signed in."""

    WAIT = "wait"
    OVERFLOW = "overflow"


class WrapUpKind(Enum):
    """How the work after a call ends."""

    TIMED = "timed"
    UNTIL_DONE = "until-done"


class AgentSettings(BaseModel):
    """An agent and what they can do; their SIP account carries the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(description="unique name without spaces, also that of the SIP account")
    display: str = Field(default="", description="name shown to people; empty: the name")
    skills: dict[Name, Level] = Field(default={}, description="level by skill, 1 (lowest) to 10 (highest)")
    queues: dict[Name, Rank] = Field(
        default={},
        description="rank by queue, 1 (first) to 10; an agent serves these queues alone, the better ranks "
        "first, and a queue rings the better ranks first; absent: every queue, at rank 1",
    )
    weight: int = Field(default=1, ge=1, le=100, description="share of the contacts of a `random` queue")


class RelaxStep(BaseModel):
    """After a time of waiting, one skill is required at a lower level, or no longer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after_s: Seconds = Field(description="seconds of waiting")
    skill: Name = Field(description="the skill that is asked for less")
    level: int = Field(
        default=0, ge=0, le=HIGHEST_LEVEL, description="its level from then on; 0: not required"
    )


class QueueSettings(BaseModel):
    """A queue: whom its callers need and how long everything may take."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
    # Defaults as well become what their type says: a replay compares 15.0 with 15.0, not with 15.

    name: Name = Field(description="unique name without spaces, used by flows")
    skills: dict[Name, Level] = Field(
        default={}, description="minimum level by skill; a caller may require other levels or further skills"
    )
    preferred: dict[Name, Level] = Field(
        default={}, description="level by skill that is nice to have, the most important first"
    )
    relax: tuple[RelaxStep, ...] = Field(
        default=(), description="what is required less and less, step by step, while a caller waits"
    )
    relax_when_nobody: bool = Field(
        default=False, description="take the steps at once while nobody who qualifies is signed in"
    )
    strategy: Strategy = Field(
        default=Strategy.LONGEST_IDLE,
        description="longest-idle, round-robin, fewest-calls, least-occupancy (of the last hour), linear (by "
        "their order here), random (by weight), ring-all or progressive",
    )
    idle_since: IdleSince = Field(
        default=IdleSince.AVAILABLE,
        description="idle time counts since the agent is available, the last-call, the last-offer or sign-in",
    )
    ring_at_most: int = Field(
        default=10, ge=1, le=50, description="agents that ring-all or progressive rings"
    )
    ring_more_every_s: float = Field(
        default=10, gt=0, le=300, description="seconds until `progressive` rings one more agent"
    )
    weight: int = Field(
        default=0, ge=0, le=100, description="agents of several queues take callers of the heavier first"
    )
    priority_step_s: Annotated[float, Field(gt=0, le=86400)] | None = Field(
        default=None,
        description="seconds of waiting that one step of priority is worth; absent: priority beats any wait",
    )
    max_length: int | None = Field(
        default=None, ge=1, description="a caller who finds so many in the queue overflows; absent: no limit"
    )
    max_expected_wait_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None,
        description="a caller who must expect to wait longer overflows on joining; absent: no limit",
    )
    ring_timeout_s: float = Field(
        default=15, gt=0, le=300, description="seconds an agent rings before the next is tried"
    )
    wrap_up_s: Seconds = Field(default=10, description="seconds after a call without offers; 0: none")
    wrap_up: WrapUpKind = Field(
        default=WrapUpKind.TIMED,
        description="timed: it ends by itself after wrap_up_s; until-done: when the agent says so",
    )
    wrap_up_codes: tuple[Name, ...] = Field(
        default=(), description="what a contact may have been about, for the agent to choose from"
    )
    wrap_up_code_required: bool = Field(
        default=False, description="the wrap-up does not end before the agent has chosen a code"
    )
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

    @model_validator(mode="after")
    def _steps_come_one_after_the_other(self) -> Self:
        times = [step.after_s for step in self.relax]
        if times != sorted(times):
            raise ValueError("relax: each step must come after the one before it")
        return self

    @model_validator(mode="after")
    def _required_codes_exist(self) -> Self:
        if self.wrap_up_code_required and not self.wrap_up_codes:
            raise ValueError("wrap_up_code_required needs wrap_up_codes to choose from")
        return self


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
    def _agents_serve_queues_that_exist(self) -> Self:
        known = {queue.name for queue in self.queues}
        unknown = [
            f"agent {agent.name!r} serves queue {queue!r}, which there is not"
            for agent in self.agents
            for queue in agent.queues
            if queue not in known
        ]
        if unknown:
            raise ValueError("; ".join(unknown))
        return self

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


def orders_needed(queues: Iterable[QueueSettings]) -> frozenset[AgentOrder]:
    """The orders of free agents that these queues choose by."""
    orders = (order_of(queue.strategy, queue.idle_since) for queue in queues)
    return frozenset(order for order in orders if order is not None)


def known_skills(settings: AcdSettings) -> frozenset[str]:
    """Skills that some agent has; a flow that requires any other is mistaken."""
    return frozenset(skill for agent in settings.agents for skill in agent.skills)


def _refuse_duplicates(names: Iterable[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")
