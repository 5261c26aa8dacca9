"""The rest of the engine: saying, queueing, transferring, branching, ending, and never running away."""

from datetime import UTC, datetime

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.targets import AgentTarget, NumberTarget, SipTarget, SkillLevel, TransferTarget
from ivr_flows.engine.inputs import (
    DigitPressed,
    HungUp,
    ListenId,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    SpeechHeard,
    SpeechStarted,
    Started,
    Tick,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import Enqueue, Fact, HangUp, Note, StartPlayback, Transfer
from ivr_flows.engine.session import Session
from ivr_flows.segments import Digits, Music, Number, Pause, Text
from tests.ivr_flows.conftest import JUST_NOW, CallMaker, FlowMaker

EVERY_INPUT = (
    PlaybackFinished(PlaybackId(1)),
    DigitPressed("1", JUST_NOW),
    DigitPressed("x", JUST_NOW),
    SpeechStarted(ListenId(1), JUST_NOW),
    SpeechHeard("hello", ListenId(1), JUST_NOW),
    Tick(),
    QueueLeft(QueueOutcome.ANSWERED),
    TransferEnded(TransferOutcome.ANSWERED),
)


def test_a_say_plays_its_pieces_in_order_and_goes_on(call: CallMaker) -> None:
    line = call(
        """
        start:
          say: [Hello., {pause: 250ms}, {digits: "407"}, {number: "12"}, {music: hold}]
          next: bye
        bye: {hangup: normal}
        """
    )
    assert line.playing.segments == (Text("Hello."), Pause(250), Digits("407"), Number(12), Music("hold"))
    line.hear_out()
    assert line.hung_up is HangupCause.NORMAL


def test_variables_are_filled_in_and_braces_can_be_written(call: CallMaker) -> None:
    line = call(
        'start: {say: ["You are {caller_name} {{really}}", {digits: "{caller_number}"}], next: bye}\n'
        "bye: {hangup: }",
        caller_name="Ada",
        caller_number="+44 20",
    )
    assert line.playing.segments == (Text("You are Ada {really}"), Digits("4420"))


def test_a_say_that_has_become_empty_is_passed_over(call: CallMaker) -> None:
    line = call('start: {say: "{caller_name}", next: bye}\nbye: {hangup: normal}')
    assert line.heard == []
    assert line.hung_up is HangupCause.NORMAL


def test_a_looped_say_without_a_way_on_ignores_digits(call: CallMaker) -> None:
    line = call("start: {say: Again., loop: true}")
    assert line.playing.loop
    assert line.press("1") == ()


def test_a_queue_is_entered_with_everything_the_flow_says(call: CallMaker) -> None:
    line = call(
        """
        start:
          queue: support
          skills: {support: 3, german: 5}
          priority: 7
          announce_every: 30s
          max_wait: 2m
        """
    )
    assert line.orders[-1] == Enqueue(
        queue="support",
        skills=(SkillLevel("support", 3), SkillLevel("german", 5)),
        priority=7,
        music=Music("hold"),
        announce_every_s=30.0,
        max_wait_s=120.0,
    )


QUEUE = """
start: {queue: support, max_wait: 10s, next: thanks, overflow: busy, otherwise: nobody}
thanks: {hangup: normal}
busy: {hangup: congestion}
nobody: {hangup: unavailable}
"""


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (QueueOutcome.ANSWERED, HangupCause.NORMAL),
        (QueueOutcome.OVERFLOW, HangupCause.CONGESTION),
        (QueueOutcome.NOBODY, HangupCause.UNAVAILABLE),
        (QueueOutcome.FAILED, HangupCause.UNAVAILABLE),
    ],
)
def test_each_way_out_of_a_queue_has_its_own_next_node(
    call: CallMaker, outcome: QueueOutcome, cause: HangupCause
) -> None:
    line = call(QUEUE)
    line.send(QueueLeft(outcome), 5.0)
    assert line.hung_up is cause


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (QueueOutcome.ANSWERED, HangupCause.NORMAL),
        (QueueOutcome.OVERFLOW, HangupCause.QUEUE_OVERFLOW),
        (QueueOutcome.NOBODY, HangupCause.NOBODY_TO_SERVE),
        (QueueOutcome.FAILED, HangupCause.QUEUE_FAILED),
    ],
)
def test_without_a_next_node_the_call_ends_with_the_reason(
    call: CallMaker, outcome: QueueOutcome, cause: HangupCause
) -> None:
    line = call("start: {queue: support}")
    line.send(QueueLeft(outcome), 5.0)
    assert line.hung_up is cause


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("sip:bob@example.com", SipTarget("sip:bob@example.com")),
        ("+44 20 7946 0000", NumberTarget("+442079460000")),
        ("{agent: alice}", AgentTarget("alice")),
        ("{number: 0800-123}", NumberTarget("0800123")),
        ("{sip: 'sips:a@b'}", SipTarget("sips:a@b")),
    ],
)
def test_a_transfer_goes_to_an_address_a_number_or_an_agent(
    call: CallMaker, written: str, target: TransferTarget
) -> None:
    line = call(f"start:\n  transfer: {written}\n  ring_for: 20s")
    assert line.orders[-1] == Transfer(target, 20.0)


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (TransferOutcome.ANSWERED, HangupCause.NORMAL),
        (TransferOutcome.BUSY, HangupCause.BUSY),
        (TransferOutcome.NO_ANSWER, HangupCause.BUSY),
        (TransferOutcome.FAILED, HangupCause.BUSY),
    ],
)
def test_a_transfer_that_was_not_answered_leaves_by_failed(
    call: CallMaker, outcome: TransferOutcome, cause: HangupCause
) -> None:
    line = call("start: {transfer: 'sip:a@b', failed: sorry}\nsorry: {hangup: busy}")
    line.send(TransferEnded(outcome), 5.0)
    assert line.hung_up is cause


def test_the_last_prompt_is_heard_to_its_end(call: CallMaker) -> None:
    line = call("start: {hangup: rejected, prompt: Goodbye.}")
    line.press("123")
    assert line.hung_up is None
    line.hear_out()
    assert line.hung_up is HangupCause.REJECTED


HOURS = """
start: {branch: {hours: office}, open: yes_open, closed: not_open}
yes_open: {hangup: normal}
not_open: {hangup: unavailable}
"""
OFFICE = "hours: {office: {zone: Europe/London, week: {mon-fri: 09:00-17:30}, closed: [2026-12-25]}}"


@pytest.mark.parametrize(
    ("utc", "cause"),
    [
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), HangupCause.NORMAL),
        (datetime(2026, 11, 23, 8, 59, 59, tzinfo=UTC), HangupCause.UNAVAILABLE),
        (datetime(2026, 11, 23, 17, 29, 59, tzinfo=UTC), HangupCause.NORMAL),
        (datetime(2026, 11, 23, 17, 30, tzinfo=UTC), HangupCause.UNAVAILABLE),
        (datetime(2026, 7, 6, 8, 30, tzinfo=UTC), HangupCause.NORMAL),
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), HangupCause.UNAVAILABLE),
        (datetime(2026, 12, 25, 12, 0, tzinfo=UTC), HangupCause.UNAVAILABLE),
    ],
)
def test_hours_are_judged_by_the_clock_of_their_zone(
    call: CallMaker, utc: datetime, cause: HangupCause
) -> None:
    assert call(HOURS, OFFICE, wall_clock=utc).hung_up is cause


def test_hours_are_judged_when_the_branch_is_reached_not_when_the_call_began(call: CallMaker) -> None:
    nodes = HOURS.replace("start:", "judge:") + "start: {say: Wait., next: judge}"
    line = call(nodes, OFFICE, wall_clock=datetime(2026, 11, 23, 8, 59, 59, tzinfo=UTC))
    line.hear_out()
    assert line.hung_up is HangupCause.NORMAL


def test_a_variable_decides_by_equality(call: CallMaker) -> None:
    nodes = """
    start: {branch: {variable: tier}, cases: {gold: rich, "01": poor}, otherwise: other}
    rich: {hangup: normal}
    poor: {hangup: busy}
    other: {hangup: rejected}
    """
    top = "variables: {tier: none}"
    assert call(nodes, top, tier="gold").hung_up is HangupCause.NORMAL
    assert call(nodes, top, tier="01").hung_up is HangupCause.BUSY
    assert call(nodes, top, tier="1").hung_up is HangupCause.REJECTED
    assert call(nodes, top).hung_up is HangupCause.REJECTED


def test_a_flow_that_never_waits_is_ended_as_failed(call: CallMaker) -> None:
    line = call('start: {say: "{caller_name}", next: other}\nother: {say: "{caller_name}", next: start}')
    assert line.hung_up is HangupCause.FLOW_FAILED
    assert len(line.notes(Fact.FAILED)) == 1


def test_a_flow_that_circles_through_waits_that_end_at_once_is_ended_as_failed(call: CallMaker) -> None:
    line = call(
        "start: {queue: a, otherwise: other}\nother: {queue: b, otherwise: start}",
    )
    for _ in range(200):
        line.send(QueueLeft(QueueOutcome.NOBODY), 0.001)
    assert line.hung_up is HangupCause.FLOW_FAILED


def test_a_flow_may_circle_for_hours_at_the_pace_of_a_listener(call: CallMaker) -> None:
    line = call("start: {say: Again., next: start}", "limits: {steps: 6000, repeats: 6000, time: 24h}")
    for _ in range(5000):
        line.hear_out()
    assert line.session.cause is None


def test_the_caller_may_hang_up_anywhere_and_nothing_is_ordered_any_more(call: CallMaker) -> None:
    line = call("start: {menu: Choose., options: {1: start}, say_keys: false}")
    line.hear_out()
    orders = line.send(HungUp())
    assert all(isinstance(order, Note) for order in orders)
    assert line.session.cause is HangupCause.CALLER_LEFT
    assert line.session.deadline() is None
    for received in EVERY_INPUT:
        assert line.send(received) == ()


def test_nothing_happens_before_the_call_has_started(flow_of: FlowMaker) -> None:
    session = Session(flow_of("start: {say: Hello., next: bye}\nbye: {hangup: normal}"))
    for received in EVERY_INPUT:
        assert session.resume(received, 1.0) == ()


def test_a_call_starts_once(call: CallMaker) -> None:
    line = call("start: {say: Hello., next: bye}\nbye: {hangup: normal}")
    assert line.send(Started(datetime.now(UTC))) == ()


def test_a_wall_clock_without_a_zone_is_a_mistake_of_the_shell(flow_of: FlowMaker) -> None:
    session = Session(flow_of("start: {hangup: normal}"))
    with pytest.raises(ValueError, match="time zone"):
        session.resume(Started(datetime(2026, 1, 1)), 1.0)


def test_outcomes_of_what_is_not_going_on_are_ignored(call: CallMaker) -> None:
    line = call(QUEUE)
    for received in EVERY_INPUT:
        if not isinstance(received, QueueLeft):
            assert line.send(received) == ()
    assert line.session.cause is None


def test_hanging_up_is_the_last_order(call: CallMaker) -> None:
    line = call("start: {say: Hello., next: bye}\nbye: {hangup: normal}")
    line.hear_out()
    assert isinstance(line.orders[-1], HangUp)
    assert sum(isinstance(order, HangUp) for order in line.orders) == 1


def test_every_fact_names_flow_and_node(call: CallMaker) -> None:
    line = call("start: {say: Hello., next: bye}\nbye: {hangup: normal}")
    line.hear_out()
    notes = [order for order in line.orders if isinstance(order, Note)]
    assert [note.fact for note in notes] == [
        Fact.STARTED,
        Fact.NODE_ENTERED,
        Fact.NODE_ENTERED,
        Fact.EFFORT,
        Fact.ENDED,
    ]
    assert {note.field("flow") for note in notes} == {"test"}
    assert [note.field("node") for note in notes] == ["", "start", "bye", "bye", "bye"]


def test_playbacks_have_ids_of_their_own(call: CallMaker) -> None:
    line = call("start: {say: One., next: two}\ntwo: {say: Two., next: start}")
    line.hear_out()
    line.hear_out()
    ids = [order.playback for order in line.orders if isinstance(order, StartPlayback)]
    assert len(set(ids)) == 3
