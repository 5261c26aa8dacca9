"""What the flow engine orders: to be carried out by the shell in the given order."""

from dataclasses import dataclass, field
from enum import StrEnum

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.targets import SkillLevel, TransferTarget
from ivr_flows.engine.inputs import ListenId, PlaybackId, RequestId
from ivr_flows.engine.requests import OutsideRequest
from ivr_flows.segments import Music, PromptFile, Segment


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the call. Comes once, before the first order that needs a caller who hears; a call that is hung
    up without it may be refused with the status of the cause (`HangupCause.on_the_wire`)."""


@dataclass(frozen=True, slots=True)
class StartPlayback:
    """Play the segments; report `PlaybackFinished(playback)` when they end by themselves (never when looped),
    or `PlaybackFailed(playback)` when they cannot be rendered.

    A new playback always replaces the one before. `barge_in` tells the shell whether to listen for speech
    while the prompt plays; the engine itself decides what a digit does.
    """

    playback: PlaybackId
    segments: tuple[Segment, ...]
    barge_in: bool
    loop: bool = False
    voice: str | None = None
    """The voice of the language that the caller chose; None: the flow's own."""


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Silence the playback at once."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class Listen:
    """Recognise speech; the phrases are all that the flow can understand at this place.

    `listen` must come back with every utterance that is heard under this order.
    """

    listen: ListenId
    phrases: tuple[str, ...]
    anything: bool = False
    """Whatever is said is of interest, not the phrases alone."""


@dataclass(frozen=True, slots=True)
class StopListening:
    """Stop recognising; an utterance that is still being decoded is of no interest any more."""


@dataclass(frozen=True, slots=True)
class Conceal:
    """From here on (`on`), or no longer, what the caller keys is secret: no recording or trace holds it."""

    on: bool


@dataclass(frozen=True, slots=True)
class AskOutside:
    """Ask the outside for something; report `RequestDone(request)`, at the latest after `timeout_s`."""

    request: RequestId
    wanted: OutsideRequest
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Record:
    """Record a statement of the caller, after a beep; report `RecordingEnded` unless the caller hangs up.

    It ends at `max_s`, after `silence_s` without speech, or with one of the keys `ends_with`, which is not
    told as a key. A statement is an item of its own among the recordings, called `what`. It is kept, too,
    when the caller hangs up in the middle.
    """

    what: str
    max_s: float
    silence_s: float
    ends_with: str


@dataclass(frozen=True, slots=True)
class PlayKeys:
    """Send keys to the caller's side (RFC 4733); report `DigitsSent` when all have been sent."""

    digits: str = field(repr=False)
    tone_ms: int
    gap_ms: int


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put the caller into a queue; report `QueueLeft` when it is done with the caller."""

    queue: str
    skills: tuple[SkillLevel, ...]
    priority: int
    music: Music | PromptFile
    announce_every_s: float | None
    max_wait_s: float | None
    announcement: tuple[Segment, ...] = ()
    """Heard by the agent alone, before the two are bridged."""
    slots: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """What the flow found out, for the agent's screen."""
    preferred: tuple[SkillLevel, ...] = ()
    """What is nice to have, the most important first."""
    agent: str = ""
    """Whom the caller is for; one who is not there, or does not exist, holds up nobody."""
    agent_wait_s: float = 0.0
    """How long the caller waits for that agent alone."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Connect the caller to somebody; report `TransferEnded` unless the caller hangs up first."""

    target: TransferTarget
    ring_for_s: float


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call. Always the last order of a session."""

    cause: HangupCause


class Fact(StrEnum):
    """What the engine tells the journal; every fact also carries the fields `flow` and `node`."""

    STARTED = "flow.started"
    """version"""
    NODE_ENTERED = "flow.node_entered"
    """kind"""
    PROMPT_FAILED = "flow.prompt_failed"
    """reason"""
    PROMPT_INTERRUPTED = "flow.prompt_interrupted"
    """by: digit | speech"""
    DIGIT_ACCEPTED = "flow.digit_accepted"
    """digit (masked as * when the node is secret)"""
    OPTION_CHOSEN = "flow.option_chosen"
    """option, by: digit | speech"""
    VARIABLE_SET = "flow.variable_set"
    """variable, value (masked when secret)"""
    NO_INPUT = "flow.no_input"
    """count"""
    NO_MATCH = "flow.no_match"
    """count"""
    TAGGED = "flow.tagged"
    """tags: separated by commas"""
    SCORED = "flow.scored"
    """survey, question, score"""
    TRIAGED = "flow.triaged"
    """complexity, severity, effort, treatment"""
    REQUESTED = "flow.requested"
    """what"""
    REQUEST_DONE = "flow.request_done"
    """outcome"""
    RECORDED = "flow.recorded"
    """item, duration_s"""
    CONSENTED = "flow.consented"
    """rule, answer, prompt, flow_version, language"""
    FELL_BACK = "flow.fell_back"
    """reason, to"""
    BRANCHED = "flow.branched"
    """case"""
    QUEUE_LEFT = "flow.queue_left"
    """outcome"""
    TRANSFER_ENDED = "flow.transfer_ended"
    """outcome"""
    LIMIT_REACHED = "flow.limit_reached"
    """limit: steps | time | repeats"""
    FAILED = "flow.failed"
    """reason: the flow itself misbehaved"""
    EFFORT = "flow.effort"
    """effort: the index; keys, prompts, repeats, handed_on, waited_s"""
    ENDED = "flow.ended"
    """cause"""


@dataclass(frozen=True, slots=True)
class Note:
    """A fact for the journal."""

    fact: Fact
    fields: tuple[tuple[str, str | int], ...]

    def field(self, name: str) -> str | int | None:
        """Return one field, or None when this fact does not carry it."""
        return next((value for key, value in self.fields if key == name), None)


Instruction = (
    Answer
    | StartPlayback
    | StopPlayback
    | Listen
    | StopListening
    | Conceal
    | AskOutside
    | Record
    | PlayKeys
    | Enqueue
    | Transfer
    | HangUp
    | Note
)
