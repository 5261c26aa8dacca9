"""What `trunkline bench flows` measures."""

import json

import pytest
from typer.testing import CliRunner

from server.cli import app

pytestmark = pytest.mark.timing


def test_the_cost_of_flows_is_measured() -> None:
    """CPU figures; the pause of the loop depends on what else the machine does, and is only printed."""
    result = CliRunner().invoke(app, ["bench", "flows", "--json"])
    assert result.exit_code == 0, result.output
    cost = json.loads(result.output)
    assert cost["steps_per_s"] >= 10_000
    assert cost["check_cpu_s"] < 2.0
    assert cost["reload_s"] > 0
    assert cost["reload_pause_ms"] >= 0
