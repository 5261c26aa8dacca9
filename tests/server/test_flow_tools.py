"""`trunkline flow`: trying a flow at another time, and keeping files up to date."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.commands.flow import app

RUN = CliRunner()
FLOW = """\
flow: shop
start: open_now
hours: {shop: {zone: Europe/London, week: {mon-sat: 09:00-17:00}, closed: 2026-12-25}}
nodes:
  open_now: {branch: {hours: shop}, open: yes_please, closed: sorry}
  yes_please: {hangup: normal, prompt: "We are open, {caller_name}."}
  sorry: {hangup: normal, prompt: We are closed.}
"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    file = tmp_path / "shop.yaml"
    file.write_text(FLOW)
    return file


@pytest.mark.parametrize(
    ("at", "heard"), [("2026-12-24 12:30", "We are open, Ada."), ("2026-12-25 12:30", "We are closed.")]
)
def test_u18_a_flow_is_tried_as_if_it_were_another_time(flow: Path, at: str, heard: str) -> None:
    done = RUN.invoke(app, ["run", str(flow), "--at", at, "--var", "caller_name=Ada"])
    assert done.exit_code == 0
    assert heard in done.output


def test_u18_what_is_no_time_is_explained(flow: Path) -> None:
    done = RUN.invoke(app, ["run", str(flow), "--at", "tomorrow"])
    assert done.exit_code == 2


def test_older_words_are_replaced_only_when_that_is_asked_for(flow: Path) -> None:
    flow.write_text(FLOW + "fallback: sorry   # sorry\n")
    assert RUN.invoke(app, ["fmt", "--upgrade", "--check", str(flow)]).exit_code == 1
    assert RUN.invoke(app, ["fmt", str(flow)]).exit_code == 0
    assert "fallback: sorry" in flow.read_text()
    assert RUN.invoke(app, ["fmt", "--upgrade", str(flow)]).exit_code == 0
    assert flow.read_text() == FLOW + "otherwise: sorry   # sorry\n"
    assert RUN.invoke(app, ["fmt", "--upgrade", "--check", str(flow)]).exit_code == 0
