"""What the description of the language shows is what the loader accepts."""

import re
from pathlib import Path

import pytest

from ivr_flows.engine.limits import STEPS_PER_SECOND_LIMIT
from ivr_flows.engine.run import TYPE_AHEAD_LIMIT
from ivr_flows.kinds.catalogue import KINDS
from ivr_flows.kinds.manner import Manner
from ivr_flows.loader import parse_flow

README = (Path(__file__).parents[2] / "ivr_flows" / "README.md").read_text()
FLOWS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("text", FLOWS, ids=range(len(FLOWS)))
def test_a_flow_in_the_description_has_no_findings(text: str) -> None:
    assert parse_flow(text.encode(), "README.md").findings == ()


def test_the_description_names_every_kind_and_the_limits() -> None:
    assert all(f"`{kind}`" in README for kind in KINDS)
    assert f"At most {TYPE_AHEAD_LIMIT} digits" in README
    assert f"more than {STEPS_PER_SECOND_LIMIT} nodes within one second" in README
    assert f"[{Manner().timeout_s:g}s]" in README
    assert f"[{Manner().inter_digit_s:g}s]" in README
