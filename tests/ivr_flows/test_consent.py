"""Consent to be recorded: which rule holds for a caller, what each answer comes to, and where it leads."""

import pytest

from ivr_flows.engine.inputs import PlaybackFailed
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.state import Phase
from ivr_flows.kinds.consent import RECORDS
from tests.ivr_flows.conftest import CallMaker, FindingsOf, Line

REGIONS = '{"+1": announced, "+1415": opt-in, "+49": opt-in, "+44": opt-out}'
FLOW = f"""
start:
  consent: May we record this call?
  rule: RULE
  regions: {REGIONS}
  next: on
  refused: off
on: {{menu: Recorded., options: {{1: on}}}}
off: {{menu: Not recorded., options: {{1: off}}}}
"""
OWN = ("opt-in", "opt-out", "announced")


def be_silent(line: Line) -> None:
    """Until the node is left."""
    while line.node == "start":
        if line.session.phase is Phase.PROMPT:
            line.hear_out()
        else:
            line.wait()


def answer(line: Line) -> str:
    [note] = line.notes(Fact.CONSENTED)
    return str(note.field("answer"))


@pytest.mark.parametrize(
    ("caller", "called", "rule"),
    [
        ("+4930123", "", "opt-in"),
        ("004930123", "", "opt-in"),
        ("+442012", "", "opt-out"),
        ("+12125550", "", "announced"),
        ("+14155550", "", "opt-in"),
        ("+12125550", "+442012", "opt-out"),
        ("+442012", "+4930123", "opt-in"),
        ("", "", "opt-out"),
        ("anonymous", "+12125550", "opt-out"),
        ("49301", "", "opt-out"),
    ],
)
def test_the_stricter_rule_of_both_numbers_holds_and_the_nodes_own_where_none_fits(
    call: CallMaker, caller: str, called: str, rule: str
) -> None:
    """A number that fits no region has the rule of the node, here opt-out."""
    line = call(FLOW.replace("RULE", "opt-out"), caller_number=caller, called_number=called or caller)
    be_silent(line)
    [note] = line.notes(Fact.CONSENTED)
    assert note.field("rule") == rule


@pytest.mark.parametrize(
    ("rule", "does", "comes_to", "leads"),
    [
        ("opt-in", "1", "yes", "on"),
        ("opt-in", "2", "no", "off"),
        ("opt-in", "yes please", "yes", "on"),
        ("opt-in", "no", "no", "off"),
        ("opt-in", "", "silence", "off"),
        ("opt-out", "1", "yes", "on"),
        ("opt-out", "2", "no", "off"),
        ("opt-out", "no", "no", "off"),
        ("opt-out", "", "not refused", "on"),
        ("announced", "", "announced", "on"),
    ],
)
def test_an_answer_comes_to_what_the_rule_makes_of_it(
    call: CallMaker, rule: str, does: str, comes_to: str, leads: str
) -> None:
    line = call(FLOW.replace("RULE", rule))
    line.hear_out()
    if does.isdigit():
        line.press(does)
    elif does:
        line.say(does)
    be_silent(line)
    assert (answer(line), line.node) == (comes_to, leads)
    assert (comes_to in RECORDS) is (leads == "on")


def test_silence_is_asked_again_only_where_a_yes_is_needed(call: CallMaker) -> None:
    asked = {}
    for rule in OWN:
        line = call(FLOW.replace("RULE", rule))
        be_silent(line)
        asked[rule] = line.heard.count("May we record this call?")
    assert asked["opt-in"] > 1
    assert asked["opt-out"] == asked["announced"] == 1


def test_keys_that_are_no_answer_are_no_yes(call: CallMaker) -> None:
    line = call(FLOW.replace("RULE", "opt-in"))
    while line.node == "start":
        line.press("7")
    assert (answer(line), line.node) == ("silence", "off")


def test_an_announcement_is_heard_to_its_end_and_keys_before_it_mean_nothing(call: CallMaker) -> None:
    line = call(FLOW.replace("RULE", "announced"))
    line.press("1")
    assert line.node == "start"
    assert not line.playing.barge_in
    line.hear_out()
    assert line.node == "on"


@pytest.mark.parametrize("rule", OWN)
def test_what_could_not_be_played_was_not_announced_and_nobody_is_recorded_for_it(
    call: CallMaker, rule: str
) -> None:
    line = call(FLOW.replace("RULE", rule))
    line.send(PlaybackFailed(line.playing.playback, "no synthesiser"))
    assert line.node == "off"
    assert answer(line) == "not heard"
    assert answer(line) not in RECORDS


def test_a_question_that_could_not_be_played_goes_the_way_of_what_fails(call: CallMaker) -> None:
    nodes = FLOW.replace("RULE", "announced").replace("refused: off", "refused: off\n  failed: bye")
    line = call(nodes + "bye: {menu: Sorry., options: {1: bye}}")
    line.send(PlaybackFailed(line.playing.playback))
    assert line.node == "bye"
    assert line.notes(Fact.CONSENTED) == []


def test_who_refuses_goes_on_with_everybody_else_where_no_other_way_is_written(call: CallMaker) -> None:
    line = call(FLOW.replace("RULE", "opt-in").replace("  refused: off\n", "") + "", caller_name="Ada")
    line.press("2")
    assert (answer(line), line.node) == ("no", "on")


def test_another_wording_has_another_fingerprint(call: CallMaker) -> None:
    prints = set()
    for name in ("Ada", "Ada", "Alan"):
        nodes = FLOW.replace("RULE", "announced").replace("this call", "this call, {caller_name}")
        line = call(nodes, caller_name=name)
        line.hear_out()
        [note] = line.notes(Fact.CONSENTED)
        prints.add(note.field("prompt"))
    assert len(prints) == 2


@pytest.mark.parametrize(
    ("node", "rules"),
    [
        ("{consent: , next: end}", {"value-empty"}),
        ("{consent: May we?}", {"key-missing"}),
        ("{consent: May we?, rule: maybe, next: end}", {"value-choice"}),
        ("{consent: May we?, regions: [+49], next: end}", {"value-type"}),
        ("{consent: May we?, regions: {49: opt-in}, next: end}", {"value-type"}),
        ("{consent: May we?, regions: {+4x: opt-in}, next: end}", {"value-type"}),
        ("{consent: May we?, regions: {+49: never}, next: end}", {"value-choice"}),
        ("{consent: May we?, next: end, refused: nowhere}", {"target-unknown"}),
    ],
)
def test_a_consent_node_that_is_wrong_is_refused(findings_of: FindingsOf, node: str, rules: set[str]) -> None:
    found = findings_of(f"start: {node}\nend: {{hangup: normal}}")
    assert rules <= {finding.rule for finding in found}
