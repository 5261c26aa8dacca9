"""One caller's way through a flow: `resume` with an input, get orders, wait for the next input.

The session never looks at a clock: `now` comes in with every input and must not run backwards. Keys and
speech are judged by the moment at which they were made, however late they are told. An input made after
`deadline()` finds the timeout already taken into account, whether or not a `Tick` was delivered; one made
exactly at the deadline, and told before the Tick, counts for the caller. What was made before the type-ahead
buffer was last emptied, and speech of another `Listen`, is stale and dropped.
"""

from collections.abc import Mapping
from typing import assert_never

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.definition.nodes import (
    KINDS,
    Collect,
    Hangup,
    HoursBranch,
    Menu,
    Node,
    Queue,
    Say,
    Transfer,
    VariableBranch,
)
from ivr_flows.engine import asking, branch, hangup, limits, menu, queue, say, transfer
from ivr_flows.engine.inputs import (
    DigitPressed,
    HungUp,
    Input,
    PlaybackFailed,
    PlaybackFinished,
    QueueLeft,
    QueueOutcome,
    SpeechHeard,
    SpeechStarted,
    Started,
    Tick,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import Fact, HangUp, Instruction
from ivr_flows.engine.moves import STAY, End, Go, Move
from ivr_flows.engine.run import MASK, Run
from ivr_flows.engine.state import Phase, State

KEYS = frozenset("0123456789*#ABCD")


class Session:
    """A pure state machine over one frozen flow; not shared between tasks."""

    __slots__ = ("_run", "flow")

    def __init__(self, flow: Flow, variables: Mapping[str, str] | None = None) -> None:
        self.flow = flow
        self._run = Run(flow, State(variables={**flow.variables, **(variables or {})}))

    @classmethod
    def restored(cls, flow: Flow, state: State) -> "Session":
        """Return a session that goes on from a state; see `serial.session_from_json`."""
        session = cls(flow)
        session._run = Run(flow, state)
        return session

    def __repr__(self) -> str:
        state = self._run.state
        return f"<Session {self.flow.name} at {state.node or 'start'}: {state.phase.value}>"

    @property
    def state(self) -> State:
        """For serialising; changing it breaks the session."""
        return self._run.state

    @property
    def node(self) -> str:
        return self._run.state.node

    @property
    def phase(self) -> Phase:
        return self._run.state.phase

    @property
    def ended(self) -> bool:
        return self._run.state.phase is Phase.ENDED

    @property
    def cause(self) -> HangupCause | None:
        """Why the session ended; None while it has not."""
        return self._run.state.cause

    def deadline(self) -> float | None:
        """When a `Tick` is due, on the clock of `now`."""
        due = (self._run.state.deadline, limits.deadline(self._run))
        return min((moment for moment in due if moment is not None), default=None)

    def answer_due(self) -> float | None:
        """When the caller's time to answer is up; None while nothing is asked."""
        return self._run.state.deadline

    def value(self, variable: str) -> str:
        """Return a variable as it is, secret or not."""
        return self._run.state.variables.get(variable, "")

    def shown_variables(self) -> dict[str, str]:
        """Return all variables with secret values masked."""
        secrets = self.flow.secrets
        return {
            name: MASK * len(value) if name in secrets else value
            for name, value in self._run.state.variables.items()
        }

    def resume(self, received: Input, now: float) -> tuple[Instruction, ...]:
        """Go on until the flow must wait again. After the end every input is ignored."""
        state = self._run.state
        if state.phase is Phase.ENDED:
            return ()
        made_at = _made_at(received, now)
        due = self.deadline()
        if due is not None and made_at > due:
            state.now = max(state.now, due)
            self._follow(self._timed_out())
        state.now = made_at if state.phase is Phase.NEW else max(state.now, made_at)
        if not self.ended:
            self._follow(self._handle(received))
        limits.account(self._run)
        return self._run.take_orders()

    def _handle(self, received: Input) -> Move:  # noqa: C901 -- one case per input
        match received:
            case Started():
                return self._start(received)
            case HungUp():
                self._finish(HangupCause.CALLER_LEFT)
                return STAY
            case Tick():
                return self._tick()
            case PlaybackFinished():
                return self._playback_finished(received)
            case PlaybackFailed():
                return self._playback_failed(received)
            case DigitPressed():
                return self._pressed(received)
            case SpeechStarted() | SpeechHeard():
                return self._heard(received)
            case QueueLeft() | TransferEnded():
                return self._returned(received)
            case _:
                assert_never(received)

    def _start(self, started: Started) -> Move:
        state = self._run.state
        if state.phase is not Phase.NEW:
            return STAY
        if started.wall_clock.tzinfo is None:
            raise ValueError("the wall clock of a started call must carry a time zone")
        state.wall_clock = started.wall_clock
        state.started_at = state.second_began = state.now
        self._run.note(Fact.STARTED, ("version", self.flow.version))
        return Go(self.flow.start)

    def _tick(self) -> Move:
        due = self.deadline()
        return self._timed_out() if due is not None and self._run.state.now >= due else STAY

    def _timed_out(self) -> Move:
        state = self._run.state
        limit = limits.deadline(self._run)
        if limit is not None and state.now >= limit:
            return limits.out_of_time(self._run)
        state.deadline = None
        node = self._here()
        return asking.timed_out(self._run, node) if isinstance(node, Menu | Collect) else STAY

    def _playback_finished(self, finished: PlaybackFinished) -> Move:
        state = self._run.state
        if state.phase is not Phase.PROMPT or finished.playback != state.playback:
            return STAY
        return self._prompt_over()

    def _playback_failed(self, failed: PlaybackFailed) -> Move:
        """A prompt that is not heard costs the prompt, never the call."""
        run, node = self._run, self._here()
        if run.state.phase is not Phase.PROMPT or failed.playback != run.state.playback:
            return STAY
        run.note(Fact.PROMPT_FAILED, ("reason", failed.reason))
        own = node.failed if isinstance(node, Say | Menu | Collect) else None
        target = own or self.flow.failed
        if target is not None and target != run.state.node and not isinstance(node, Hangup):
            run.stop_listening()
            return Go(target)
        if isinstance(node, Say) and node.next is None:
            return say.unheard(run)
        return self._prompt_over()

    def _prompt_over(self) -> Move:
        match self._here():
            case Say() as node:
                return say.finished(node)
            case Menu() | Collect() as node:
                return asking.finished(self._run, node)
            case Hangup() as node:
                return hangup.finished(node)
            case _:
                return STAY

    def _pressed(self, pressed: DigitPressed) -> Move:
        state, digit = self._run.state, pressed.digit
        if digit not in KEYS or state.phase not in (Phase.PROMPT, Phase.INPUT):
            return STAY
        if pressed.at < state.drop_before:
            return STAY
        limits.caller_acted(self._run)
        node = self._here()
        expected, state.late_terminator = state.late_terminator, ""
        late = digit == expected and state.now <= state.late_terminator_until
        if late and not (isinstance(node, Menu) and menu.wants(node, digit)):
            return STAY
        match node:
            case Say() as node:
                return say.pressed(self._run, node, digit)
            case Menu() | Collect() as node:
                return asking.pressed(self._run, node, digit)
            case _:
                return STAY

    def _heard(self, speech: SpeechStarted | SpeechHeard) -> Move:
        node, state = self._here(), self._run.state
        if not isinstance(node, Menu | Collect) or not state.listening or speech.listen != state.listens:
            return STAY
        if isinstance(speech, SpeechStarted):
            return asking.speech_started(self._run)
        return asking.heard(self._run, node, speech.text, speech.confidence)

    def _returned(self, back: QueueLeft | TransferEnded) -> Move:
        if back.outcome in (QueueOutcome.ANSWERED, TransferOutcome.ANSWERED):
            limits.caller_acted(self._run)
        match (self._run.state.phase, self._here(), back):
            case (Phase.QUEUE, Queue() as node, QueueLeft(outcome)):
                return queue.left(self._run, node, outcome)
            case (Phase.TRANSFER, Transfer() as node, TransferEnded(ended)):
                return transfer.ended(self._run, node, ended)
            case _:
                return STAY

    def _here(self) -> Node | None:
        return self.flow.nodes.get(self._run.state.node)

    def _follow(self, move: Move) -> None:
        while isinstance(move, Go):
            move = self._enter(move.target)
        if isinstance(move, End):
            self._finish(move.cause)
            self._run.order(HangUp(move.cause))
        self._run.skipped.clear()

    def _enter(self, name: str) -> Move:
        run = self._run
        run.state.node = name
        if (way_out := limits.entered(run, name)) is not None:
            return way_out
        node = self.flow.nodes[name]
        run.note(Fact.NODE_ENTERED, ("kind", KINDS[type(node)]))
        run.conceal(isinstance(node, Collect) and node.variable in self.flow.secrets)
        match node:
            case Say():
                return say.enter(run, node)
            case Menu() | Collect():
                return asking.enter(run, node)
            case Queue():
                return queue.enter(run, node)
            case Transfer():
                return transfer.enter(run, node)
            case Hangup():
                return hangup.enter(run, node)
            case HoursBranch() | VariableBranch():
                return branch.enter(run, node)
            case _:
                assert_never(node)

    def _finish(self, cause: HangupCause) -> None:
        state = self._run.state
        self._run.stop_listening()
        self._run.conceal(False)
        state.phase = Phase.ENDED
        state.cause = cause
        state.deadline = None
        self._run.note(Fact.ENDED, ("cause", cause.value))


def _made_at(received: Input, now: float) -> float:
    """When something happened: keys and speech know it themselves."""
    return min(received.at, now) if isinstance(received, DigitPressed | SpeechStarted | SpeechHeard) else now
