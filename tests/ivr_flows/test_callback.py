"""`callback`: whom we promise to call, how often they are asked, and where they go otherwise."""

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import RequestDone, RequestOutcome, Tick
from ivr_flows.engine.instructions import AskOutside
from ivr_flows.engine.requests import CallbackCheck, CallbackWanted
from ivr_flows.segments import Digits
from tests.ivr_flows.conftest import CallMaker, FindingsOf, Line

CALLER = "+442079460000"
FLOW = """
start:
  callback: support
  skills: {billing: 3}
  priority: 5
  first: agent
  times: 2
  next: promised
  otherwise: wait
promised: {menu: Promised., options: {1: promised}}
wait: {menu: Wait., options: {1: wait}}
"""
LATER = "2026-11-23T15:30:00+00:00"
TOMORROW = "2026-11-24T09:00:00+00:00"


def asked(line: Line) -> CallbackCheck | CallbackWanted:
    wanted = _last(line).wanted
    assert isinstance(wanted, CallbackCheck | CallbackWanted)
    return wanted


def _last(line: Line) -> AskOutside:
    return next(order for order in reversed(line.orders) if isinstance(order, AskOutside))


def tell(line: Line, outcome: RequestOutcome = RequestOutcome.DONE, **values: str) -> None:
    line.send(RequestDone(_last(line).request, outcome, tuple(values.items())), 0.1)


def checks(line: Line) -> list[str]:
    orders = (order.wanted for order in line.orders if isinstance(order, AskOutside))
    return [wanted.typed for wanted in orders if isinstance(wanted, CallbackCheck)]


def test_the_number_of_the_caller_is_checked_read_back_and_ordered(call: CallMaker) -> None:
    line = call(FLOW.replace("times: 2", "times: 0"), caller_number=CALLER)
    assert asked(line) == CallbackCheck(CALLER, "support", 0)
    tell(line, number=CALLER)
    assert any(isinstance(part, Digits) for part in line.playing.segments)
    line.press("1")
    assert asked(line) == CallbackWanted(CALLER, "support", (("billing", 3),), 5, "agent", "")
    assert line.node == "start"
    tell(line)
    assert (line.node, line.session.value("callback_number")) == ("promised", CALLER)


@pytest.mark.parametrize(("key", "at"), [("1", ""), ("2", LATER), ("3", TOMORROW)])
def test_the_times_that_are_free_are_offered_and_the_one_that_is_chosen_is_ordered(
    call: CallMaker, key: str, at: str
) -> None:
    line = call(FLOW, caller_number=CALLER)
    tell(line, number=CALLER, time1=LATER, time2=TOMORROW)
    line.press("1#")
    line.press(key)
    order = asked(line)
    assert isinstance(order, CallbackWanted)
    assert order.at == at


def test_a_key_of_a_time_that_is_not_offered_orders_nothing(call: CallMaker) -> None:
    line = call(FLOW, caller_number=CALLER)
    tell(line, number=CALLER, time1=LATER)
    line.press("1")
    for key in ("3", "0", "#"):
        line.press(key)
        assert line.node == "wait" or isinstance(asked(line), CallbackCheck)
    assert line.node == "wait"


def test_another_number_may_be_entered_and_is_checked_as_well(call: CallMaker) -> None:
    line = call(FLOW, caller_number=CALLER)
    tell(line, number=CALLER)
    line.press("2")
    line.press("02079461111#")
    assert checks(line) == [CALLER, "02079461111"]
    tell(line, number="+442079461111")
    line.press("1")
    order = asked(line)
    assert isinstance(order, CallbackWanted)
    assert order.number == "+442079461111"


def test_who_hides_the_number_is_asked_for_one(call: CallMaker) -> None:
    line = call(FLOW)
    assert checks(line) == []
    line.press("02079461111")
    line.wait()
    assert checks(line) == ["02079461111"]


@pytest.mark.parametrize("entry", ["#", "*1#", "12*#", "0" * 21 + "#"])
def test_an_entry_that_is_no_number_is_asked_for_again_and_checked_nowhere(
    call: CallMaker, entry: str
) -> None:
    line = call(FLOW)
    line.press(entry)
    assert "0" * 21 not in checks(line)
    assert all(typed.isdigit() and len(typed) <= 20 for typed in checks(line))


@pytest.mark.parametrize("how", [RequestOutcome.REFUSED, RequestOutcome.FAILED, None])
def test_a_number_that_cannot_be_called_is_asked_for_three_times_and_no_more(
    call: CallMaker, how: RequestOutcome | None
) -> None:
    line = call(FLOW, caller_number=CALLER)
    rounds = 0
    while line.node == "start":
        rounds += 1
        if how is None:
            line.send(Tick(), 3.0)
        else:
            tell(line, how)
        if line.node == "start":
            line.press(f"{rounds}#")
    assert line.node == "wait"
    assert checks(line) == [CALLER, "1", "2", "3"]


@pytest.mark.parametrize("how", [RequestOutcome.REFUSED, RequestOutcome.FAILED, None])
def test_a_promise_that_cannot_be_made_is_not_made_twice(call: CallMaker, how: RequestOutcome | None) -> None:
    line = call(FLOW.replace("times: 2", "times: 0"), caller_number=CALLER)
    tell(line, number=CALLER)
    line.press("1")
    if how is None:
        line.send(Tick(), 3.0)
    else:
        tell(line, how)
    assert line.node == "wait"


def test_without_a_way_of_its_own_nothing_promised_ends_the_call_with_its_reason(call: CallMaker) -> None:
    line = call(FLOW.replace("  otherwise: wait\n", ""), caller_number=CALLER)
    for number in range(4):
        tell(line, RequestOutcome.REFUSED)
        line.press(f"{number}#")
    assert line.hung_up is HangupCause.NOBODY_TO_SERVE


def test_a_number_refused_in_an_earlier_visit_is_not_held_against_the_caller(
    call: CallMaker,
) -> None:
    line = call(FLOW.replace("{1: wait}", "{1: start}"), caller_number=CALLER)
    for _ in range(2):
        before = len(checks(line))
        for number in range(4):
            tell(line, RequestOutcome.REFUSED)
            line.press(f"{number}#")
        assert line.node == "wait"
        assert len(checks(line)) - before <= 4
        line.press("1")
        assert line.node == "start"


def test_a_silent_caller_is_promised_nothing(call: CallMaker) -> None:
    line = call(FLOW, caller_number=CALLER)
    tell(line, number=CALLER)
    while line.node == "start":
        line.hear_out()
        line.wait()
    assert line.node == "wait"
    assert not any(
        isinstance(order.wanted, CallbackWanted) for order in line.orders if isinstance(order, AskOutside)
    )


def test_the_number_may_have_a_variable_of_its_own(call: CallMaker) -> None:
    line = call(FLOW.replace("times: 2", "number: mobile"), caller_number=CALLER)
    tell(line, number="+4477")
    assert line.session.value("mobile") == "+4477"
    assert line.session.value("callback_number") == ""


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        ("{callback: , next: end}", "value-empty"),
        ("{callback: a b, next: nowhere}", "target-unknown"),
        ("{callback: support}", "key-missing"),
        ("{callback: support, first: nobody, next: end}", "value-choice"),
        ("{callback: support, times: 6, next: end}", "value-range"),
        ("{callback: support, times: -1, next: end}", "value-range"),
        ("{callback: support, priority: 101, next: end}", "value-range"),
        ("{callback: support, skills: {b: 0}, next: end}", "skill-level"),
        ("{callback: support, number: 9x, next: end}", "name-invalid"),
        ("{callback: support, confirm: '{nobody}', next: end}", "variable-unknown"),
    ],
)
def test_a_callback_node_that_is_wrong_is_refused(findings_of: FindingsOf, node: str, rule: str) -> None:
    found = findings_of(f"start: {node}\nend: {{hangup: normal}}")
    assert rule in {finding.rule for finding in found}


def test_another_language_than_english_needs_words_of_its_own(findings_of: FindingsOf) -> None:
    nodes = "start: {callback: support, times: 1, next: end}\nend: {hangup: normal}"
    found = findings_of(nodes, "language: de")
    missing = {finding.message for finding in found if finding.rule == "key-missing"}
    assert missing == {f'"{word}" is missing' for word in ("confirm", "ask", "choose")}
    fewer = findings_of(nodes.replace("times: 1", "times: 0"), "language: de")
    assert '"choose" is missing' not in {finding.message for finding in fewer}
