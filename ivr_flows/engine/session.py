"""One caller's way through a flow: `resume` with an input, get orders, wait for the next input.

The session never looks at a clock: `now` comes in with every input and must not run backwards. Keys and
speech are judged by the moment at which they were made, however late they are told. An input made after
`deadline()` finds the timeout already taken into account, whether or not a `Tick` was delivered; one made
exactly at the deadline, and told before the Tick, counts for the caller. What was made before the type-ahead
buffer was last emptied, and speech of another `Listen`, is stale and dropped.
"""

from collections.abc import Mapping
from typing import Any

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.definition.node import Node
from ivr_flows.engine import limits
from ivr_flows.engine.effort import effort, waited_s
from ivr_flows.engine.events import Event, PromptOver, Returned, TimedOut
from ivr_flows.engine.inputs import (
    DigitPressed,
    HungUp,
    Input,
    PlaybackFailed,
    PlaybackFinished,
    QueueLeft,
    QueueOutcome,
    RequestDone,
    SpeechHeard,
    SpeechStarted,
    Started,
    Tick,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import Fact, HangUp, Instruction
from ivr_flows.engine.moves import STAY, Back, End, Go, Move
from ivr_flows.engine.run import MASK, Run
from ivr_flows.engine.state import Phase, State
from ivr_flows.kinds.catalogue import KIND_OF
from ivr_flows.kinds.declare import Kind

KEYS = frozenset("0123456789*#ABCD")


class Session:
    """A pure state machine over one frozen flow; not shared between tasks."""

    __slots__ = ("_run", "flow")

    def __init__(self, flow: Flow, variables: Mapping[str, str] | None = None) -> None:
        self.flow = flow
        self._run = Run(flow, State(variables={**flow.variables, **(variables or {})}), _wants)

    @classmethod
    def restored(cls, flow: Flow, state: State) -> "Session":
        """Return a session that goes on from a state; see `serial.session_from_json`."""
        session = cls(flow)
        session._run = Run(flow, state, _wants)
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
    def present_flow(self) -> Flow:
        """The flow that the caller is in: this one, or one that it led to."""
        return self._run.flow

    @property
    def present_node(self) -> Node | None:
        return self._here()

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

    @property
    def works_after_hang_up(self) -> bool:
        """Whether the present flow, or one that it comes back to, has something to do then."""
        state, root = self._run.state, self._run.root
        flows = (self._run.flow, *(root.named(below.flow) for below in state.waiting))
        return state.phase is not Phase.NEW and any(flow.hung_up is not None for flow in flows)

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
        secrets = self._run.flow.secrets
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
        self._go_on_without_caller()
        limits.account(self._run)
        return self._run.take_orders()

    def _handle(self, received: Input) -> Move:
        match received:
            case Started():
                return self._start(received)
            case HungUp():
                return self._hung_up()
            case Tick():
                return self._tick()
            case PlaybackFinished():
                return self._tell(PromptOver()) if self._is_playing(received) else STAY
            case PlaybackFailed():
                return self._playback_failed(received)
            case DigitPressed():
                return self._pressed(received)
            case SpeechStarted() | SpeechHeard():
                return self._tell(received) if self._is_listening(received) else STAY
            case _:
                return self._back(received)

    def _hung_up(self) -> Move:
        """The second time nobody waits for the rest any more."""
        if self._run.state.gone or not self.works_after_hang_up:
            self._finish(HangupCause.CALLER_LEFT)
            return STAY
        self._run.stop_listening()
        self._run.conceal(False)
        self._run.state.gone = True
        return STAY

    def _go_on_without_caller(self) -> None:
        """Nobody can be asked any more: a node that would is where this way ends."""
        state = self._run.state
        while state.gone and state.phase not in (Phase.REQUEST, Phase.ENDED):
            target = self._clear_up()
            if target is None:
                self._finish(HangupCause.CALLER_LEFT)
            else:
                self._follow(Go(target))

    def _clear_up(self) -> str | None:
        """What is to be done without the caller; None once it was, or when there is nothing."""
        run = self._run
        if run.state.cleared_up:
            return None
        run.state.cleared_up = True
        while run.flow.hung_up is None:
            if run.come_back() is None:
                return None
        return run.flow.hung_up

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
        return self._tell(TimedOut())

    def _is_playing(self, told: PlaybackFinished | PlaybackFailed) -> bool:
        return self.phase is Phase.PROMPT and told.playback == self._run.state.playback

    def _is_listening(self, speech: SpeechStarted | SpeechHeard) -> bool:
        state = self._run.state
        return state.listening and speech.listen == state.listens

    def _playback_failed(self, failed: PlaybackFailed) -> Move:
        """A prompt that is not heard costs the prompt, never the call."""
        run, node = self._run, self._here()
        if not self._is_playing(failed) or node is None:
            return STAY
        run.note(Fact.PROMPT_FAILED, ("reason", failed.reason))
        target = _way_when_failed(node) or run.flow.failed
        if target is None or target == node.name or KIND_OF[type(node)].ends:
            return self._tell(PromptOver(heard=False))
        run.stop_listening()
        return Go(target)

    def _pressed(self, pressed: DigitPressed) -> Move:
        state, digit = self._run.state, pressed.digit
        if digit not in KEYS or state.phase not in (Phase.PROMPT, Phase.INPUT):
            return STAY
        if pressed.at < state.drop_before:
            return STAY
        limits.caller_acted(self._run)
        state.keys += 1
        expected, state.late_terminator = state.late_terminator, ""
        late = digit == expected and state.now <= state.late_terminator_until
        if late and not self._run.wants(state.node, digit):
            return STAY
        return self._tell(pressed)

    def _back(self, event: Event) -> Move:
        """Something that the flow had sent the caller to, or asked for, is over."""
        state = self._run.state
        if isinstance(event, RequestDone):
            if state.phase is not Phase.REQUEST or event.request != state.requests:
                return STAY
            state.deadline = None
            self._run.note(Fact.REQUEST_DONE, ("outcome", event.outcome.value))
        if isinstance(event, QueueLeft | TransferEnded) and event.outcome in _WITH_SOMEBODY:
            limits.caller_acted(self._run)
        return self._tell(event)

    def _tell(self, event: Event) -> Move:
        node = self._here()
        return STAY if node is None else KIND_OF[type(node)].resume(self._run, node, event)

    def _here(self) -> Node | None:
        return self._run.flow.nodes.get(self._run.state.node)

    def _follow(self, move: Move) -> None:
        while isinstance(move, Go | Back):
            move = self._enter(move.target) if isinstance(move, Go) else self._come_back()
        if isinstance(move, End) and self._run.state.gone:
            self._run.state.phase = Phase.NEW
        elif isinstance(move, End):
            self._finish(move.cause)
            self._run.order(HangUp(move.cause))
        self._run.skipped.clear()

    def _come_back(self) -> Move:
        values = self._run.come_back()
        return End(HangupCause.NORMAL) if values is None else self._tell(Returned(values))

    def _enter(self, name: str) -> Move:
        run = self._run
        run.state.node = name
        if (way_out := limits.entered(run, name)) is not None:
            return way_out
        node = run.flow.nodes[name]
        kind: Kind[Any] = KIND_OF[type(node)]
        run.note(Fact.NODE_ENTERED, ("kind", kind.word))
        run.conceal(name in run.flow.concealed)
        return kind.enter(run, node)

    def _finish(self, cause: HangupCause) -> None:
        state = self._run.state
        self._run.stop_listening()
        self._run.conceal(False)
        state.phase = Phase.ENDED
        state.cause = cause
        state.deadline = None
        self._run.note(Fact.EFFORT, *_effort_of(state))
        self._run.note(Fact.ENDED, ("cause", cause.value))


def _effort_of(state: State) -> tuple[tuple[str, int], ...]:
    parts = {"keys": state.keys, "prompts": state.playback, "repeats": state.repeats}
    waited = {"handed_on": state.handed_on, "waited_s": round(waited_s(state))}
    return (("effort", effort(state)), *parts.items(), *waited.items())


def _made_at(received: Input, now: float) -> float:
    """When something happened: keys and speech know it themselves."""
    return min(received.at, now) if isinstance(received, DigitPressed | SpeechStarted | SpeechHeard) else now


_WITH_SOMEBODY = (QueueOutcome.ANSWERED, TransferOutcome.ANSWERED)


def _way_when_failed(node: Node) -> str | None:
    """The node's own way for a prompt that cannot be played; a question has it among its ways."""
    own: str | None = getattr(getattr(node, "ways", node), "failed", None)
    return own


def _wants(node: Node, key: str) -> bool:
    return KIND_OF[type(node)].wants(node, key)
