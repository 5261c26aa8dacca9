"""How the simulator writes down what happens: one line per thing heard or noted."""

from collections.abc import Mapping
from typing import TextIO, assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.targets import AgentTarget, NumberTarget, SipTarget, TransferTarget
from ivr_flows.engine.instructions import (
    Answer,
    AskOutside,
    Conceal,
    Enqueue,
    Fact,
    HangUp,
    Instruction,
    Listen,
    Note,
    PlayKeys,
    Record,
    StartPlayback,
    StopListening,
    StopPlayback,
    Transfer,
)
from ivr_flows.engine.requests import (
    BotTurn,
    CallbackCheck,
    CallbackWanted,
    HttpRequest,
    NoticeRead,
    Notification,
    OutsideRequest,
    ProfileRead,
    ProfileWrite,
)
from ivr_flows.segments import Digits, Music, Number, Pause, PromptFile, Segment, Text

HELP = """\
  1 2 3 * #   press keys (several at once: 4711#)
  any words   say them (a single letter: put a " before it)
  Enter       hear the prompt to its end
  w           wait until the time is up
  v           show the variables
  h           hang up
  in a queue:      a answered, then the agent leaves   o waited too long   n nobody there   f failure
  asked outside:   d done (d name=value ...)   r refused   f failure
  recording:       a number of seconds (0: nothing was said)
  in a transfer:   a answered, then they leave   b busy   x no answer   f failure"""

SILENT_FACTS = frozenset({Fact.STARTED, Fact.NODE_ENTERED, Fact.DIGIT_ACCEPTED, Fact.EFFORT, Fact.ENDED})


class View:
    """Writes to a stream; knows nothing but what it is given."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def line(self, at_s: float, text: str) -> None:
        minutes, seconds = divmod(at_s, 60)
        self._output.write(f"{int(minutes):3d}:{seconds:04.1f}  {text}\n")

    def plain(self, text: str) -> None:
        self._output.write(text + "\n")

    def ask(self, where: str) -> None:
        self._output.write(f"{where} > ")
        self._output.flush()

    def variables(self, values: Mapping[str, str]) -> None:
        for name, value in sorted(values.items()):
            self.plain(f"         {name} = {value!r}")

    def instruction(self, at_s: float, instruction: Instruction) -> None:
        text = described(instruction)
        if text:
            self.line(at_s, text)


def described(instruction: Instruction) -> str:  # noqa: C901 -- one case per order
    """Return the line for an order; empty for what a caller would not notice."""
    match instruction:
        case StartPlayback(segments=segments, loop=loop):
            return (
                "hears: "
                + " ".join(heard(part) for part in segments)
                + (" (again and again)" if loop else "")
            )
        case StopPlayback():
            return "(the prompt stops)"
        case Enqueue():
            return "queue: " + _enqueued(instruction)
        case AskOutside(wanted=wanted, timeout_s=timeout_s):
            return f"asks: {asked(wanted)} (within {timeout_s:g} s)"
        case Record(what=what, max_s=max_s):
            return f"records: {what}, {max_s:g} s at most"
        case PlayKeys(digits=digits):
            return f"sends keys: {digits}"
        case Transfer(target=target, ring_for_s=ring_for_s):
            return f"transfer: to {whom(target)}, ringing for {ring_for_s:g} s at most"
        case HangUp(cause):
            return f"hangs up: {cause.value}"
        case Note():
            return _noted(instruction)
        case Answer() | Listen() | StopListening() | Conceal():
            return ""
        case _:
            assert_never(instruction)


def asked(wanted: OutsideRequest) -> str:
    """Return what a flow asks of the outside, in short."""
    match wanted:
        case HttpRequest(method=method, url=url):
            return f"{method} {url}"
        case ProfileRead(names=names):
            return "profile, " + ", ".join(names)
        case ProfileWrite(values=values):
            return "profile keeps " + ", ".join(name for name, _ in values)
        case NoticeRead(notice):
            return f"notice {notice}"
        case Notification(hook=hook):
            return f"webhook {hook}"
        case BotTurn(url=url):
            return f"partner {url}"
        case CallbackCheck(queue=queue) | CallbackWanted(queue=queue):
            return f"a call back, in queue {queue}"
        case _:
            assert_never(wanted)


def heard(segment: Segment) -> str:
    """Return a segment as a reader may imagine it."""
    match segment:
        case Text(text):
            return text
        case PromptFile(path):
            return f"[file {path.name}]"
        case Pause(duration_ms):
            return f"[pause {duration_ms / 1000:g} s]"
        case Digits(digits):
            return " ".join(digits)
        case Number(number):
            return str(number)
        case Music(name):
            return f"[music {name}]"
        case _:
            assert_never(segment)


def closing(cause: HangupCause) -> str:
    return (
        "The caller has left." if cause is HangupCause.CALLER_LEFT else f"The flow has ended: {cause.value}."
    )


def _enqueued(order: Enqueue) -> str:
    skills = ", ".join(f"{wanted.skill} {wanted.level}" for wanted in order.skills) or "no skills asked"
    parts = [f"{order.queue} ({skills}; priority {order.priority})", f"hears {heard(order.music)}"]
    if order.announce_every_s is not None:
        parts.append(f"position every {order.announce_every_s:g} s")
    if order.max_wait_s is not None:
        parts.append(f"{order.max_wait_s:g} s at most")
    return ", ".join(parts)


def whom(target: TransferTarget) -> str:
    """Return whom a caller is transferred to, as a reader may know them."""
    match target:
        case SipTarget(uri):
            return uri
        case AgentTarget(agent):
            return f"agent {agent}"
        case NumberTarget(number):
            return number
        case _:
            assert_never(target)


def _noted(note: Note) -> str:
    if note.fact is Fact.NODE_ENTERED:
        return f"-> {note.field('node')} ({note.field('kind')})"
    if note.fact in SILENT_FACTS:
        return ""
    details = ", ".join(f"{value}" for name, value in note.fields if name not in ("flow", "node"))
    return f"{note.fact.removeprefix('flow.').replace('_', ' ')}: {details}"
