"""A session as node handlers see it: state, clock and the orders gathered so far."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import CALLER_VARIABLES, Flow
from ivr_flows.definition.node import Node
from ivr_flows.definition.prompts import Prompt, Speech
from ivr_flows.engine.effort import effort
from ivr_flows.engine.inputs import ListenId, PlaybackId, RequestId
from ivr_flows.engine.instructions import (
    Answer,
    AskOutside,
    Conceal,
    Enqueue,
    Fact,
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
from ivr_flows.engine.moves import End, Go, Move
from ivr_flows.engine.requests import CALLED, OutsideRequest
from ivr_flows.engine.state import Activation, Phase, State
from ivr_flows.expressions.functions import Scope

TYPE_AHEAD_LIMIT = 32
MAX_DEPTH = 8
REQUEST_GRACE_S = 1.0
MASK = "*"

NEEDS_AN_ANSWER = (StartPlayback, Listen, Enqueue, Transfer, Record, PlayKeys)


class Run:
    """Used by one session at a time; the orders are taken away after every resume."""

    __slots__ = ("_orders", "_wants", "flow", "root", "skipped", "state")

    def __init__(self, flow: Flow, state: State, wants: Callable[[Node, str], bool]) -> None:
        self.root = flow
        self.flow = flow.named(state.flow or flow.name)
        self.state = state
        self._wants = wants
        self.skipped: set[str] = set()
        self._orders: list[Instruction] = []

    @property
    def wall_clock(self) -> datetime:
        """The wall clock of this moment: what the call started with, moved on by the monotonic clock."""
        state = self.state
        if state.wall_clock is None:
            raise RuntimeError("a session has no wall clock before it was started")
        return state.wall_clock + timedelta(seconds=state.now - state.started_at)

    @property
    def scope(self) -> Scope:
        """What an expression sees at this moment."""
        flow = self.flow
        now = self.wall_clock.astimezone(flow.zone)
        return Scope(self.state.variables, flow.types, flow.calendars, flow.lists, now, effort(self.state))

    @property
    def language(self) -> str:
        """The language that the caller hears: the one chosen, else the flow's own."""
        return self.state.language or self.flow.language

    @property
    def speech(self) -> Speech:
        language = self.language
        return Speech(language, self.flow.catalogues.get(language, {}))

    def phrases(self, phrases: Iterable[str]) -> tuple[str, ...]:
        """Return what callers may say, in the language that they hear."""
        catalogue = self.flow.phrases.get(self.language, {})
        return tuple(said for phrase in phrases for said in catalogue.get(phrase, (phrase,)))

    def begin(self, name: str, arguments: Mapping[str, str]) -> Move:
        """Enter another flow, which comes back to this very node."""
        state = self.state
        if len(state.waiting) >= MAX_DEPTH:
            self.note(Fact.FAILED, ("reason", "too many flows within each other"))
            return End(HangupCause.FLOW_FAILED)
        state.waiting.append(Activation(self.flow.name, state.node, state.variables))
        told = {name: value for name, value in state.variables.items() if name in CALLER_VARIABLES}
        self._switch_to(name)
        state.variables = {**self.flow.variables, **told, **arguments}
        return Go(self.flow.start)

    def come_back(self) -> tuple[tuple[str, str], ...] | None:
        """Take up the flow that began this one; returns what this one leaves, None when there was none."""
        state = self.state
        if not state.waiting:
            return None
        left, below = tuple(state.variables.items()), state.waiting.pop()
        self._switch_to(below.flow)
        state.node, state.variables = below.node, below.variables
        return left

    def _switch_to(self, name: str) -> None:
        self.state.flow = name
        self.flow = self.root.named(name)
        self.skipped.clear()

    def take_orders(self) -> tuple[Instruction, ...]:
        orders = tuple(self._orders)
        self._orders.clear()
        return orders

    def order(self, instruction: Instruction) -> None:
        if self.state.gone and not isinstance(instruction, Note | AskOutside):
            return
        if isinstance(instruction, Enqueue | Transfer):
            self.state.handed_on += 1
        if not self.state.answered and isinstance(instruction, NEEDS_AN_ANSWER):
            self.state.answered = True
            self._orders.append(Answer())
        self._orders.append(instruction)

    def note(self, fact: Fact, *fields: tuple[str, str | int]) -> None:
        self._orders.append(Note(fact, (("flow", self.flow.name), ("node", self.state.node), *fields)))

    def play(self, prompt: Prompt, *, barge_in: bool, loop: bool = False) -> bool:
        """Start a prompt, or return False when there is nothing to be heard, or nobody to hear it."""
        state = self.state
        if state.gone:
            return False
        segments = prompt.fill(state.variables, self.speech)
        if not segments:
            return False
        state.playback += 1
        state.barge_in = barge_in
        state.phase = Phase.PROMPT
        state.deadline = None
        own = None if self.flow is self.root else self.flow.voice
        voice = self.flow.voices.get(self.language, own)
        self.order(StartPlayback(PlaybackId(state.playback), segments, barge_in, loop, voice))
        return True

    def stop_playback(self) -> None:
        self.order(StopPlayback(PlaybackId(self.state.playback)))

    def interrupt(self, by: str) -> None:
        self.stop_playback()
        self.note(Fact.PROMPT_INTERRUPTED, ("by", by))

    def listen(self, phrases: tuple[str, ...], *, anything: bool = False) -> None:
        if (phrases or anything) and not self.state.listening:
            self.state.listening = True
            self.state.listens += 1
            self.order(Listen(ListenId(self.state.listens), phrases, anything))

    def stop_listening(self) -> None:
        if self.state.listening:
            self.state.listening = False
            self.order(StopListening())

    def request(self, wanted: OutsideRequest, timeout_s: float) -> None:
        """Ask the outside for something, and wait for the answer."""
        state = self.state
        state.requests += 1
        state.phase = Phase.REQUEST
        # the shell answers in time; should it not, the flow goes on all the same
        state.deadline = state.now + timeout_s + REQUEST_GRACE_S
        self.note(Fact.REQUESTED, ("what", CALLED[type(wanted)]))
        self.order(AskOutside(RequestId(state.requests), wanted, timeout_s))

    def conceal(self, on: bool) -> None:
        if self.state.concealed != on:
            self.state.concealed = on
            self.order(Conceal(on))

    def forget_digits(self) -> None:
        """Empty the type-ahead buffer; digits pressed until now that are still under way go with it."""
        self.state.typed_ahead = ""
        self.state.drop_before = self.state.now

    def shown(self, variable: str, value: str) -> str:
        """Return a value as anybody may see it."""
        return MASK * len(value) if variable in self.flow.secrets else value

    def set_variable(self, variable: str, value: str) -> None:
        self.state.variables[variable] = value
        self.note(Fact.VARIABLE_SET, ("variable", variable), ("value", self.shown(variable, value)))

    def wants(self, target: str, key: str) -> bool:
        """Tell whether a node asks for this very key."""
        node = self.flow.nodes.get(target)
        return node is not None and self._wants(node, key)

    def type_ahead(self, digit: str) -> None:
        """Keep a digit for a node to come; when the buffer is full the new digit is dropped."""
        if len(self.state.typed_ahead) < TYPE_AHEAD_LIMIT:
            self.state.typed_ahead += digit

    def leave(self, target: str | None, reason: HangupCause = HangupCause.FLOW_FAILED) -> Move:
        """Take a node's own way out, else the flow's `otherwise`, else end the call for the given reason."""
        return Go(target) if target is not None else self.fall_back(None, reason)

    def fall_back(self, own: str | None, reason: HangupCause) -> Move:
        """Take a node's own `otherwise`, else the flow's, else end the call; never back into the node."""
        fallback = own or self.flow.otherwise or self.flow.operator
        if fallback is None or fallback == self.state.node:
            return End(reason)
        self.note(Fact.FELL_BACK, ("reason", reason.value), ("to", fallback))
        return Go(fallback)
