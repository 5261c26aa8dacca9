"""`trunkline bench media | mix | detect | srtp`: what sound costs."""

import json

import pytest
from typer.testing import CliRunner

from server.cli import app


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("command", "works"),
    [
        ("media", ["prompts", "bridges"]),
        ("mix", ["rooms"]),
        ("detect", ["tones", "listening"]),
        ("srtp", ["prompts", "encrypted"]),
    ],
)
def test_s_bench_media_measures_sound_beside_the_bare_kernel(command: str, works: list[str]) -> None:
    told = CliRunner().invoke(app, ["bench", command, "--legs", "4", "--seconds", "1", "--json"])
    assert told.exit_code == 0, told.output
    told_costs = json.loads(told.stdout)
    costs = [cost for cost in told_costs if "work" in cost]
    steps = [cost for cost in told_costs if "stage" in cost]
    assert [cost["work"] for cost in costs] == works
    assert all(step["mean_us"] > 0 and step["repeated"] > 1000 for step in steps)
    assert bool(steps) == (command in ("detect", "srtp"))
    for cost in costs:
        assert cost["cpu_ms"] >= cost["tick_cpu_ms"] > 0
        assert cost["floor_ms"] > 0
        assert cost["heard"]["packets"] >= 4 * 40
        if cost["work"] == "bridges":
            assert cost["heard"]["delays"] > 0
            assert 0 < cost["heard"]["delay_ms_p50"] < 100
