"""What dispatch orders (ring, bridge, announce) and what it states (a new agent state, an outcome)."""

from dataclasses import dataclass
from enum import Enum

from acd.agent_state import AgentState, Cause
from acd.expected_wait import ExpectedWait
from contacts.ids import AgentId, ContactId, OfferId, QueueId
from contacts.outcomes import QueueExit


class Rule(Enum):
    """Which side of the match was waiting for the other."""

    LONGEST_IDLE = "the contact came: longest idle of the free agents with the skills"
    ROUND_ROBIN = "the contact came: next in turn of the free agents with the skills"
    FEWEST_CALLS = "the contact came: fewest calls of the free agents with the skills"
    LEAST_OCCUPANCY = "the contact came: least occupied of the free agents with the skills"
    LINEAR = "the contact came: first in the settings of the free agents with the skills"
    RANDOM = "the contact came: drawn by weight from the free agents with the skills"
    RING_ALL = "the contact came: all free agents with the skills are rung"
    PROGRESSIVE = "the contact came: one free agent with the skills after the other is rung as well"
    NAMED = "the contact came: it is for this agent"
    KEPT_FREE = "the customer was called: the agent was kept free for them"
    NEXT_IN_LINE = (
        "the agent became free: first by priority, then age, of the contacts they are qualified for"
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """Why this agent and this contact: the rule, and the two ages that it compared."""

    rule: Rule
    waited_s: float
    idle_s: float


@dataclass(frozen=True, slots=True)
class RingAgent:
    """Ring the agent's devices; dispatch itself withdraws the offer at the timeout."""

    offer: OfferId
    agent: AgentId
    contact: ContactId
    ring_timeout_s: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Cancel the agent's leg; its end is still reported, as `OfferFailed` or as a late `OfferAnswered`."""

    offer: OfferId


@dataclass(frozen=True, slots=True)
class HangUpAgent:
    """The agent's leg is up with nobody to talk to: end it; its end is still reported."""

    offer: OfferId


@dataclass(frozen=True, slots=True)
class Bridge:
    """Join the waiting caller and the agent's leg now."""

    contact: ContactId
    agent: AgentId
    offer: OfferId


@dataclass(frozen=True, slots=True)
class CallCustomer:
    """Call the customer of a callback now: an agent is kept free for them, or, with `offer`, on the line."""

    contact: ContactId
    offer: OfferId | None


@dataclass(frozen=True, slots=True)
class StopCallingCustomer:
    """The call to the customer has become pointless; its end need not be reported."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class ReturnToQueue:
    """The agent's phone was lost in mid-talk: the caller waits again, before everybody else."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class AnnouncePosition:
    """Tell the caller their place in the queue, counted from 1, and the length of the queue."""

    contact: ContactId
    position: int
    of: int
    expected: ExpectedWait | None = None
    """None: too little is known yet."""


@dataclass(frozen=True, slots=True)
class RequirementRelaxed:
    """The caller has waited long enough for somebody with less of a skill; 0: without it."""

    contact: ContactId
    skill: str
    level: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class WrapUpCoded:
    """What the contact was about, as its agent chose."""

    contact: ContactId
    agent: AgentId
    code: str


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    """The agent's state, as derived from facts, is another one."""

    agent: AgentId
    old: AgentState
    new: AgentState
    cause: Cause


@dataclass(frozen=True, slots=True)
class QueueStayEnded:
    """The contact's stay in the queue is over, and how: unless it was answered, dispatch no longer has it."""

    contact: ContactId
    queue: QueueId
    outcome: QueueExit
    waited_s: float
    expected_s: float | None = None
    """What was foretold when they joined."""


PhoneOrder = RingAgent | StopRinging | HangUpAgent
CustomerOrder = CallCustomer | StopCallingCustomer
QueueOrder = CustomerOrder | Bridge | ReturnToQueue | AnnouncePosition | QueueStayEnded
Statement = AgentStateChanged | WrapUpCoded | RequirementRelaxed
Effect = PhoneOrder | QueueOrder | Statement
