"""Kinds of node that companies ask for: forms, answers, intents, triage, surveys, shares, tags, names."""

from datetime import UTC, date, datetime

import pytest

from ivr_flows.engine.instructions import Fact
from ivr_flows.kinds.directory import found
from ivr_flows.kinds.intent import IntentRule, scores
from ivr_flows.kinds.triage import cells_of, level
from ivr_flows.known import Known
from ivr_flows.loader import parse_flow
from tests.ivr_flows.conftest import CallMaker, FindingsOf, Line, written

BYE = "\nbye: {hangup: normal}"


# Form


FORM = (
    """
start:
  form:
    day: {ask: When?, type: date}
    people: {ask: How many?, type: integer, max: 8}
  confirm: ["With", {number: "{people}"}, "Right?"]
  next: bye
"""
    + BYE
)


def test_s45_what_is_known_already_is_not_asked_again(call: CallMaker) -> None:
    line = call(FORM, day="2026-12-24")
    assert line.heard == ["How many?"]
    line.press("4#")
    assert line.heard[-1] == "With 4 Right?"
    line.press("1", gap_s=3)
    assert line.session.value("day") == "2026-12-24"
    assert line.session.ended


def test_a_form_that_is_not_right_is_asked_anew(call: CallMaker) -> None:
    line = call(FORM)
    line.press("24122026")
    line.press("4#")
    line.press("2", gap_s=3)
    assert line.heard[-1] == "When?"
    assert line.session.value("people") == ""


def test_typing_ahead_fills_a_whole_form(call: CallMaker) -> None:
    line = call("ask: {say: x, next: start}\n" + FORM, "")
    assert line.heard == ["When?"]
    line.press("241220264#1", gap_s=0.1)
    assert line.session.ended


# Questions and answers


FAQ = (
    """
start:
  faq: Ask.
  questions:
    opening hours: {answer: Nine to five., or_say: [when are you open]}
    the fair: {answer: In October., expires: 2026-11-24, owner: Ann}
desk: {queue: desk, otherwise: bye, overflow: bye, next: bye}
"""
    + BYE
)


@pytest.mark.parametrize("said", ["opening hours", "when are you open", "one"])
def test_s20_an_answer_is_found_by_its_name_its_synonyms_and_its_key(call: CallMaker, said: str) -> None:
    line = call(FAQ, "operator: desk")
    line.say(said)
    assert line.heard[-1] == "Nine to five."
    line.hear_out()
    assert line.heard[-1] == "Ask."


@pytest.mark.parametrize("said", ["operator", "zero"])
def test_s20_the_operator_is_always_there(call: CallMaker, said: str) -> None:
    line = call(FAQ, "operator: desk")
    line.say(said)
    assert line.node == "desk"


def test_s20_a_faq_without_an_operator_is_a_mistake(findings_of: FindingsOf) -> None:
    assert "operator-missing" in [finding.rule for finding in findings_of(FAQ)]


def test_s65_an_answer_that_has_expired_is_hidden(call: CallMaker) -> None:
    before = call(FAQ, "operator: desk", wall_clock=datetime(2026, 11, 23, 23, tzinfo=UTC))
    before.press("2")
    assert before.heard[-1] == "In October."
    after = call(FAQ, "operator: desk", wall_clock=datetime(2026, 11, 24, 1, tzinfo=UTC))
    after.press("2")
    assert len(after.notes(Fact.NO_MATCH)) == 1


def test_s65_an_answer_that_has_expired_is_reported_with_its_owner() -> None:
    text = written(FAQ, "operator: desk").encode()
    before, after = (
        parse_flow(text, "x.yaml", known=Known(today=date(2026, 11, day))).findings for day in (23, 24)
    )
    assert before == ()
    assert [(finding.rule, "Ann" in finding.mend) for finding in after] == [("answer-expired", True)]


# Intents


RULES = {
    "billing": IntentRule(next="a", examples=("a question about my bill", "the invoice is wrong")),
    "repair": IntentRule(next="b", examples=("it is broken", "i need a repair")),
    "sales": IntentRule(next="c", examples=("i want to buy something", "a new contract")),
}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("I have a question about my bill please", "billing"),
        ("my invoice is wrong", "billing"),
        ("it is broken again", "repair"),
        ("somebody must come, I need a repair", "repair"),
        ("I want to buy something new", "sales"),
        ("can I get a new contract", "sales"),
    ],
)
def test_s28_golden_utterances_are_understood(said: str, wanted: str) -> None:
    found_scores = scores(RULES, said)
    assert max(found_scores, key=lambda name: found_scores[name]) == wanted
    assert found_scores[wanted] >= 0.7


@pytest.mark.parametrize("said", ["good morning", "", "what a nice day"])
def test_s28_what_is_none_of_them_scores_low(said: str) -> None:
    assert max(scores(RULES, said).values()) < 0.4


# Triage


def test_s80_every_cell_must_have_a_treatment(findings_of: FindingsOf) -> None:
    for levels, count in (("2", 8), ("3", 27)):
        names = list(cells_of(levels))
        assert len(set(names)) == count
        whole = "".join(f"    {cell}: {{first: bye}}\n" for cell in names)
        text = f"start:\n  triage: {levels}\n  severity: [Bad?]\n  cells:\n{whole}bye: {{hangup: normal}}"
        assert findings_of(text) == ()
        short = text.replace(f"    {names[3]}: {{first: bye}}\n", "")
        assert [finding.rule for finding in findings_of(short)] == ["triage-cells"]


@pytest.mark.parametrize(
    ("levels", "yes", "questions", "found"),
    [
        ("2", 0, 3, "low"),
        ("2", 1, 3, "low"),
        ("2", 2, 3, "high"),
        ("3", 0, 3, "low"),
        ("3", 1, 3, "medium"),
        ("3", 2, 3, "high"),
        ("2", 0, 0, "low"),
    ],
)
def test_s77_answers_make_a_level(levels: str, yes: int, questions: int, found: str) -> None:
    assert level(levels, yes, questions) == found


def triaged(call: CallMaker, hour: int, keys: str) -> Line:
    first = {cell: "urgent" if "-high-" in cell else "bye" for cell in cells_of("2")}
    cells = "".join(
        f"    {cell}: {{first: {target}, if: is_open(desk), then: message}}\n"
        for cell, target in first.items()
    )
    nodes = (
        f"start:\n  triage: 2\n  severity: [Is there no heating?]\n  effort: [Again?]\n  cells:\n{cells}"
        "urgent: {queue: desk, priority: 90, otherwise: bye}\n"
        "message: {say: Later., next: bye}\nbye: {hangup: normal, prompt: Bye.}"
    )
    top = "hours: {desk: {zone: UTC, week: {daily: 09:00-17:00}}}"
    line = call(nodes, top, wall_clock=datetime(2026, 11, 24, hour, tzinfo=UTC))
    for key in keys:
        line.press(key, gap_s=3)
    return line


def test_s72_an_urgent_matter_goes_first(call: CallMaker) -> None:
    assert triaged(call, 12, "12").node == "urgent"
    assert triaged(call, 12, "22").node == "bye"


def test_s81_the_secondary_treatment_is_taken_while_the_primary_is_closed(call: CallMaker) -> None:
    line = triaged(call, 20, "11")
    assert line.node == "message"
    [note] = line.notes(Fact.TRIAGED)
    assert (note.field("severity"), note.field("effort"), note.field("treatment")) == (
        "high",
        "high",
        "message",
    )


# Surveys, shares, tags, names


SURVEY = (
    """
start:
  survey: after_call
  questions:
    satisfied: {ask: One to five?}
    recommend: {ask: Zero to ten?, scale: 0-10}
  no_input: []
  next: bye
"""
    + BYE
)


@pytest.mark.parametrize(("keys", "scores_found"), [("35#", [3, 5]), ("410", [4, 10]), ("50#", [5, 0])])
def test_s39_scores_are_noted_one_by_one(call: CallMaker, keys: str, scores_found: list[int]) -> None:
    line = call(SURVEY)
    line.press(keys, gap_s=0.3)
    if not line.session.ended:
        line.wait()
    assert [note.field("score") for note in line.notes(Fact.SCORED)] == scores_found


def test_s39_a_caller_who_says_nothing_is_asked_the_next_question(call: CallMaker) -> None:
    line = call(SURVEY)
    line.hear_out()
    line.wait()
    assert line.heard[-1] == "Zero to ten?"
    line.hear_out()
    line.say("ten")
    assert [note.field("question") for note in line.notes(Fact.SCORED)] == ["recommend"]
    assert line.session.ended


def test_shares_are_kept_and_a_caller_always_goes_the_same_way(call: CallMaker) -> None:
    nodes = "start: {split: {a: 20, b: 80}}\na: {hangup: busy}\nb: {hangup: normal}"
    ways = [call(nodes, caller_number=f"+44{n}").node for n in range(500)]
    assert ways == [call(nodes, caller_number=f"+44{n}").node for n in range(500)]
    assert 70 <= ways.count("a") <= 130
    shuffled = [call(nodes.replace("80}", "80}, seed: x"), caller_number=f"+44{n}").node for n in range(500)]
    assert shuffled != ways


def test_s82_a_contact_may_have_several_tags(call: CallMaker) -> None:
    line = call("start: [{tag: [billing, refund]}, {tag: billing}, {hangup: normal}]")
    assert [note.field("tags") for note in line.notes(Fact.TAGGED)] == ["billing,refund", "billing"]


def test_a_name_is_found_by_the_letters_of_any_of_its_parts() -> None:
    people = dict.fromkeys(("Ada Lovelace", "Alan Turing", "Renée O'Hara"), "bye")
    assert found(people, "25") == ["Alan Turing"]
    assert found(people, "2") == ["Ada Lovelace", "Alan Turing"]
    assert found(people, "568") == ["Ada Lovelace"]
    assert found(people, "252688") == ["Alan Turing"]
    assert found(people, "99") == []
