"""The engine is fast enough that flows never matter beside the sound."""

import time
from datetime import UTC, datetime
from pathlib import Path

from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import DigitPressed, Input, PlaybackFinished, PlaybackId, Started, Tick
from ivr_flows.engine.session import Session
from ivr_flows.loader import load_flow, parse_flow
from tests.ivr_flows.conftest import JUST_NOW

LIBRARY = Path(__file__).parents[2] / "ivr_flows" / "library"
STARTED = Started(datetime(2026, 11, 23, 12, tzinfo=UTC))
SCRIPT: tuple[Input | None, ...] = (
    None,
    *(DigitPressed(digit, JUST_NOW) for digit in "34711"),
    None,
    None,
    Tick(),
    DigitPressed("2", JUST_NOW),
    None,
    None,
)
RUNS = 200


def one_call(flow: Flow) -> Session:
    session, now = Session(flow), 0.0
    session.resume(STARTED, now)
    for received in SCRIPT:
        now = max(now + 0.4, session.answer_due() or 0.0) if isinstance(received, Tick) else now + 0.4
        session.resume(received or PlaybackFinished(PlaybackId(session.state.playback)), now)
    return session


def test_ten_thousand_steps_a_second() -> None:
    flow = load_flow(LIBRARY / "welcome.yaml")
    assert one_call(flow).node == "main"
    # processor time, not wall time: other tests may be running beside this one
    began = time.process_time()
    for _ in range(RUNS):
        one_call(flow)
    steps = RUNS * (len(SCRIPT) + 1)
    assert steps / (time.process_time() - began) >= 10_000


def test_a_flow_of_five_hundred_nodes_is_checked_within_two_seconds() -> None:
    nodes = "".join(f"  n{i}: {{say: This is node {i}., next: n{i + 1}}}\n" for i in range(500))
    text = f"flow: big\nstart: n0\nnodes:\n{nodes}  n500: {{hangup: normal}}\n"
    began = time.process_time()
    assert parse_flow(text.encode(), "big.yaml").findings == ()
    assert time.process_time() - began < 2.0
