"""Flows within flows, lists, and steps."""

from pathlib import Path

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import DigitPressed
from ivr_flows.engine.serial import session_from_json, session_to_json
from ivr_flows.engine.session import Session
from ivr_flows.loader import load_flow, read_file
from tests.ivr_flows.conftest import NOON, CallMaker, FindingsOf, Line

MAIN = """
flow: main
start: verify
variables: {known: {type: yes_no}, pin: {secret: true}}
nodes:
  verify:
    - transfer: {flow: ask}
      arguments: {greeting: '"Hello " + caller_name'}
      returns: {pin: entered}
    - switch: {'pin == "1234"': inside}
      otherwise: outside
  inside: {hangup: normal}
  outside: {hangup: rejected}
"""
ASK = """
flow: ask
start: ask
variables: {greeting: Hi, entered: {secret: true}}
nodes:
  ask:
    - collect: entered
      prompt: "{greeting}. Your PIN?"
      digits: 4
    - return:
"""


def files(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "main.yaml"


def test_a_flow_begins_another_with_arguments_and_takes_what_it_returns(tmp_path: Path) -> None:
    flow = load_flow(files(tmp_path, main=MAIN, ask=ASK))
    for entered, cause in {"1234": HangupCause.NORMAL, "9999": HangupCause.REJECTED}.items():
        line = Line(Session(flow, {"caller_name": "Ada"}))
        assert line.heard == ["Hello Ada. Your PIN?"]
        line.press(entered)
        assert line.hung_up is cause


def test_u6_a_secret_is_compared_without_being_shown(tmp_path: Path) -> None:
    flow = load_flow(files(tmp_path, main=MAIN, ask=ASK))
    line = Line(Session(flow))
    line.press("1234")
    assert line.hung_up is HangupCause.NORMAL
    notes = repr([order for order in line.orders if hasattr(order, "fact")])
    assert "1234" not in notes
    assert "1234" not in session_to_json(line.session)


def test_a_session_inside_of_another_flow_goes_on_elsewhere(tmp_path: Path) -> None:
    flow = load_flow(files(tmp_path, main=MAIN, ask=ASK))
    line = Line(Session(flow))
    line.press("12")
    text = session_to_json(line.session, with_secrets=True)
    again = session_from_json(flow, text, 5.0, NOON)
    assert again.present_flow.name == "ask"
    for digit in "34":
        again.resume(DigitPressed(digit, 6.0), 6.0)
    assert again.cause is HangupCause.NORMAL


def test_flows_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    circle = ASK.replace("- return:", "- transfer: {flow: main}\n    - return:")
    rules = [finding.rule for finding in read_file(files(tmp_path, main=MAIN, ask=circle)).findings]
    assert rules == ["flow-unusable"]


def test_a_flow_that_is_not_there_is_told_where_it_is_wanted(tmp_path: Path) -> None:
    [finding] = read_file(files(tmp_path, main=MAIN)).findings
    assert (finding.rule, finding.line) == ("flow-unusable", 7)


def test_a_change_in_a_flow_led_to_is_a_change(tmp_path: Path) -> None:
    before = load_flow(files(tmp_path, main=MAIN, ask=ASK)).digest
    assert load_flow(files(tmp_path, ask=ASK.replace("Your PIN", "Code"))).digest != before


def test_a_secret_must_not_go_into_what_is_none(findings_of: FindingsOf) -> None:
    found = findings_of(
        "start: [{set: {copy: pin, same: 'pin == \"1\"'}}, {hangup: normal}]",
        "variables: {pin: {secret: true}}",
    )
    assert [(finding.rule, finding.key) for finding in found] == [("secret-shown", "1.set.copy")]


def test_a_list_beside_the_flow_knows_customers_by_their_number(tmp_path: Path) -> None:
    text = """
flow: main
start: pin
variables: {pin: {secret: true}}
lists: {customers: {file: customers.csv}, blocked: ["+1", "+2"]}
nodes:
  pin:
    - collect: pin
      prompt: PIN?
      digits: 4
    - switch:
        listed(blocked, caller_number): out
        pin == lookup(customers, caller_number, "pin"): in
      otherwise: out
  in: {hangup: normal}
  out: {hangup: rejected}
"""
    main = files(tmp_path, main=text)
    (tmp_path / "customers.csv").write_text("number,pin\n+44,1234\n+2,1234\n")
    flow = load_flow(main)
    for number, cause in {
        "+44": HangupCause.NORMAL,
        "+2": HangupCause.REJECTED,
        "": HangupCause.REJECTED,
    }.items():
        line = Line(Session(flow, {"caller_number": number}))
        line.press("1234")
        assert line.hung_up is cause


def test_a_broken_list_is_a_finding(tmp_path: Path) -> None:
    text = "flow: main\nstart: a\nlists: {x: {file: x.csv}}\nnodes:\n  a: {hangup: normal}\n"
    main = files(tmp_path, main=text)
    assert [finding.rule for finding in read_file(main).findings] == ["list-missing"]
    (tmp_path / "x.csv").write_text("a,b\n1\n")
    assert [finding.rule for finding in read_file(main).findings] == ["list-broken"]


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (b"", []),
        (b"number,pin\n", []),
        (b"number,pin\n+44,1,more\n", []),
        (b"\nnumber,pin\n+44,1\n", ["list-broken"]),
        (b"number,pin\n+44\n", ["list-broken"]),
        (b"number\n\xff\n", ["list-broken"]),
        (b'number\n"' + b"x" * 200_000 + b'"\n', ["list-broken"]),
        (b"n\n" + b"1\n" * 100_001, []),
        (b"n\n" + b"".join(b"%d\n" % n for n in range(100_001)), ["list-too-large"]),
        (b"x" * (8 * 1024 * 1024 + 1), ["list-too-large"]),
    ],
    ids=("empty", "no rows", "more", "blank first", "fewer", "no UTF-8", "long", "same", "many", "large"),
)
def test_whatever_a_list_holds_it_is_read_or_a_finding_at_its_place(
    tmp_path: Path, content: bytes, rules: list[str]
) -> None:
    text = "flow: main\nstart: a\nlists: {x: {file: x.csv}}\nnodes:\n  a: {hangup: normal}\n"
    (tmp_path / "x.csv").write_bytes(content)
    found = read_file(files(tmp_path, main=text)).findings
    assert [finding.rule for finding in found] == rules
    assert all(finding.line == 3 for finding in found)


def test_steps_follow_each_other_and_the_last_says_where_to_go(call: CallMaker) -> None:
    line = call("start: [{say: One.}, {say: Two.}, {hangup: busy}]")
    line.hear_out()
    line.hear_out()
    assert line.heard == ["One.", "Two."]
    assert line.hung_up is HangupCause.BUSY


def test_a_mistake_in_a_step_is_found_at_its_place(findings_of: FindingsOf) -> None:
    found = findings_of("start:\n  - say: One.\n  - say: Two.\n")
    assert [(finding.rule, finding.node, finding.key) for finding in found] == [("dead-end", "start", "2")]
