"""Where a session is: everything that changes, and nothing that could not be written to JSON."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ivr_flows.definition.causes import HangupCause


class Phase(StrEnum):
    """What a session is waiting for."""

    NEW = "new"
    PROMPT = "prompt"
    """for a prompt to end, or to be interrupted"""
    INPUT = "input"
    """for a key, an utterance or the timeout"""
    QUEUE = "queue"
    TRANSFER = "transfer"
    REQUEST = "request"
    """for an answer from outside"""
    RECORDING = "recording"
    SENDING = "sending"
    ENDED = "ended"


@dataclass(slots=True)
class Activation:
    """A flow that waits at a node for another flow to come back."""

    flow: str
    node: str
    variables: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class State:
    """Times are those of the shell's monotonic clock. What a caller has typed is hidden from repr."""

    phase: Phase = Phase.NEW
    flow: str = ""
    node: str = ""
    waiting: list[Activation] = field(default_factory=list)
    """The flows below the present one, the first that began first."""
    step: str = ""
    """Where a node that asks more than one thing is."""
    partial: dict[str, str] = field(default_factory=dict, repr=False)
    """What such a node has gathered so far."""
    requests: int = 0
    """The last request; only its answer counts."""
    language: str = ""
    """The language that the caller chose; empty: the flow's own."""
    now: float = 0.0
    started_at: float = 0.0
    answered: bool = False
    wall_clock: datetime | None = None
    """The wall clock at `started_at`."""

    variables: dict[str, str] = field(default_factory=dict, repr=False)
    entry: str = field(default="", repr=False)
    """Digits that the present node has taken."""
    typed_ahead: str = field(default="", repr=False)
    """Digits pressed before anything asked for them."""
    drop_before: float = -math.inf
    """Digits pressed before this moment answer nothing that is still asked: the buffer was emptied then."""

    playback: int = 0
    """The last playback that was started; only its end counts."""
    barge_in: bool = True
    listening: bool = False
    listens: int = 0
    """The last time that listening began; only what was heard then counts."""
    concealed: bool = False
    deadline: float | None = None
    wait_ends: float = math.inf
    """However much is said or sounds, the wait for an answer is over then."""
    questions: int = 0
    """How many questions have been asked, to tell one from the next."""
    no_input: int = 0
    no_match: int = 0

    late_terminator: str = ""
    """A terminator that belongs to the entry before, when it comes until `late_terminator_until`."""
    late_terminator_until: float = 0.0

    keys: int = 0
    """Pressed and taken so far; with the three below, what makes the caller's effort."""
    repeats: int = 0
    """Questions that were put again, for silence or for a mismatch."""
    handed_on: int = 0
    """To queues, and to other people."""

    steps: int = 0
    visits: dict[str, int] = field(default_factory=dict)
    """How often each node was entered since the caller last did something."""
    spent_s: float = 0.0
    """Time in the flow outside of queues and transfers, as far as it is over; see `spending_since`."""
    spending_since: float | None = None
    limited: bool = False
    """A limit of the flow was reached; the caller is on the way out."""
    second_began: float = 0.0
    steps_this_second: int = 0
    gone: bool = False
    """The caller is: the flow finishes what it asked of the outside, and what is to be done without them."""
    cleared_up: bool = False
    """What the flow does without the caller has begun."""
    cause: HangupCause | None = None
