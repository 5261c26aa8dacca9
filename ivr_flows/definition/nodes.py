"""The nodes of a flow, one frozen type per kind, and the exits by which a caller leaves them.

A target is the name of a node. Where a target is None the flow's fallback is taken, or the call ends; each
type says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.prompts import Prompt
from ivr_flows.segments import Music, PromptFile

INTER_DIGIT_S = 2.5
"""How long a next digit may take, where a flow says nothing."""


@dataclass(frozen=True, slots=True)
class Say:
    """Play a prompt and go on; with `loop` only a digit ends it, and `next` may be absent.

    `failed` of any node is taken when its prompt cannot be played (absent: the flow's, else it goes on).
    """

    name: str
    prompt: Prompt
    next: str | None
    barge_in: bool = True
    type_ahead: bool = True
    loop: bool = False
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Reprompts:
    """What a caller hears who said nothing, or nothing that fits; the two are counted separately.

    The n-th time plays the n-th prompt; once the prompts are used up, the caller leaves by the fallback.
    """

    no_input: tuple[Prompt, ...] = ()
    no_match: tuple[Prompt, ...] = ()
    repeat_prompt: bool = True
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a menu: a key (None: spoken only), the phrases that mean the same, and where it leads."""

    key: str | None
    phrases: tuple[str, ...]
    next: str
    label: str
    """How the option is called in the flow file and in the journal."""


@dataclass(frozen=True, slots=True)
class Menu:
    """Let the caller choose by key or by voice."""

    name: str
    prompt: Prompt
    options: tuple[Option, ...]
    reprompts: Reprompts
    barge_in: bool = True
    type_ahead: bool = True
    timeout_s: float = 5.0
    inter_digit_s: float = INTER_DIGIT_S
    min_confidence: float = 0.0
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Collect:
    """Take digits into a variable."""

    name: str
    variable: str
    prompt: Prompt
    min_digits: int
    max_digits: int
    next: str
    reprompts: Reprompts
    terminator: str | None = "#"
    secret: bool = False
    barge_in: bool = True
    type_ahead: bool = True
    timeout_s: float = 5.0
    inter_digit_s: float = INTER_DIGIT_S
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """A skill that an agent must have, at least at this level (1 to 10)."""

    skill: str
    level: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Let the caller wait for an agent.

    `next` is taken when the agent has left and the caller is still there (absent: the call ends normally);
    `overflow` after the longest wait, `otherwise` when nobody is there to serve (absent: the fallback), and
    `failed` when the queue itself fails (absent: `otherwise`).
    """

    name: str
    queue: str
    skills: tuple[SkillLevel, ...] = ()
    priority: int = 0
    music: Music | PromptFile = field(default=Music("hold"))
    announce_every_s: float | None = None
    max_wait_s: float | None = None
    next: str | None = None
    overflow: str | None = None
    otherwise: str | None = None
    failed: str | None = None


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


TransferTarget = SipTarget | AgentTarget | NumberTarget


@dataclass(frozen=True, slots=True)
class Transfer:
    """Connect the caller to somebody outside the queues.

    `next` is taken when the other party has left (absent: the call ends normally), `failed` when it never
    answered (absent: the fallback).
    """

    name: str
    target: TransferTarget
    ring_for_s: float = 30.0
    next: str | None = None
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call, after an optional last prompt."""

    name: str
    cause: HangupCause
    prompt: Prompt = field(default=Prompt())


@dataclass(frozen=True, slots=True)
class HoursBranch:
    """Go one way while a calendar is open and another while it is closed."""

    name: str
    calendar: str
    open: str
    closed: str


@dataclass(frozen=True)
class VariableBranch:
    """Go where the value of a variable points; exact equality of text."""

    name: str
    variable: str
    cases: Mapping[str, str]
    otherwise: str


KINDS: dict[type, str] = {
    Say: "say",
    Menu: "menu",
    Collect: "collect",
    Queue: "queue",
    Transfer: "transfer",
    Hangup: "hangup",
    HoursBranch: "branch",
    VariableBranch: "branch",
}
"""The key of a flow file that makes each type."""

Node = Say | Menu | Collect | Queue | Transfer | Hangup | HoursBranch | VariableBranch
