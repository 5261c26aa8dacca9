"""Walking a flow by typing."""

import io

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.simulator import Simulated, simulate
from tests.ivr_flows.conftest import FlowMaker

PIN = """
start: {collect: pin, prompt: PIN?, digits: 4, secret: true, next: menu}
menu: {menu: Choose., options: {1: {next: line, or_say: agent}, 2: again}}
again: {say: Again., next: menu}
line: {queue: sales, max_wait: 90s, overflow: bye}
bye: {hangup: congestion}
"""


def walk(flow: Flow, *lines: str) -> tuple[Simulated, str]:
    output = io.StringIO()
    return simulate(flow, io.StringIO("".join(f"{line}\n" for line in lines)), output), output.getvalue()


def test_a_secret_never_reaches_the_output(flow_of: FlowMaker) -> None:
    walked, output = walk(flow_of(PIN), "7391", "v", "h")
    assert "7391" not in output
    assert "739" not in output
    assert "pin = '****'" in output
    assert walked.variables == {"pin": "****"}
    assert walked.cause is HangupCause.CALLER_LEFT


def test_words_are_speech_and_w_waits_for_the_end_of_the_queue(flow_of: FlowMaker) -> None:
    walked, output = walk(flow_of(PIN), "7391", "an agent please", "w")
    assert walked.nodes == ("start", "menu", "line", "bye")
    assert walked.cause is HangupCause.CONGESTION
    assert walked.duration_s > 90
    assert "queue: sales" in output


def test_the_end_of_the_input_is_a_hang_up(flow_of: FlowMaker) -> None:
    walked, output = walk(flow_of(PIN))
    assert walked.cause is HangupCause.CALLER_LEFT
    assert output.endswith("The caller has left.\n")


def test_w_waits_for_the_timeout_of_a_question(flow_of: FlowMaker) -> None:
    walked, output = walk(flow_of(PIN), "7391", "w", "w", "w")
    assert output.count("no input") == 3
    assert walked.cause is HangupCause.NO_INPUT


def test_a_flow_that_asks_nothing_still_waits_for_the_reader(flow_of: FlowMaker) -> None:
    walked, _ = walk(flow_of("start: {say: One., next: two}\ntwo: {say: Two., next: start}"), "", "")
    assert walked.cause is HangupCause.CALLER_LEFT
    assert len(walked.nodes) < 10


def test_help_is_shown_for_what_cannot_be_understood(flow_of: FlowMaker) -> None:
    _, output = walk(flow_of(PIN), "?", "z")
    assert output.count("hear the prompt to its end") == 2
