"""A session written to JSON and read back goes on as if nothing had happened."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.engine.inputs import (
    DigitPressed,
    Input,
    ListenId,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    SpeechHeard,
    Started,
    Tick,
)
from ivr_flows.engine.instructions import Fact, Instruction, Note
from ivr_flows.engine.serial import SessionDataError, session_from_json, session_to_json
from ivr_flows.engine.session import Session
from ivr_flows.loader import parse_flow
from tests.ivr_flows.conftest import JUST_NOW, CallMaker

LOADED = parse_flow(
    b"""
flow: test
start: greet
operator: bye
nodes:
  greet: {say: Hello., next: ask}
  ask: {collect: pin, prompt: PIN?, digits: 2-4, secret: true, next: choose}
  choose: {menu: Choose., options: {1: number, 12: bye, three: ask}}
  number: {collect: number, prompt: Number?, digits: 3, next: choose}
  bye: {queue: sales, next: greet}
""",
    "test.yaml",
).flow
assert LOADED is not None
FLOW = LOADED

SPOKEN = SpeechHeard("three", ListenId(1), JUST_NOW)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def pressed(digit: str) -> DigitPressed:
    return DigitPressed(digit, JUST_NOW)


Steps = list[tuple[Input, float]]


def steps() -> st.SearchStrategy[Steps]:
    return st.lists(
        st.tuples(
            st.sampled_from([*map(pressed, "0123#*"), Tick(), SPOKEN, PlaybackFinished(PlaybackId(0))]),
            st.sampled_from([0.0, 0.25, 2.5, 6.0]),
        ),
        max_size=25,
    )


def play(session: Session, received: Input, now: float) -> tuple[Instruction, ...]:
    if isinstance(received, PlaybackFinished):
        received = PlaybackFinished(PlaybackId(session.state.playback))
    return session.resume(received, now)


@given(before=steps(), after=steps(), offset=st.sampled_from([-500.0, 0.0, 1e6]))
def test_a_restored_session_gives_the_same_orders_on_another_clock(
    before: Steps, after: Steps, offset: float
) -> None:
    session, now = Session(FLOW), 1000.0
    session.resume(Started(datetime(2026, 11, 23, tzinfo=UTC)), now)
    for received, gap in before:
        now += gap
        play(session, received, now)
    twin = session_from_json(FLOW, session_to_json(session, with_secrets=True), now + offset, NOON)
    for received, gap in after:
        now += gap
        assert play(session, received, now) == play(twin, received, now + offset)


def test_secrets_and_digits_that_may_be_one_are_not_written(call: CallMaker) -> None:
    line = call(
        "start: {collect: pin, prompt: PIN?, digits: 4, secret: true, next: ask}\n"
        "ask: {collect: code, prompt: Code?, digits: 4, secret: true, next: start}"
    )
    line.press("7391")
    line.press("84", gap_s=0.5)
    text = session_to_json(line.session)
    assert "7391" not in text
    assert "84" not in json.loads(text)["state"]["entry"]
    restored = session_from_json(line.session.flow, text, 0.0, NOON)
    assert restored.value("pin") == ""
    assert restored.node == "ask"
    whole = session_from_json(line.session.flow, session_to_json(line.session, with_secrets=True), 0.0, NOON)
    assert whole.value("pin") == "7391"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"format": 2}', '{"format": 1, "flow": "other", "state": {}}', "[" * 100_000],
)
def test_what_is_no_session_of_this_flow_is_refused(text: str) -> None:
    with pytest.raises(SessionDataError):
        session_from_json(FLOW, text, 0.0, NOON)


def test_a_session_at_a_node_that_is_gone_is_refused(call: CallMaker) -> None:
    line = call("start: {menu: Choose., options: {1: start}}")
    text = session_to_json(line.session)
    data = json.loads(text)
    data["state"]["node"] = "gone"
    with pytest.raises(SessionDataError, match="gone"):
        session_from_json(line.session.flow, json.dumps(data), 0.0, NOON)


@pytest.mark.parametrize("moment", ["1" + "0" * 400, "1e15", "-1e300", "1e999", "NaN"])
@pytest.mark.parametrize("name", ["started_at", "deadline", "spent_s"])
def test_a_moment_beyond_every_clock_is_refused_or_read(call: CallMaker, name: str, moment: str) -> None:
    session = call("start: {menu: Choose., options: {1: start}}").session
    data = json.loads(session_to_json(session))
    data["state"][name] = "HERE"
    text = json.dumps(data).replace('"HERE"', moment)
    try:
        session_from_json(session.flow, text, 0.0, NOON)
    except SessionDataError:
        return
    assert moment.endswith(("15", "300"))


def test_what_a_caller_waited_is_still_known_when_another_process_goes_on(call: CallMaker) -> None:
    line = call("start: {queue: sales, next: ask}\nask: {menu: Choose., options: {1: bye}}\nbye: {hangup: }")
    line.send(QueueLeft(QueueOutcome.ANSWERED), 60.0)
    text = session_to_json(line.session)
    elsewhere = session_from_json(line.session.flow, text, 5.0, NOON)
    orders = elsewhere.resume(DigitPressed("1", 6.0), 6.0)
    effort = next(order for order in orders if isinstance(order, Note) and order.fact is Fact.EFFORT)
    assert effort.field("waited_s") == 60


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
)
def test_any_other_value_in_a_field_is_refused_or_read(value: object) -> None:
    text = json.loads(session_to_json(Session(FLOW)))
    for name in text["state"]:
        broken = {**text, "state": {**text["state"], name: value}}
        try:
            session_from_json(FLOW, json.dumps(broken), 0.0, NOON)
        except SessionDataError:
            continue
