"""Plays one test: a caller on a virtual clock, with a queue and an outside that do as the test says."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

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
    RequestOutcome,
    SpeechHeard,
    Started,
    Tick,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import (
    AskOutside,
    Enqueue,
    Fact,
    Instruction,
    Listen,
    Note,
    StartPlayback,
    Transfer,
)
from ivr_flows.engine.serial import SessionDataError, session_from_json, session_to_json
from ivr_flows.engine.session import KEYS, Session
from ivr_flows.engine.state import Phase
from ivr_flows.simulator_view import heard, whom
from ivr_flows.testing.script import FlowScript, ScriptedAnswer, ScriptStep

KEY_GAP_S = 0.3
PROMPT_S = 2.0
MAX_PROMPTS = 100
NO_ANSWER = ScriptedAnswer("failed", ())


class TestFailure(Exception):  # noqa: N818 -- it is what it is called
    """What was expected did not happen."""

    __test__ = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A way that was gone: flow, node, next node."""

    flow: str
    node: str
    to: str


class ScriptPlayer:
    """One test at a time; afterwards `nodes` and `edges` tell where it has been.

    Before whatever somebody does, the session is written to JSON and read back, as when another process takes
    a call over; what is read back must order the same as the session itself until the next time.
    """

    def __init__(self, flow: Flow, script: FlowScript) -> None:
        self._script = script
        self._flow = flow
        self._session = Session(flow, script.variables)
        self._elsewhere: Session | None = None
        self._now = self._waits_since = 0.0
        self._unheard: list[str] = []
        self._playing: StartPlayback | None = None
        self._listen = ListenId(0)
        self._place = ""
        self.nodes: set[tuple[str, str]] = set()
        self.edges: set[Edge] = set()
        self._last: tuple[str, str] | None = None

    def play(self) -> None:
        """Raises TestFailure, told with the line of the step."""
        self._resume(Started(self._script.at))
        for step in self._script.steps:
            try:
                self._take(step)
            except TestFailure as failure:
                raise TestFailure(f"line {step.line}: {step.what}: {failure}") from None

    def _take(self, step: ScriptStep) -> None:  # noqa: C901 -- one case per step
        match step.what:
            case "hears":
                self._hear(step.value)
            case "press":
                self._press(step.value)
            case "say":
                self._until_asked()
                self._now += 1.0
                self._resume(SpeechHeard(step.value, self._listen, self._now))
            case "wait":
                self._wait(int(step.value) if step.value.isdigit() else 1)
            case "at":
                self._same(step.value, self._session.node)
            case "variable":
                name, _, value = step.value.partition("=")
                self._same(value.strip(), self._session.value(name.strip()))
            case "reaches queue" | "reaches transfer":
                self._until_asked()
                self._same(step.value, self._place)
            case "queue":
                self._returned(Phase.QUEUE, QueueLeft(_outcome(QueueOutcome, step.value)))
            case "transfer":
                self._returned(Phase.TRANSFER, TransferEnded(_outcome(TransferOutcome, step.value)))
            case "statement":
                self._state(float(step.value))
            case "hangs up":
                self._until_asked()
                cause = self._session.cause
                self._same(step.value, "the call goes on" if cause is None else cause.value)
            case _:
                self._resume(HungUp())

    def _hear(self, text: str) -> None:
        passed: list[str] = []
        while True:
            while self._unheard:
                prompt = self._unheard.pop(0)
                if text.casefold() in prompt.casefold():
                    return
                passed.append(prompt)
            if not self._finish_prompt():
                was = "; ".join(passed[-3:]) or "nothing"
                raise TestFailure(f'"{text}" is not heard at {self._session.node}, but: {was}')

    def _press(self, keys: str) -> None:
        if not set(keys) <= KEYS:
            raise TestFailure(f'"{keys}" are no keys')
        self._until_asked(stop_at_barge_in=True)
        for digit in keys:
            self._now += KEY_GAP_S
            self._resume(DigitPressed(digit, self._now))

    def _wait(self, times: int) -> None:
        for _ in range(times):
            self._until_asked()
            due = self._session.answer_due()
            if due is None:
                raise TestFailure(f"nothing is waited for at {self._session.node}")
            self._now = due
            self._resume(Tick())

    def _state(self, seconds: float) -> None:
        self._returned(Phase.RECORDING, RecordingEnded("statement" if seconds else "", seconds))

    def _returned(self, phase: Phase, received: Input) -> None:
        self._until_asked()
        if self._session.phase is not phase:
            raise TestFailure(f"the caller is at {self._session.node}, {self._session.phase.value}")
        self._now += 10.0
        self._resume(received)

    def _until_asked(self, *, stop_at_barge_in: bool = False) -> None:
        """Hear prompts out until the caller is asked, or is somewhere else."""
        for _ in range(MAX_PROMPTS):
            if stop_at_barge_in and self._playing is not None and self._playing.barge_in:
                return
            if not self._finish_prompt():
                return
        raise TestFailure(f"{MAX_PROMPTS} prompts without a question")

    def _finish_prompt(self) -> bool:
        playing = self._playing
        if playing is None or playing.loop or self._session.phase is not Phase.PROMPT:
            return False
        self._now += PROMPT_S
        self._resume(PlaybackFinished(PlaybackId(playing.playback)))
        return True

    def _same(self, wanted: str, found: str) -> None:
        if wanted != found:
            raise TestFailure(f'"{wanted}" is expected, it is "{found}"')

    def _resume(self, received: Input) -> None:
        if not isinstance(received, Started | PlaybackFinished):
            self._elsewhere = self._taken_over()
        orders = self._session.resume(received, self._now)
        if self._elsewhere is not None and self._elsewhere.resume(received, self._now) != orders:
            raise TestFailure("the session goes on otherwise when another process takes it over")
        self._waits_since = self._now
        for order in orders:
            self._follow(order)
        if self._session.phase is Phase.SENDING:
            self._resume(DigitsSent())

    def _taken_over(self) -> Session:
        """Return the session as another process has it, at the moment at which it began to wait."""
        moment = self._script.at + timedelta(seconds=self._waits_since)
        try:
            saved = session_to_json(self._session, with_secrets=True)
            return session_from_json(self._flow, saved, self._waits_since, moment)
        except SessionDataError as error:
            raise TestFailure(f"no other process can take the session over: {error}") from None

    def _follow(self, order: Instruction) -> None:
        match order:
            case StartPlayback():
                self._playing = order
                self._unheard.append(" ".join(heard(part) for part in order.segments))
            case Listen(listen):
                self._listen = listen
            case Enqueue(queue=queue):
                self._place = queue
            case Transfer(target=target):
                self._place = whom(target)
            case AskOutside():
                self._answer(order)
            case Note(fact=Fact.NODE_ENTERED):
                self._entered(str(order.field("flow")), str(order.field("node")))
            case _:
                pass

    def _answer(self, order: AskOutside) -> None:
        answer = self._script.answers.get(self._session.node, NO_ANSWER)
        self._now += 0.5
        outcome = _outcome(RequestOutcome, answer.outcome)
        self._resume(RequestDone(order.request, outcome, answer.values))

    def _entered(self, flow: str, node: str) -> None:
        self.nodes.add((flow, node))
        if self._last is not None and self._last[0] == flow:
            self.edges.add(Edge(flow, self._last[1], node))
        self._last = flow, node


OUTCOME = TypeVar("OUTCOME", bound=StrEnum)


def _outcome(of: type[OUTCOME], text: str) -> OUTCOME:
    try:
        return of(text)
    except ValueError:
        allowed = ", ".join(each.value for each in of)
        raise TestFailure(f'"{text}" is none of {allowed}') from None
