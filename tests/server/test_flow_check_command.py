"""`trunkline flow check`: a flow is judged by the settings that it is used with."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server.cli import app

QUEUE_FLOW = "flow: x\nstart: a\nnodes:\n  a:\n    queue: sales\n"
TRANSFER_FLOW = "flow: x\nstart: a\nnodes:\n  a:\n    transfer: {number: '+4930123'}\n"


def check(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["flow", "check", *map(str, arguments)])


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    file = tmp_path / "flows" / "mine.yaml"
    file.write_text(QUEUE_FLOW)
    return file


def test_finding_27_a_flow_without_settings_beside_it_is_not_judged_by_the_built_in_ones(flow: Path) -> None:
    assert check(flow).exit_code == 0


def test_finding_27_the_settings_beside_a_flow_judge_it(flow: Path) -> None:
    settings = flow.parents[1] / "trunkline.toml"
    settings.write_text('[[queues]]\nname = "support"\n')
    assert check(flow).exit_code == 2
    settings.write_text('[[queues]]\nname = "sales"\n')
    assert check(flow).exit_code == 0


def test_finding_27_settings_that_are_named_judge_it(flow: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[[queues]]\nname = "support"\n')
    assert check(flow, "--config", other).exit_code == 2


def test_u04_flow_check_sees_a_transfer_that_serve_would_refuse(flow: Path) -> None:
    flow.write_text(TRANSFER_FLOW)
    (flow.parent / "trunkline.toml").write_text("")
    result = check(flow)
    assert result.exit_code == 2
    assert "mine.yaml:5:" in result.output
    (flow.parent / "trunkline.toml").write_text('[flows]\nnumber_gateway = "sip.carrier.example"\n')
    assert check(flow).exit_code == 0


def test_u04_mistakes_in_the_settings_are_told_beside_those_of_the_flow(flow: Path) -> None:
    (flow.parent / "trunkline.toml").write_text('[sip]\nport = "x"\n[[queues]]\nname = "support"\n')
    result = check(flow)
    assert result.exit_code == 2
    assert "sip.port" in result.output
    assert 'there is no queue "sales"' in result.output
