"""What becomes of refusals: answers and log lines are bounded, counts are not."""

from __future__ import annotations

from telephony.refusals import Refusals
from telephony.settings import AdmissionSettings

RULE = "source.unknown"


def test_one_source_gets_fifty_answers_a_second_and_all_together_five_hundred() -> None:
    refusals = Refusals(AdmissionSettings())
    answered = sum(refusals.may_answer(RULE, "192.0.2.1", 0.001 * n) for n in range(900))
    assert answered == 50
    answered += sum(refusals.may_answer(RULE, f"198.51.100.{n % 200}", 0.95) for n in range(5000))
    assert answered == 500
    assert (refusals.counts[RULE], refusals.dropped[RULE]) == (5900, 5400)


def test_a_trunk_is_told_every_time_for_it_would_only_ask_again() -> None:
    refusals = Refusals(AdmissionSettings())
    assert all(refusals.may_answer("load.calls", "192.0.2.1", 0.0, trusted=True) for _ in range(2000))


def test_the_next_second_has_a_budget_of_its_own() -> None:
    refusals = Refusals(AdmissionSettings(refusals_per_source=1))
    answers = [refusals.may_answer(RULE, "192.0.2.1", now) for now in (0.0, 0.5, 1.0, 1.9, 2.1)]
    assert answers == [True, False, True, False, True]


def test_a_source_leaves_one_line_a_minute_that_tells_how_many_left_none() -> None:
    refusals = Refusals(AdmissionSettings())
    lines = [refusals.line(RULE, "192.0.2.1", float(now)) for now in range(0, 121, 10)]
    assert [line.unlogged for line in lines if line is not None] == [0, 5, 5]


def test_a_rule_leaves_twenty_lines_a_minute_however_many_sources_there_are() -> None:
    refusals = Refusals(AdmissionSettings())
    lines = [refusals.line(RULE, f"10.0.{n // 250}.{n % 250}", n * 0.001) for n in range(20_000)]
    assert sum(line is not None for line in lines) == 20
    assert refusals.line("another.rule", "10.0.0.1", 20.0) is not None
