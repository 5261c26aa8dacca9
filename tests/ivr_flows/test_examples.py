"""Every type of node has an example, walked in the simulator, with what is heard written down beside it."""

import io
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr_flows.kinds.catalogue import KINDS
from ivr_flows.loader import load_flow, parse_flow
from ivr_flows.simulator import simulate

EXAMPLES = Path(__file__).parents[1] / "data" / "flows"
AFTERNOON_IN_TOKYO = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize("word", KINDS)
def test_the_example_of_a_kind_is_heard_as_written_down(word: str) -> None:
    """A kind may have several examples; one is named after it."""
    assert (EXAMPLES / f"{word}.yaml").exists(), "every kind has an example"
    for file in EXAMPLES.glob(f"{word}*.yaml"):
        flow = load_flow(file)
        keys = io.StringIO(file.with_suffix(".keys").read_text())
        output = io.StringIO()
        walked = simulate(flow, keys, output, variables={"caller_name": "Ada"}, wall_clock=AFTERNOON_IN_TOKYO)
        assert output.getvalue() == file.with_suffix(".heard").read_text()
        assert any(isinstance(flow.nodes.get(visited), KINDS[word].node) for visited in walked.nodes)
        assert set(walked.nodes) >= set(flow.nodes), "an example walks through all of its nodes"


def test_every_kind_is_found_by_its_word() -> None:
    assert all(kind.word == word for word, kind in KINDS.items())


@pytest.mark.parametrize("word", KINDS)
def test_the_example_in_the_documentation_of_a_kind_has_no_findings(word: str) -> None:
    nodes = KINDS[word].example.strip("\n")
    start = nodes.partition(":")[0]
    body = textwrap.indent(nodes, "  ")
    office = "hours: {office: {zone: UTC, week: {mon-fri: 09:00-17:00}}}\n" if "office" in nodes else ""
    operator = "operator: bye\n" if "faq:" in nodes else ""
    text = f"flow: example\nstart: {start}\n{operator}{office}nodes:\n{body}\n"
    loaded = parse_flow(text.encode(), "example.yaml")
    assert loaded.findings == ()
    assert loaded.flow is not None
    assert isinstance(loaded.flow.nodes[start], KINDS[word].node)
