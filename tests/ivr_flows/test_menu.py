"""Menus: keys, phrases, barge-in, and what happens when neither fits."""

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import DigitPressed, ListenId, PlaybackFinished, SpeechStarted, Tick
from ivr_flows.engine.instructions import Fact, Listen, StartPlayback, StopListening
from tests.ivr_flows.conftest import JUST_NOW, CallMaker

MENU = """
start:
  menu: Choose.
  options:
    1: {next: one, or_say: [first one, number one]}
    2: {next: two, or_say: second}
  timeout: 5s
  inter_digit: 2s
  no_input: [Hello?, Are you there?]
  no_match: [Not that., Nor that.]
one: {hangup: normal}
two: {hangup: busy}
lost: {hangup: rejected}
"""


def test_a_key_during_the_prompt_stops_it_and_counts(call: CallMaker) -> None:
    line = call(MENU)
    line.press("2")
    assert line.stopped == [line.playing.playback]
    assert line.hung_up is HangupCause.BUSY


def test_a_key_after_the_prompt_stops_nothing(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    line.press("1")
    assert line.stopped == []
    assert line.node == "one"


def test_a_prompt_that_must_be_heard_swallows_the_keys_pressed_during_it(call: CallMaker) -> None:
    line = call(MENU.replace("timeout: 5s", "timeout: 5s\n  barge_in: false"))
    assert line.press("1") == ()
    line.hear_out()
    assert line.node == "start"
    line.press("1")
    assert line.node == "one"


def test_silence_and_mismatch_are_counted_apart_and_escalate(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    line.wait()
    line.press("7")
    line.hear_out()
    line.wait()
    assert line.heard == ["Choose.", "Hello? Choose.", "Not that. Choose.", "Are you there? Choose."]
    assert [note.field("count") for note in line.notes(Fact.NO_INPUT)] == [1, 2]
    assert [note.field("count") for note in line.notes(Fact.NO_MATCH)] == [1]


def test_reprompts_can_stand_for_the_prompt(call: CallMaker) -> None:
    line = call(MENU.replace("timeout: 5s", "timeout: 5s\n  repeat_prompt: false"))
    line.hear_out()
    line.wait()
    assert line.heard[-1] == "Hello?"


@pytest.mark.parametrize(
    ("top", "own", "ends_at", "cause"),
    [
        ("", "", "start", HangupCause.NO_INPUT),
        ("fallback: lost", "", "lost", HangupCause.REJECTED),
        ("operator: two", "", "two", HangupCause.BUSY),
        ("operator: two\nfallback: lost", "", "lost", HangupCause.REJECTED),
        ("fallback: lost", "fallback: one", "one", HangupCause.NORMAL),
    ],
)
def test_after_the_last_reprompt_the_nearest_fallback_is_taken(
    call: CallMaker, top: str, own: str, ends_at: str, cause: HangupCause
) -> None:
    line = call(MENU.replace("timeout: 5s", f"timeout: 5s\n  {own}"), top)
    for _ in range(3):
        line.hear_out()
        line.wait()
    assert line.node == ends_at
    assert line.hung_up is cause


def test_a_menu_that_is_its_own_fallback_ends_the_call(call: CallMaker) -> None:
    line = call(MENU, "fallback: start")
    for _ in range(3):
        line.hear_out()
        line.wait()
    assert line.hung_up is HangupCause.NO_INPUT


def test_counters_start_again_when_the_menu_is_entered_again(call: CallMaker) -> None:
    line = call(MENU.replace("2: {next: two, or_say: second}", "2: start"))
    line.hear_out()
    line.wait()
    line.press("2")
    line.hear_out()
    line.wait()
    assert [note.field("count") for note in line.notes(Fact.NO_INPUT)] == [1, 1]


def test_the_prompt_is_repeated_twice_when_nothing_is_said_about_reprompts(call: CallMaker) -> None:
    line = call("start:\n  menu: Choose.\n  options: {1: end}\nend: {hangup: normal}")
    for _ in range(3):
        line.hear_out()
        line.wait()
    assert line.heard == ["Choose."] * 3
    assert line.hung_up is HangupCause.NO_INPUT


LONG_KEYS = """
start:
  menu: Choose.
  options: {1: one, 10: ten, 101: deep, 2: two}
  inter_digit: 2s
one: {hangup: normal}
ten: {hangup: busy}
deep: {hangup: rejected}
two: {hangup: congestion}
"""


def test_a_key_that_begins_another_is_taken_when_no_further_key_comes(call: CallMaker) -> None:
    line = call(LONG_KEYS)
    line.press("1")
    assert line.node == "start"
    assert line.session.deadline() == pytest.approx(line.now + 2.0)
    line.wait()
    assert line.node == "one"


def test_the_longest_key_is_taken_at_once(call: CallMaker) -> None:
    line = call(LONG_KEYS)
    line.press("10")
    assert line.node == "start"
    line.press("1")
    assert line.node == "deep"


def test_a_key_that_begins_no_other_is_taken_at_once(call: CallMaker) -> None:
    line = call(LONG_KEYS)
    line.press("2")
    assert line.node == "two"


def test_the_hash_key_ends_an_ambiguous_key_at_once(call: CallMaker) -> None:
    line = call(LONG_KEYS)
    line.press("10#")
    assert line.node == "ten"


def test_keys_that_fit_nothing_are_a_mismatch(call: CallMaker) -> None:
    line = call(LONG_KEYS)
    line.press("12")
    assert len(line.notes(Fact.NO_MATCH)) == 1


def test_a_digit_exactly_at_the_timeout_counts_for_the_caller(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    deadline = line.session.deadline()
    assert deadline is not None
    line.now = deadline
    line.press("1", gap_s=0.0)
    assert line.node == "one"
    assert line.notes(Fact.NO_INPUT) == []


def test_a_digit_after_the_timeout_finds_the_reprompt_even_when_no_tick_came(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    orders = line.send(DigitPressed("1", JUST_NOW), 5.001)
    assert [type(order) for order in orders if isinstance(order, StartPlayback)] == [StartPlayback]
    assert len(line.notes(Fact.NO_INPUT)) == 1
    assert line.node == "one"


def test_a_tick_before_the_deadline_changes_nothing(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    assert line.send(Tick(), 4.999) == ()


def test_the_end_of_an_older_playback_is_ignored(call: CallMaker) -> None:
    line = call(MENU)
    first = line.playing.playback
    line.hear_out()
    line.wait()
    assert line.send(PlaybackFinished(first)) == ()
    assert line.session.answer_due() is None


def test_a_phrase_is_found_inside_what_was_said(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    line.say("Uh, the SECOND, please!")
    assert line.node == "two"


def test_the_longest_phrase_wins_and_a_tie_is_a_mismatch(call: CallMaker) -> None:
    menu = """
    start:
      menu: Choose.
      options:
        1: {next: one, or_say: [card]}
        2: {next: two, or_say: [lost card, blue]}
        3: {next: three, or_say: [rose]}
    one: {hangup: normal}
    two: {hangup: busy}
    three: {hangup: rejected}
    """
    line = call(menu)
    line.say("I lost my, my lost card")
    assert line.node == "two"
    line = call(menu)
    line.hear_out()
    line.say("card rose")
    assert line.node == "start"
    assert len(line.notes(Fact.NO_MATCH)) == 1


def test_a_phrase_does_not_match_in_the_middle_of_a_word(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    line.say("seconds")
    assert len(line.notes(Fact.NO_MATCH)) == 1


def test_speech_that_fits_nothing_does_not_interrupt_a_prompt_but_is_a_mismatch_after_it(
    call: CallMaker,
) -> None:
    line = call(MENU)
    assert line.say("hm hm") == ()
    line.hear_out()
    line.say("hm hm")
    assert len(line.notes(Fact.NO_MATCH)) == 1


def test_speech_that_is_too_uncertain_is_a_mismatch(call: CallMaker) -> None:
    line = call(MENU.replace("timeout: 5s", "timeout: 5s\n  min_confidence: 0.5"))
    line.hear_out()
    line.say("second", confidence=0.49)
    assert line.node == "start"
    line.say("second", confidence=0.5)
    assert line.node == "two"


def test_a_caller_who_has_begun_to_speak_is_not_called_silent(call: CallMaker) -> None:
    line = call(MENU)
    line.hear_out()
    line.send(SpeechStarted(line.listen, JUST_NOW), 4.9)
    assert line.send(Tick(), 1.0) == ()
    line.say("second")
    assert line.node == "two"


def test_a_menu_listens_from_the_prompt_on_and_stops_when_it_is_left(call: CallMaker) -> None:
    line = call(MENU)
    listens = [order for order in line.orders if isinstance(order, Listen)]
    assert listens == [Listen(ListenId(1), ("first one", "number one", "one", "second", "two"))]
    line.press("1")
    assert sum(isinstance(order, StopListening) for order in line.orders) == 1


def test_a_menu_without_phrases_never_listens(call: CallMaker) -> None:
    line = call(LONG_KEYS, "operator: two\ndefaults: {say_keys: false}")
    line.press("2")
    assert not any(isinstance(order, Listen) for order in line.orders)


def test_the_operator_is_on_zero_unless_the_menu_uses_it(call: CallMaker) -> None:
    line = call(MENU, "operator: lost")
    line.press("0")
    assert line.node == "lost"
    line = call(MENU.replace("2: {next: two", "0: {next: two"), "operator: lost")
    line.press("0")
    assert line.node == "two"


def test_the_operator_can_be_asked_for_where_the_menu_listens(call: CallMaker) -> None:
    line = call(MENU, "operator: lost")
    line.say("operator")
    assert line.node == "lost"


def test_a_spoken_only_option_has_no_key(call: CallMaker) -> None:
    line = call(MENU.replace("2: {next: two, or_say: second}", "my account: two"))
    line.say("my account")
    assert line.node == "two"
