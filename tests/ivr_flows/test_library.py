"""The flows that come with the server."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import QueueLeft, QueueOutcome
from ivr_flows.engine.instructions import Enqueue
from ivr_flows.engine.session import Session
from ivr_flows.findings import has_errors
from ivr_flows.known import Known
from ivr_flows.loader import load_flow, read_file
from ivr_flows.testing.suite import file_of_tests, run_tests
from ivr_flows.texts import spoken_texts, vocabulary
from tests.ivr_flows.conftest import Line, LineMaker

LIBRARY = Path(__file__).parents[2] / "ivr_flows" / "library"
FLOWS = sorted(LIBRARY.glob("*.yaml"))


@pytest.fixture
def welcome(line_of: LineMaker) -> Line:
    return line_of(load_flow(LIBRARY / "welcome.yaml"))


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_of_the_library_has_no_findings(path: Path) -> None:
    known = Known(frozenset({"support"}), frozenset({"support"}), frozenset())
    assert not read_file(path, known).findings


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_every_sentence_of_the_library_can_be_rendered_ahead(path: Path) -> None:
    flow = load_flow(path)
    for node in flow.nodes.values():
        prompt = getattr(node, "prompt", None)
        for segment in prompt.segments if prompt else ():
            template = getattr(segment, "template", None)
            is_spoken = type(segment).__name__ in ("DigitsTemplate", "NumberTemplate", "SayAsTemplate")
            assert template is None or template.fixed is not None or is_spoken
    assert spoken_texts(flow)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_the_tests_of_a_flow_pass_and_see_every_node(path: Path) -> None:
    outcome = run_tests(file_of_tests(path))
    assert [(result.name, result.failure) for result in outcome.results if result.failure] == []
    assert outcome.unseen_nodes == ()


def test_u12_the_bank_speaks_english_and_japanese_throughout() -> None:
    flow = load_flow(LIBRARY / "bank.yaml")
    assert set(flow.catalogues) == {"ja"}
    assert not [
        finding for finding in read_file(LIBRARY / "bank.yaml").findings if "translation" in finding.rule
    ]


def test_key_one_leads_into_the_queue_by_skill(welcome: Line) -> None:
    welcome.hear_out()
    welcome.press("1")
    order = next(order for order in welcome.orders if isinstance(order, Enqueue))
    assert (order.queue, [(s.skill, s.level) for s in order.skills]) == ("support", [("support", 1)])
    assert order.announce_every_s
    assert order.max_wait_s
    welcome.send(QueueLeft(QueueOutcome.ANSWERED), 60)
    assert welcome.hung_up is HangupCause.NORMAL


def test_a_key_during_the_greeting_is_enough(welcome: Line) -> None:
    welcome.press("1")
    assert welcome.node == "support"


@pytest.mark.parametrize("day", range(7))
def test_support_can_be_reached_at_any_hour(line_of: LineMaker, day: int) -> None:
    flow = load_flow(LIBRARY / "welcome.yaml")
    for hour in (3, 10, 22):
        line = line_of(flow, wall_clock=datetime(2026, 12, 21 + day, hour, tzinfo=UTC))
        line.press("2")
        line.hear_out()
        line.hear_out()
        line.press("1")
        assert line.node == "support"


def test_an_order_number_is_read_back(welcome: Line) -> None:
    welcome.press("34711")
    assert "4 7 1 1" in welcome.heard[-1]


def test_zero_and_helplessness_lead_to_the_operator(line_of: LineMaker) -> None:
    flow = load_flow(LIBRARY / "welcome.yaml")
    line = line_of(flow)
    line.press("0")
    assert line.node == "operator"
    line = line_of(flow)
    line.hear_out()
    for _ in range(3):
        line.hear_out()
        line.wait()
    assert line.node == "operator"


def test_the_endless_flow_never_ends_and_cannot_be_interrupted(line_of: LineMaker) -> None:
    line = line_of(load_flow(LIBRARY / "endless.yaml"))
    assert line.playing.loop
    line.press("0123456789*#")
    assert line.stopped == []
    assert line.session.cause is None


def test_what_is_said_and_may_be_said_is_known_before_the_first_call() -> None:
    flow = load_flow(LIBRARY / "welcome.yaml")
    texts = spoken_texts(flow)
    assert "For support, press one." in texts
    assert set("0123456789") <= set(texts)
    assert len(set(texts)) == len(texts)
    words = vocabulary(flow)
    assert "technical support" in words
    assert "For support, press one." in words
    assert not any("{" in text for text in (*texts, *words))


def test_a_warning_keeps_no_flow_from_being_used(tmp_path: Path) -> None:
    warned = tmp_path / "warned.yaml"
    warned.write_text("flow: x\nstart: a\nnodes:\n  a: {hangup: normal}\n  b: {hangup: normal}\n")
    found = read_file(warned).findings
    assert found
    assert not has_errors(found)
    assert has_errors(read_file(tmp_path / "missing.yaml").findings)


def test_the_sessions_of_one_flow_do_not_share_anything(line_of: LineMaker) -> None:
    flow = load_flow(LIBRARY / "welcome.yaml")
    first, second = line_of(flow), line_of(flow)
    first.press("34711")
    assert second.session.value("order_number") == ""
    assert Session(flow).value("order_number") == ""
