"""Tests of flows: what passes, what fails and how that is told, what has been seen, and how fast it is."""

import json
import time
from pathlib import Path

import pytest

from ivr_flows.engine.serial import session_to_json
from ivr_flows.engine.session import Session
from ivr_flows.findings import FlowError
from ivr_flows.testing.player import ScriptPlayer, TestFailure
from ivr_flows.testing.suite import file_of_tests, load_tests, run_tests

FLOW = """
flow: shop
start: hello
hours: {shop: {zone: UTC, week: {mon-fri: 09:00-17:00}}}
nodes:
  hello: {say: "Welcome, {caller_name}.", next: open_now}
  open_now: {hours: shop, open: main, closed: closed}
  closed: {hangup: normal, prompt: We are closed.}
  main:
    menu: For sales, press one. To leave, press two.
    options: {1: {next: sales, or_say: sales}, 2: bye}
  sales: {queue: sales, max_wait: 1m, overflow: bye, otherwise: bye, next: bye}
  bye: {hangup: normal, prompt: Goodbye.}
"""
TESTS = """
flow: ../shop.yaml
at: 2026-11-24 12:00
variables: {caller_name: Ada}
tests:
  a buyer is queued:
    - hears: Welcome, Ada.
    - hears: For sales
    - press: 1
    - reaches queue: sales
    - queue: answered
    - hears: Goodbye
    - hangs up: normal
  a buyer says it:
    - say: sales
    - at: sales
    - leaves
  somebody silent is asked again:
    - wait: 2
    - at: main
    - press: 2
    - hangs up: normal
  nobody is there on Sunday:
    at: 2026-11-22 12:00
    steps:
      - hears: We are closed.
      - hangs up: normal
"""


def files(folder: Path, tests: str = TESTS, flow: str = FLOW) -> Path:
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "shop.yaml").write_text(flow)
    (folder / "tests" / "shop.yaml").write_text(tests)
    return file_of_tests(folder / "shop.yaml")


def test_tests_that_hold_pass_and_what_they_have_seen_is_counted(tmp_path: Path) -> None:
    outcome = run_tests(files(tmp_path))
    assert [(result.name, result.failure) for result in outcome.results if result.failure] == []
    assert outcome.passed
    assert outcome.node_coverage == 1.0
    assert outcome.unseen_edges == ()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("hears: Good evening", '"Good evening" is not heard at main'),
        ("at: sales", '"sales" is expected, it is "main"'),
        ("press: 12x", "are no keys"),
        ("reaches queue: sales", '"sales" is expected, it is ""'),
        ("queue: answered", "the caller is at main"),
        ("hangs up: normal", "the call goes on"),
        ("variable: caller_name=Bob", '"Bob" is expected, it is "Ada"'),
    ],
)
def test_a_test_that_does_not_hold_fails_at_its_step(tmp_path: Path, step: str, words: str) -> None:
    tests = (
        "flow: ../shop.yaml\nvariables: {caller_name: Ada}\ntests:\n  t:\n    - hears: For sales\n    - "
        + step
    )
    [result] = run_tests(files(tmp_path, tests)).results
    assert result.failure.startswith("line 6: ")
    assert words in result.failure


def test_what_was_not_seen_is_told(tmp_path: Path) -> None:
    tests = "flow: ../shop.yaml\ntests: {t: [{press: 2}, {hangs up: normal}]}"
    outcome = run_tests(files(tmp_path, tests))
    assert outcome.unseen_nodes == ("closed", "sales")
    assert ("main", "sales") in outcome.unseen_edges
    assert 0.6 < outcome.node_coverage < 0.7


@pytest.mark.parametrize(
    ("tests", "rule"),
    [
        ("tests: {}", "key-missing"),
        ("flow: ../shop.yaml\ntests: {t: [{prss: 1}]}", "step-unknown"),
        ("flow: ../shop.yaml\ntests: {t: 1}", "value-type"),
        ("flow: ../shop.yaml\nat: noon\ntests: {}", "value-type"),
        ("flow: ../nowhere.yaml\ntests: {}", "file-unreadable"),
        ("{", "yaml-syntax"),
    ],
)
def test_a_mistake_in_a_file_of_tests_is_a_finding(tmp_path: Path, tests: str, rule: str) -> None:
    with pytest.raises(FlowError) as caught:
        run_tests(files(tmp_path, tests))
    assert rule in [finding.rule for finding in caught.value.findings]


def test_a_thousand_tests_a_second(tmp_path: Path) -> None:
    flow, scripts = load_tests(files(tmp_path))
    began = time.process_time()
    for _ in range(250):
        for script in scripts:
            ScriptPlayer(flow, script).play()
    assert 250 * len(scripts) / (time.process_time() - began) >= 1000


def test_a_flow_that_never_asks_does_not_hang_its_tests(tmp_path: Path) -> None:
    limits = "limits: {steps: 100000, repeats: 100000}"
    flow = f"flow: shop\nstart: a\n{limits}\nnodes:\n  a: {{say: On and on., next: a}}\n"
    loaded, [script] = load_tests(files(tmp_path, "flow: ../shop.yaml\ntests: {t: [{wait: 1}]}", flow))
    with pytest.raises(TestFailure, match="without a question"):
        ScriptPlayer(loaded, script).play()


def test_a_session_that_another_process_would_play_otherwise_fails_its_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a field of a session is lost on the way through JSON, `flow test` says so at its step."""

    def forgetful(session: Session, *, with_secrets: bool) -> str:
        data = json.loads(session_to_json(session, with_secrets=with_secrets))
        data["state"]["no_input"] = 0
        return json.dumps(data)

    monkeypatch.setattr("ivr_flows.testing.player.session_to_json", forgetful)
    failures = {result.name: result.failure for result in run_tests(files(tmp_path)).results}
    told = failures["somebody silent is asked again"]
    assert "wait" in told and "another process" in told
    assert failures["a buyer is queued"] == ""
