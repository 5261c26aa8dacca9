"""Every type of node has an example, walked in the simulator, with what is heard written down beside it."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from ivr_flows.definition.nodes import KINDS, Node
from ivr_flows.loader import load_flow
from ivr_flows.simulator import simulate

EXAMPLES = Path(__file__).parents[1] / "data" / "flows"
AFTERNOON_IN_TOKYO = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
NODE_TYPES = get_args(Node)


def example_name(node_type: type[Node]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", node_type.__name__).lower()


@pytest.mark.parametrize("node_type", NODE_TYPES, ids=example_name)
def test_the_example_of_a_node_type_is_heard_as_written_down(node_type: type[Node]) -> None:
    name = example_name(node_type)
    flow = load_flow(EXAMPLES / f"{name}.yaml")
    keys = io.StringIO((EXAMPLES / f"{name}.keys").read_text())
    output = io.StringIO()
    walked = simulate(flow, keys, output, variables={"caller_name": "Ada"}, wall_clock=AFTERNOON_IN_TOKYO)
    assert output.getvalue() == (EXAMPLES / f"{name}.heard").read_text()
    assert any(isinstance(flow.nodes[visited], node_type) for visited in walked.nodes)
    assert set(walked.nodes) == set(flow.nodes), "an example walks through all of its nodes"


def test_every_node_type_has_a_kind() -> None:
    assert set(KINDS) == set(NODE_TYPES)
