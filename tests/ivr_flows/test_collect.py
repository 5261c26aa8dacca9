"""Collecting digits: lengths, terminators, timeouts, type-ahead and secrets."""

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import Tick
from ivr_flows.engine.instructions import Fact, StartPlayback
from tests.ivr_flows.conftest import CallMaker

COLLECT = """
start:
  collect: number
  prompt: Enter it.
  digits: 3-5
  timeout: 5s
  inter_digit: 2s
  no_match: [Not like that.]
  next: read
read:
  say: ["You said", {digits: "{number}"}]
  next: menu
menu:
  menu: And now?
  options: {1: bye, "#": hash}
bye: {hangup: normal}
hash: {hangup: rejected}
"""


def test_the_longest_entry_is_taken_at_once(call: CallMaker) -> None:
    line = call(COLLECT)
    line.press("12345")
    assert line.node == "read"
    assert line.heard[-1] == "You said 1 2 3 4 5"


def test_a_shorter_entry_is_taken_at_the_terminator_or_the_timeout(call: CallMaker) -> None:
    line = call(COLLECT)
    line.press("123#")
    assert line.session.value("number") == "123"
    line = call(COLLECT)
    line.press("1234")
    assert line.node == "start"
    line.wait()
    assert line.session.value("number") == "1234"


@pytest.mark.parametrize("keys", ["12#", "#", "1*", "12A"])
def test_an_entry_that_cannot_become_right_is_a_mismatch_at_once(call: CallMaker, keys: str) -> None:
    line = call(COLLECT)
    line.press(keys)
    assert len(line.notes(Fact.NO_MATCH)) == 1
    assert line.heard[-1] == "Not like that. Enter it."


def test_an_entry_that_is_too_short_at_the_timeout_is_a_mismatch_not_silence(call: CallMaker) -> None:
    line = call(COLLECT)
    line.press("12")
    line.wait()
    assert len(line.notes(Fact.NO_MATCH)) == 1
    assert line.notes(Fact.NO_INPUT) == []


def test_the_first_digit_has_its_own_timeout(call: CallMaker) -> None:
    line = call(COLLECT)
    line.hear_out()
    assert line.session.deadline() == pytest.approx(line.now + 5.0)
    line.press("1")
    assert line.session.deadline() == pytest.approx(line.now + 2.0)


def test_a_digit_exactly_at_the_inter_digit_timeout_belongs_to_the_entry(call: CallMaker) -> None:
    line = call(COLLECT)
    line.press("123")
    deadline = line.session.deadline()
    assert deadline is not None
    line.now = deadline
    line.press("4", gap_s=0.0)
    line.wait()
    assert line.session.value("number") == "1234"


def test_a_digit_after_the_inter_digit_timeout_belongs_to_what_follows(call: CallMaker) -> None:
    line = call(COLLECT)
    line.press("123")
    line.press("1", gap_s=2.01)
    assert line.session.value("number") == "123"
    assert line.node == "bye"


def test_a_late_terminator_belongs_to_the_full_entry_and_not_to_the_next_menu(call: CallMaker) -> None:
    line = call(COLLECT)
    line.press("12345#")
    assert line.node == "read"
    assert line.stopped == [1]
    line.press("#", gap_s=0.1)
    assert line.node == "hash"


def test_a_terminator_long_after_the_entry_is_a_key_of_its_own(call: CallMaker) -> None:
    line = call(COLLECT)
    line.press("12345")
    line.press("#", gap_s=2.5)
    assert line.node == "hash"


def test_without_a_terminator_the_hash_key_is_a_mismatch(call: CallMaker) -> None:
    line = call(COLLECT.replace("timeout: 5s", "timeout: 5s\n  terminator: none"))
    line.press("123#")
    assert len(line.notes(Fact.NO_MATCH)) == 1


def test_speech_is_not_an_answer_to_a_question_for_digits(call: CallMaker) -> None:
    line = call(COLLECT)
    assert line.say("one two three") == ()


SECRET = """
start:
  collect: pin
  prompt: Enter your PIN.
  digits: 4
  secret: true
  next: bye
bye: {hangup: normal, prompt: Thank you.}
"""


def test_a_secret_is_shown_nowhere(call: CallMaker) -> None:
    line = call(SECRET)
    line.press("739")
    partly = f"{line.session!r} {line.session.state!r}"
    line.press("1")
    assert line.session.value("pin") == "7391"
    shown = f"{line.orders!r} {line.session!r} {line.session.state!r} {line.session.shown_variables()}"
    assert "739" not in partly
    assert "7391" not in shown
    assert line.session.shown_variables() == {"pin": "****"}
    assert [note.field("digit") for note in line.notes(Fact.DIGIT_ACCEPTED)] == ["*"] * 4
    assert [note.field("value") for note in line.notes(Fact.VARIABLE_SET)] == ["****"]


CHAIN = """
start:
  say: Welcome.
  next: menu
menu:
  menu: Choose.
  options: {1: ask, 2: strict}
ask:
  collect: number
  prompt: Enter it.
  digits: 2
  next: thanks
strict:
  collect: number
  prompt: Enter it with care.
  digits: 2
  type_ahead: false
  next: thanks
thanks:
  say: Thank you.
  next: again
again:
  menu: More?
  options: {1: ask, 9: bye}
bye: {hangup: normal}
"""


def test_a_digit_during_a_say_cuts_it_and_answers_the_menu_behind_it(call: CallMaker) -> None:
    line = call(CHAIN)
    line.press("1")
    assert line.nodes == ["start", "menu", "ask"]
    assert line.heard == ["Welcome.", "Enter it."]


def test_digits_cross_nodes_and_spare_the_caller_every_prompt(call: CallMaker) -> None:
    line = call(CHAIN)
    line.press("1")
    line.press("42")
    assert line.heard == ["Welcome.", "Enter it.", "Thank you."]
    line.press("9")
    assert line.hung_up is HangupCause.NORMAL
    assert line.session.value("number") == "42"


def test_a_node_may_refuse_what_was_typed_ahead(call: CallMaker) -> None:
    gate = CHAIN.replace("say: Welcome.\n  next: menu", "say: Welcome.\n  next: strict")
    line = call(gate)
    line.press("1")
    assert line.node == "strict"
    assert line.heard[-1] == "Enter it with care."
    line.hear_out()
    assert line.session.deadline() == pytest.approx(line.now + 5.0)


def test_a_prompt_that_must_be_heard_empties_what_was_typed_ahead(call: CallMaker) -> None:
    line = call(
        """
        start: {say: Welcome., next: notice}
        notice: {say: This call is recorded., barge_in: false, next: menu}
        menu: {menu: Choose., options: {1: bye}}
        bye: {hangup: normal}
        """
    )
    line.press("1")
    assert line.heard[-1] == "This call is recorded."
    line.press("1")
    line.hear_out()
    assert line.heard[-1] == "Choose."


NOTICE = """
start: {say: This call is recorded., barge_in: false, type_ahead: true, next: menu}
menu: {menu: Choose., options: {1: ask, 22: bye}, no_match: [Not that.]}
ask: {collect: number, prompt: Enter it., digits: 2, next: more}
more: {menu: More?, options: {9: bye}, no_match: [Nor that.]}
bye: {hangup: normal}
"""


def test_a_prompt_that_must_be_heard_may_keep_what_is_typed_during_it(call: CallMaker) -> None:
    line = call(NOTICE)
    assert line.press("1429") == ()
    line.hear_out()
    assert line.heard == ["This call is recorded."]
    assert line.session.value("number") == "42"
    assert line.hung_up is HangupCause.NORMAL


def test_a_terminator_typed_ahead_after_a_full_entry_is_dropped_with_it(call: CallMaker) -> None:
    line = call(NOTICE)
    line.press("142#9")
    line.hear_out()
    assert line.hung_up is HangupCause.NORMAL


def test_an_entry_typed_ahead_in_part_is_completed_without_a_prompt(call: CallMaker) -> None:
    line = call(NOTICE)
    line.press("14")
    line.hear_out()
    assert line.node == "ask"
    assert line.session.deadline() == pytest.approx(line.now + 2.5)
    line.press("2")
    assert line.session.value("number") == "42"


def test_a_mismatch_forgets_what_was_typed_ahead(call: CallMaker) -> None:
    line = call(NOTICE)
    line.press("31")
    line.hear_out()
    assert line.node == "menu"
    assert line.heard[-1] == "Not that. Choose."
    line.press("1")
    assert line.heard[-1] == "Enter it."


def test_typing_ahead_is_bounded_and_drops_what_is_too_much(call: CallMaker) -> None:
    line = call(
        """
        start: {say: Wait., barge_in: false, type_ahead: true, next: ask}
        ask: {collect: number, prompt: Enter it., digits: 1-64, next: bye}
        bye: {hangup: normal}
        """
    )
    line.press("1" * 40)
    line.hear_out()
    line.wait()
    assert line.session.value("number") == "1" * 32


def test_digits_that_nothing_asks_for_cannot_drive_a_flow_in_a_circle(call: CallMaker) -> None:
    line = call("start: {say: One., next: other}\nother: {say: Two., next: start}")
    line.press("5")
    assert line.heard == ["One.", "Two."] or line.heard == ["One.", "One."]
    assert line.session.cause is None
    for _ in range(50):
        line.press("55", gap_s=0.5)
    assert line.session.cause is None


def test_digits_pressed_while_queueing_are_not_kept(call: CallMaker) -> None:
    line = call(
        """
        start: {queue: sales, overflow: menu}
        menu: {menu: Choose., options: {1: bye}}
        bye: {hangup: normal}
        """
    )
    assert line.press("1") == ()


def test_a_late_tick_is_judged_by_its_own_deadline(call: CallMaker) -> None:
    line = call(COLLECT)
    line.hear_out()
    orders = line.send(Tick(), 60.0)
    assert any(isinstance(order, StartPlayback) for order in orders)
    assert len(line.notes(Fact.NO_INPUT)) == 1
