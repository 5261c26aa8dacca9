"""A caller on a virtual clock, and flows written in the test that needs them."""

import math
import textwrap
from datetime import UTC, datetime
from typing import Protocol

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import (
    DigitPressed,
    Input,
    ListenId,
    PlaybackFinished,
    PlaybackId,
    SpeechHeard,
    Started,
    Tick,
)
from ivr_flows.engine.instructions import Fact, HangUp, Instruction, Listen, Note, StartPlayback, StopPlayback
from ivr_flows.engine.session import Session
from ivr_flows.findings import Finding
from ivr_flows.loader import parse_flow
from ivr_flows.simulator_view import heard

JUST_NOW = math.inf
"""When something was pressed or said that is told at once; never later than it is told."""

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Line:
    """One simulated caller; every method returns the orders that it led to, and `orders` holds them all."""

    def __init__(self, session: Session, wall_clock: datetime = NOON) -> None:
        self.session = session
        self.now = 1000.0
        self.orders: list[Instruction] = []
        self.send(Started(wall_clock))

    def send(self, received: Input, after_s: float = 0.0) -> tuple[Instruction, ...]:
        self.now += after_s
        orders = self.session.resume(received, self.now)
        self.orders += orders
        return orders

    def press(self, digits: str, gap_s: float = 0.2) -> tuple[Instruction, ...]:
        orders: tuple[Instruction, ...] = ()
        for digit in digits:
            orders += self.send(DigitPressed(digit, self.now + gap_s), gap_s)
        return orders

    def say(self, text: str, confidence: float = 1.0) -> tuple[Instruction, ...]:
        return self.send(SpeechHeard(text, self.listen, self.now + 1.0, confidence), 1.0)

    def hear_out(self) -> tuple[Instruction, ...]:
        return self.send(PlaybackFinished(self.playing.playback), 2.0)

    def wait(self) -> tuple[Instruction, ...]:
        deadline = self.session.deadline()
        assert deadline is not None, "nothing to wait for"
        self.now = deadline
        return self.send(Tick())

    @property
    def listen(self) -> ListenId:
        """The last listening that was ordered."""
        return max((order.listen for order in self.orders if isinstance(order, Listen)), default=ListenId(0))

    @property
    def playing(self) -> StartPlayback:
        return next(order for order in reversed(self.orders) if isinstance(order, StartPlayback))

    @property
    def heard(self) -> list[str]:
        plays = (order for order in self.orders if isinstance(order, StartPlayback))
        return [" ".join(heard(part) for part in play.segments) for play in plays]

    @property
    def node(self) -> str:
        return self.session.node

    @property
    def nodes(self) -> list[str]:
        return [str(note.field("node")) for note in self.notes(Fact.NODE_ENTERED)]

    def notes(self, fact: Fact) -> list[Note]:
        return [order for order in self.orders if isinstance(order, Note) and order.fact is fact]

    @property
    def stopped(self) -> list[PlaybackId]:
        return [order.playback for order in self.orders if isinstance(order, StopPlayback)]

    @property
    def hung_up(self) -> HangupCause | None:
        return next((order.cause for order in self.orders if isinstance(order, HangUp)), None)


class FlowMaker(Protocol):
    """From nodes (and keys of the flow) to a flow without errors."""

    def __call__(self, nodes: str, top: str = "") -> Flow: ...


class CallMaker(Protocol):
    """From nodes to a caller who has just been answered."""

    def __call__(
        self, nodes: str, top: str = "", *, wall_clock: datetime = NOON, **variables: str
    ) -> Line: ...


class LineMaker(Protocol):
    """From a flow to a caller who has just been answered."""

    def __call__(self, flow: Flow, wall_clock: datetime = NOON) -> Line: ...


class FindingsOf(Protocol):
    """From nodes (and keys of the flow) to what is found wrong with them."""

    def __call__(self, nodes: str, top: str = "") -> tuple[Finding, ...]: ...


def written(nodes: str, top: str = "") -> str:
    body = textwrap.indent(textwrap.dedent(nodes).strip(), "  ")
    return f"flow: test\nstart: start\n{textwrap.dedent(top)}\nnodes:\n{body}\n"


@pytest.fixture
def flow_of() -> FlowMaker:
    """Return a function from nodes (and keys of the flow) to a flow without errors."""

    def build(nodes: str, top: str = "") -> Flow:
        loaded = parse_flow(written(nodes, top).encode(), "test.yaml")
        assert loaded.flow is not None, "\n".join(map(str, loaded.findings))
        return loaded.flow

    return build


@pytest.fixture
def call(flow_of: FlowMaker) -> CallMaker:
    """Return a function from nodes to a caller who has just been answered."""

    def start(nodes: str, top: str = "", *, wall_clock: datetime = NOON, **variables: str) -> Line:
        return Line(Session(flow_of(nodes, top), variables), wall_clock)

    return start


@pytest.fixture
def line_of() -> LineMaker:
    """Return a function from a flow to a caller who has just been answered."""

    def start(flow: Flow, wall_clock: datetime = NOON) -> Line:
        return Line(Session(flow), wall_clock)

    return start


@pytest.fixture
def findings_of() -> FindingsOf:
    """Return a function from nodes (and keys of the flow) to what is found wrong with them."""

    def check(nodes: str, top: str = "") -> tuple[Finding, ...]:
        return parse_flow(written(nodes, top).encode(), "test.yaml").findings

    return check
