"""What a review of the first flows found, each with the behaviour that mends it."""

from datetime import datetime, timedelta

import pytest

from ivr_flows.definition.causes import WRITABLE_CAUSES, HangupCause
from ivr_flows.engine.inputs import (
    DigitPressed,
    ListenId,
    PlaybackFailed,
    QueueLeft,
    QueueOutcome,
    SpeechHeard,
    SpeechStarted,
    Tick,
)
from ivr_flows.engine.instructions import Answer, Conceal, Fact, HangUp, Listen, StartPlayback
from ivr_flows.engine.serial import SessionDataError, session_from_json, session_to_json
from ivr_flows.findings import Severity
from ivr_flows.kinds.collect import Collect
from ivr_flows.kinds.menu import Menu
from ivr_flows.known import Known
from ivr_flows.loader import parse_flow
from tests.ivr_flows.conftest import NOON, CallMaker, FindingsOf, FlowMaker, written

LISTS = """
start: {menu: Choose., options: {1: first, 2: second}}
first: {menu: First., options: {1: start, 2: bye}}
second: {collect: number, prompt: Number?, digits: 2, next: bye}
bye: {hangup: normal}
"""


# 27: keys that end a choice which was made already


def test_finding_27_a_hash_after_a_chosen_key_answers_nothing_else(call: CallMaker) -> None:
    line = call(LISTS)
    line.press("1#", gap_s=0.3)
    assert line.node == "first"
    assert line.notes(Fact.NO_MATCH) == []
    line.press("2")
    assert line.hung_up is HangupCause.NORMAL


def test_finding_27_a_hash_typed_ahead_after_a_chosen_key_is_swallowed(call: CallMaker) -> None:
    line = call("start: {say: Hello., next: ask}\n" + LISTS.replace("start", "ask"))
    line.press("2#47")
    assert line.session.value("number") == "47"


def test_finding_27_a_hash_that_the_next_menu_offers_belongs_to_it(call: CallMaker) -> None:
    line = call(
        'start: {menu: Choose., options: {1: more}}\nmore: {menu: More., options: {"#": bye, 1: start}}\n'
        "bye: {hangup: busy}"
    )
    line.press("1#")
    assert line.hung_up is HangupCause.BUSY


# 27: what the lint must know


QUEUE = "start: {queue: sales}\nlost: {hangup: normal}"


def test_finding_27_the_lint_knows_the_longest_wait_that_a_queue_brings() -> None:
    text = written(QUEUE, "fallback: lost").encode()
    with_wait = Known(queues=frozenset({"sales"}), waits=frozenset({"sales"}))
    assert parse_flow(text, "x.yaml", known=with_wait).findings == ()
    over = written("start: {queue: sales, overflow: lost, otherwise: lost}\nlost: {hangup: normal}").encode()
    without = Known(queues=frozenset({"sales"}), waits=frozenset())
    [finding] = parse_flow(over, "x.yaml", known=without).findings
    assert (finding.rule, finding.severity) == ("overflow-never", Severity.WARNING)
    assert parse_flow(over, "x.yaml", known=with_wait).findings == ()


def test_finding_27_a_loop_that_nothing_interrupts_and_that_leads_on_is_a_finding(
    findings_of: FindingsOf,
) -> None:
    found = findings_of("start: {say: Hi., loop: true, barge_in: false, next: bye}\nbye: {hangup: normal}")
    assert [(finding.rule, finding.key) for finding in found] == [("loop-never-ends", "next")]


def test_finding_27_an_option_that_yaml_takes_for_a_comment_is_a_finding(findings_of: FindingsOf) -> None:
    nodes = """
    start:
      menu: Choose.
      options:
        1: start
        #: bye
    bye: {hangup: normal}
    """
    found = [finding for finding in findings_of(nodes) if finding.rule == "key-commented"]
    assert [(finding.severity, finding.column) for finding in found] == [(Severity.ERROR, 7)]
    assert '"#"' in found[0].mend


def test_finding_27_a_comment_in_words_is_no_finding(findings_of: FindingsOf) -> None:
    assert findings_of("#: a remark about this flow\nstart: {hangup: normal}\n# 1: two words here") == ()


# 27: keys that are said


@pytest.mark.parametrize(("said", "node"), [("one", "first"), ("two", "second"), ("three", "start")])
def test_finding_27_a_key_may_be_said(call: CallMaker, said: str, node: str) -> None:
    line = call(LISTS)
    line.hear_out()
    line.say(said)
    assert line.node == node


def test_finding_27_own_words_go_before_the_names_of_keys(call: CallMaker) -> None:
    line = call(
        "start: {menu: Choose., options: {1: {next: a, or_say: two}, 2: {next: b, or_say: one}}}\n"
        "a: {hangup: busy}\nb: {hangup: normal}"
    )
    line.say("one")
    assert line.hung_up is HangupCause.NORMAL


def test_finding_27_keys_have_names_only_in_a_language_that_is_understood(flow_of: FlowMaker) -> None:
    text = written(LISTS, "language: ja").encode()
    heard = parse_flow(text, "x.yaml", known=Known(recognised=frozenset({"ja"}))).flow
    deaf = parse_flow(text, "x.yaml").flow
    assert heard is not None
    assert deaf is not None
    menus = [flow.nodes["start"] for flow in (heard, deaf)]
    spoken = [menu.options[0].phrases for menu in menus if isinstance(menu, Menu)]
    assert spoken == [("いち",), ()]


def test_finding_27_there_is_one_time_between_digits(flow_of: FlowMaker) -> None:
    flow = flow_of(LISTS)
    questions = [node for node in flow.nodes.values() if isinstance(node, Menu | Collect)]
    assert {node.manner.inter_digit_s for node in questions} == {2.5}


# 27: a cause that reaches the wire


def test_finding_27_a_call_that_was_never_answered_is_refused_with_the_status_of_its_cause(
    call: CallMaker,
) -> None:
    line = call("start: {hangup: busy}")
    assert [order for order in line.orders if isinstance(order, Answer)] == []
    assert line.hung_up is HangupCause.BUSY
    assert (HangupCause.BUSY.on_the_wire.sip_status, HangupCause.BUSY.on_the_wire.q850) == (486, 17)
    assert HangupCause.REJECTED.on_the_wire.sip_status == 603
    assert len({cause.on_the_wire for cause in WRITABLE_CAUSES}) == len(WRITABLE_CAUSES)
    assert all(400 <= cause.on_the_wire.sip_status < 700 for cause in HangupCause)


def test_finding_27_a_call_is_answered_once_and_before_anything_is_heard(call: CallMaker) -> None:
    line = call(LISTS)
    line.press("22")
    kinds = [type(order) for order in line.orders if isinstance(order, Answer | StartPlayback | Listen)]
    assert kinds[0] is Answer
    assert kinds.count(Answer) == 1


# 27: noise and silence


def test_finding_27_noise_does_not_keep_the_silence_away_for_ever(call: CallMaker) -> None:
    line = call(LISTS)
    line.hear_out()
    began = line.now
    while not line.notes(Fact.NO_INPUT):
        line.send(SpeechStarted(line.listen, line.now + 1.0), 1.0)
        assert line.now - began < 60
    assert line.now - began < 25


def test_finding_27_a_silent_caller_cannot_circle_for_ever(call: CallMaker) -> None:
    line = call("start: {say: One., next: two}\ntwo: {say: Two., next: start}")
    for _ in range(1000):
        if line.hung_up is None:
            line.hear_out()
    assert line.hung_up is HangupCause.LIMIT_REACHED
    assert [note.field("limit") for note in line.notes(Fact.LIMIT_REACHED)] == ["repeats"]


def test_finding_27_a_caller_who_does_something_may_come_back_as_often_as_they_like(call: CallMaker) -> None:
    line = call("start: {menu: Again?, options: {1: start}}")
    for _ in range(500):
        line.press("1", gap_s=5)
    assert line.hung_up is None


@pytest.mark.parametrize(
    ("limits", "limit"), [("{steps: 50}", "steps"), ("{time: 3m}", "time"), ("{repeats: 5}", "repeats")]
)
def test_finding_27_a_limit_leads_to_last_words_and_then_the_end(
    call: CallMaker, limits: str, limit: str
) -> None:
    nodes = "start: {say: Again., next: start}\nlast: {hangup: congestion, prompt: Goodbye.}"
    line = call(nodes, f"limits: {limits[:-1]}, then: last}}")
    for _ in range(200):
        if line.hung_up is None:
            if limit == "steps" and line.node == "start":
                line.press("5", gap_s=1)
            elif line.node == "start":
                line.send(Tick(), 20)
                line.hear_out()
            else:
                line.hear_out()
    assert [note.field("limit") for note in line.notes(Fact.LIMIT_REACHED)] == [limit]
    assert line.hung_up is HangupCause.CONGESTION


def test_finding_27_time_in_a_queue_is_not_time_in_the_flow(call: CallMaker) -> None:
    line = call("start: {queue: sales, next: again}\nagain: {say: Again., next: start}", "limits: {time: 1m}")
    for _ in range(10):
        line.send(QueueLeft(QueueOutcome.ANSWERED), 3600)
        line.hear_out()
    assert line.hung_up is None


# 25: what the outcomes of a queue mean

OUTCOMES = """
start: {queue: sales, next: answered, overflow: overflow, otherwise: nobody, failed: failed}
answered: {hangup: normal, prompt: a}
overflow: {hangup: normal, prompt: o}
nobody: {hangup: normal, prompt: n}
failed: {hangup: normal, prompt: f}
"""


@pytest.mark.parametrize("outcome", QueueOutcome)
def test_finding_25_every_outcome_of_a_queue_has_a_way_of_its_own(
    call: CallMaker, outcome: QueueOutcome
) -> None:
    line = call(OUTCOMES)
    line.send(QueueLeft(outcome), 10)
    assert line.node == outcome.value


def test_finding_25_a_queue_keeps_its_caller_until_it_says_otherwise(call: CallMaker) -> None:
    line = call(OUTCOMES)
    for _ in range(100):
        line.send(Tick(), 600)
    assert (line.node, line.hung_up) == ("start", None)


# 29: when something was made, and what it belongs to


def test_finding_29_a_key_pressed_in_time_counts_however_late_it_is_told(call: CallMaker) -> None:
    line = call(LISTS)
    line.hear_out()
    pressed_at = line.now + 4.9
    line.send(DigitPressed("1", pressed_at), after_s=9.0)
    assert line.node == "first"
    assert line.notes(Fact.NO_INPUT) == []


def test_finding_29_a_key_pressed_before_a_mismatch_is_dropped(call: CallMaker) -> None:
    line = call(LISTS)
    line.press("9")
    line.send(DigitPressed("1", line.now - 0.05), after_s=0.1)
    assert line.node == "start"
    line.press("1")
    assert line.node == "first"


def test_finding_29_speech_of_another_question_is_dropped(call: CallMaker) -> None:
    line = call(LISTS)
    before = line.listen
    line.press("1")
    line.send(SpeechHeard("two", before, line.now), after_s=0.5)
    assert line.node == "first"
    assert line.hung_up is None
    line.send(SpeechHeard("two", line.listen, line.now), after_s=0.5)
    assert line.hung_up is HangupCause.NORMAL


def test_finding_29_every_listening_has_an_id_of_its_own(call: CallMaker) -> None:
    line = call(LISTS)
    line.press("111")
    ids = [order.listen for order in line.orders if isinstance(order, Listen)]
    assert ids == [ListenId(1), ListenId(2), ListenId(3), ListenId(4)]


# 4: a prompt that cannot be played


@pytest.mark.parametrize("kind", ["say", "menu", "collect"])
@pytest.mark.parametrize("edge", ["own", "flow", "none"])
def test_finding_4_a_prompt_that_cannot_be_played_takes_the_error_edge_or_goes_on(
    call: CallMaker, kind: str, edge: str
) -> None:
    own = ", failed: sorry" if edge == "own" else ""
    nodes = {
        "say": f"start: {{say: Hi., next: ask{own}}}",
        "menu": f"start: {{menu: Hi., options: {{1: ask}}{own}}}",
        "collect": f"start: {{collect: n, prompt: Hi., digits: 1, next: ask{own}}}",
    }
    flow = f"{nodes[kind]}\nask: {{menu: Ask., options: {{1: ask}}}}\nsorry: {{say: Sorry., next: ask}}"
    line = call(flow, "failed: sorry" if edge == "flow" else "")
    line.send(PlaybackFailed(line.playing.playback, "no synthesiser"))
    assert line.node == ({"say": "ask"}.get(kind, "start") if edge == "none" else "sorry")
    assert line.hung_up is None
    assert [note.field("reason") for note in line.notes(Fact.PROMPT_FAILED)] == ["no synthesiser"]
    if kind != "say" and edge == "none":
        line.press("1")
        assert line.node == "ask"


def test_finding_4_an_endless_prompt_that_cannot_be_played_does_not_end_the_call(call: CallMaker) -> None:
    line = call("start: {say: Again and again., loop: true}")
    line.send(PlaybackFailed(line.playing.playback))
    assert line.hung_up is None


# 26: secrecy belongs to the variable

TWICE = """
start: {collect: pin, prompt: PIN?, digits: 4, secret: true, next: again}
again: {collect: pin, prompt: PIN again?, digits: 4, next: bye}
bye: {say: Goodbye., next: end}
end: {hangup: normal}
"""


@pytest.mark.parametrize("declared", ["node", "variable"])
def test_finding_26_a_secret_variable_is_secret_whichever_node_collects_it(
    call: CallMaker, declared: str
) -> None:
    nodes = TWICE if declared == "node" else TWICE.replace(", secret: true", "")
    line = call(nodes, "variables: {pin: {secret: true}}" if declared == "variable" else "")
    line.press("7391")
    line.press("8264")
    assert line.session.value("pin") == "8264"
    digits = line.notes(Fact.DIGIT_ACCEPTED) + line.notes(Fact.VARIABLE_SET)
    assert len(digits) == 10
    assert not any(digit in repr(digits) for digit in "0123456789")
    assert "8264" not in session_to_json(line.session)
    assert line.session.shown_variables()["pin"] == "****"


def test_finding_26_secret_entry_is_kept_out_of_the_recording_while_it_lasts(call: CallMaker) -> None:
    line = call(TWICE)
    line.press("73918264")
    shown = [order for order in line.orders if isinstance(order, Conceal)]
    assert shown == [Conceal(True), Conceal(False)]
    assert line.node == "bye"


# 28: a session that goes on elsewhere

DOOR = """
start: {menu: Choose., options: {1: door}}
door: {branch: {hours: office}, open: open, closed: closed}
open: {hangup: normal}
closed: {hangup: unavailable}
"""
OFFICE = "hours: {office: {zone: UTC, week: {daily: 09:00-13:00}}}"


def test_finding_28_hours_are_judged_when_the_session_goes_on(call: CallMaker) -> None:
    line = call(DOOR, OFFICE)
    text = session_to_json(line.session)
    again = session_from_json(line.session.flow, text, 50.0, NOON + timedelta(hours=2))
    orders = again.resume(DigitPressed("1", 51.0), 51.0)
    assert isinstance(orders[-1], HangUp)
    assert again.cause is HangupCause.UNAVAILABLE


def test_finding_28_a_session_of_another_content_of_the_file_is_refused(call: CallMaker) -> None:
    line = call(DOOR, OFFICE)
    text = session_to_json(line.session)
    changed = DOOR.replace("menu: Choose., options: {1: door}", "queue: sales, next: door")
    other = parse_flow(written(changed, OFFICE).encode(), "test.yaml").flow
    assert other is not None
    with pytest.raises(SessionDataError, match="has changed"):
        session_from_json(other, text, 0.0, NOON)


def test_finding_28_a_wall_clock_without_a_zone_is_a_mistake_of_the_caller(call: CallMaker) -> None:
    line = call(DOOR, OFFICE)
    with pytest.raises(ValueError, match="time zone"):
        session_from_json(line.session.flow, session_to_json(line.session), 0.0, datetime(2026, 1, 1))


def test_u12_words_in_a_language_that_nobody_understands_are_found() -> None:
    text = written("start: {menu: Hallo., options: {1: {next: start, or_say: vertrieb}}}", "language: de")
    known = Known(recognised=frozenset({"en"}))
    rules = [finding.rule for finding in parse_flow(text.encode(), "x.yaml", known=known).findings]
    assert "language-not-recognised" in rules
