"""`trunkline flow run`: walk a flow in the terminal, the keyboard being the keypad.

Another shell around the same core as in a call, with a clock that only moves when something is heard or
waited for. Reads lines from one stream and writes to another, so that a test can be the caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import (
    DigitPressed,
    DigitsSent,
    HungUp,
    Input,
    ListenId,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    RecordingEnded,
    RequestDone,
    RequestId,
    RequestOutcome,
    SpeechHeard,
    Started,
    Tick,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import AskOutside, Fact, Instruction, Listen, Note, StartPlayback
from ivr_flows.engine.run import MASK
from ivr_flows.engine.session import KEYS, Session
from ivr_flows.engine.state import Phase
from ivr_flows.kinds.catalogue import KIND_OF
from ivr_flows.kinds.queue import Queue
from ivr_flows.segments import Pause
from ivr_flows.simulator_view import HELP, View, closing
from ivr_flows.texts import spoken_pieces

KEY_GAP_S = 0.3
LETTERS_PER_SECOND = 15.0
UNKNOWN_SOUND_S = 3.0

QUEUE_COMMANDS = {
    "a": QueueOutcome.ANSWERED,
    "o": QueueOutcome.OVERFLOW,
    "n": QueueOutcome.NOBODY,
    "f": QueueOutcome.FAILED,
}
TRANSFER_COMMANDS = {
    "a": TransferOutcome.ANSWERED,
    "b": TransferOutcome.BUSY,
    "x": TransferOutcome.NO_ANSWER,
    "f": TransferOutcome.FAILED,
}
REQUEST_COMMANDS = {"d": RequestOutcome.DONE, "r": RequestOutcome.REFUSED, "f": RequestOutcome.FAILED}
REQUEST_TAKES_S = 0.5


@dataclass(frozen=True, slots=True)
class Simulated:
    """How a simulated call ended; secret variables are masked."""

    cause: HangupCause
    node: str
    variables: Mapping[str, str]
    nodes: tuple[str, ...]
    """Every node in the order in which it was entered."""
    duration_s: float


def simulate(
    flow: Flow,
    input: TextIO,  # noqa: A002 -- the pair of streams is called so everywhere
    output: TextIO,
    *,
    variables: Mapping[str, str] | None = None,
    wall_clock: datetime | None = None,
) -> Simulated:
    """Let whoever writes to `input` be the caller; the end of the input is a hang-up."""
    return _Simulation(flow, input, output, variables or {}).run(wall_clock or datetime.now(UTC))


class _Simulation:
    def __init__(self, flow: Flow, lines: TextIO, output: TextIO, variables: Mapping[str, str]) -> None:
        self._flow = flow
        self._lines = lines
        self._view = View(output)
        self._session = Session(flow, variables)
        self._now = 0.0
        self._playing: StartPlayback | None = None
        self._listen = ListenId(0)
        self._request = RequestId(0)
        self._nodes: list[str] = []
        self._heard_since_input: set[str] = set()

    def run(self, wall_clock: datetime) -> Simulated:
        self._view.plain(f"Flow {self._flow.name}, version {self._flow.version}. Enter ? for help.")
        self._resume(Started(wall_clock))
        while not self._session.ended:
            self._hear_on()
            if not self._session.ended:
                self._take_line()
        cause = self._session.cause or HangupCause.CALLER_LEFT
        self._view.plain(closing(cause))
        shown = self._session.shown_variables()
        return Simulated(cause, self._session.node, shown, tuple(self._nodes), self._now)

    def _hear_on(self) -> None:
        """Hear prompts that need no answer to their end, but none twice without a word from the caller."""
        while self._session.phase is Phase.PROMPT and not self._is_worth_asking():
            self._heard_since_input.add(self._session.node)
            self._finish_prompt()

    def _is_worth_asking(self) -> bool:
        playing, node = self._playing, self._session.present_node
        if playing is None or playing.loop or self._session.node in self._heard_since_input:
            return True
        return hasattr(node, "manner") and playing.barge_in

    def _take_line(self) -> None:
        node = self._session.present_node
        hint = "" if node is None else KIND_OF[type(node)].hint(node)
        if hint:
            self._view.plain(f"         {hint}")
        self._view.ask(self._session.node)
        line = self._lines.readline()
        if not line:
            self._view.plain("")
            self._resume(HungUp())
            return
        self._heard_since_input.clear()
        self._echo(line.strip())
        self._obey(line.strip())

    def _echo(self, line: str) -> None:
        """Write down what was typed where no terminal does, for the transcript of a script."""
        if not self._lines.isatty():
            hidden = self._session.node in self._session.present_flow.concealed and set(line) <= KEYS
            self._view.plain(MASK * len(line) if hidden else line)

    def _obey(self, line: str) -> None:
        match line:
            case "":
                self._finish_prompt()
            case "w":
                self._wait()
            case "v":
                self._view.variables(self._session.shown_variables())
            case "h":
                self._resume(HungUp())
            case "?":
                self._view.plain(HELP)
            case _:
                self._say_or_press(line)

    def _say_or_press(self, line: str) -> None:
        if self._session.phase is Phase.QUEUE:
            outcome = QUEUE_COMMANDS.get(line)
            self._resume(QueueLeft(outcome)) if outcome else self._view.plain(HELP)
        elif self._session.phase is Phase.TRANSFER:
            ended = TRANSFER_COMMANDS.get(line)
            self._resume(TransferEnded(ended)) if ended else self._view.plain(HELP)
        elif self._session.phase is Phase.REQUEST:
            self._answer_request(line)
        elif self._session.phase is Phase.RECORDING:
            self._end_recording(line)
        elif set(line) <= KEYS:
            for digit in line:
                self._now += KEY_GAP_S
                self._resume(DigitPressed(digit, self._now))
        elif len(line) == 1:
            self._view.plain(HELP)
        else:
            self._now += len(line) / LETTERS_PER_SECOND
            self._resume(SpeechHeard(line.removeprefix('"'), self._listen, self._now))

    def _answer_request(self, line: str) -> None:
        command, *told = line.split()
        outcome = REQUEST_COMMANDS.get(command)
        if outcome is None:
            self._view.plain(HELP)
            return
        values = tuple((name, value) for name, _, value in (each.partition("=") for each in told))
        self._now += REQUEST_TAKES_S
        self._resume(RequestDone(self._request, outcome, values))

    def _end_recording(self, line: str) -> None:
        if not line.isdigit():
            self._view.plain(HELP)
            return
        self._now += int(line)
        self._resume(RecordingEnded("statement" if int(line) else "", float(line)))

    def _wait(self) -> None:
        node = self._session.present_node
        if isinstance(node, Queue) and self._session.phase is Phase.QUEUE:
            if node.max_wait_s is None:
                self._view.plain("         (this queue has no longest wait)")
                return
            self._now += node.max_wait_s
            self._resume(QueueLeft(QueueOutcome.OVERFLOW))
            return
        self._finish_prompt()
        deadline = self._session.answer_due()
        if deadline is not None:
            self._now = deadline
            self._resume(Tick())

    def _finish_prompt(self) -> None:
        playing = self._playing
        if playing is None or self._session.phase is not Phase.PROMPT:
            return
        self._now += _duration_s(playing)
        if not playing.loop:
            self._resume(PlaybackFinished(PlaybackId(playing.playback)))

    def _resume(self, received: Input) -> None:
        for instruction in self._session.resume(received, self._now):
            self._take_note(instruction)
            self._view.instruction(self._now, instruction)
        if self._session.phase is Phase.SENDING:
            self._resume(DigitsSent())

    def _take_note(self, instruction: Instruction) -> None:
        if isinstance(instruction, StartPlayback):
            self._playing = instruction
        elif isinstance(instruction, Listen):
            self._listen = instruction.listen
        elif isinstance(instruction, AskOutside):
            self._request = instruction.request
        elif isinstance(instruction, Note) and instruction.fact is Fact.NODE_ENTERED:
            self._nodes.append(str(instruction.field("node")))


def _duration_s(playback: StartPlayback) -> float:
    """Return about how long it would take to hear."""
    total = 0.0
    for segment in playback.segments:
        pieces = spoken_pieces(segment)
        letters = sum(len(piece) for piece in pieces)
        if isinstance(segment, Pause):
            total += segment.duration_ms / 1000
        else:
            total += max(letters / LETTERS_PER_SECOND, 0.4 * len(pieces)) if pieces else UNKNOWN_SOUND_S
    return total
