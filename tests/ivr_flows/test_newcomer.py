"""The first page of the language: what it shows works as it stands."""

import io
import tomllib
from pathlib import Path

from ivr_flows.loader import load_flow, read_file
from ivr_flows.newcomer import FIRST_FLOW, FIRST_SETTINGS, PAGE
from ivr_flows.simulator import simulate
from server.cli import COMMANDS

ROOT = Path(__file__).parents[2]


def test_the_first_flow_has_no_finding_and_ends_as_it_says(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(FIRST_FLOW)
    assert read_file(file).findings == ()
    heard = io.StringIO()
    simulate(load_flow(file), io.StringIO("1\n2\n5\n"), heard)
    assert "We are open from nine to six." in heard.getvalue()
    assert "records: voicemail" in heard.getvalue()
    assert "The flow has ended: normal." in heard.getvalue()


def test_the_first_settings_name_the_first_flow() -> None:
    assert tomllib.loads(FIRST_SETTINGS)["numbers"] == {"100": "shop"}


def test_every_command_on_the_page_exists_and_the_page_is_the_first_thing_shown() -> None:
    commands = [line.split()[1] for line in PAGE.splitlines() if line.startswith("    trunkline ")]
    assert commands
    assert set(commands) <= set(COMMANDS)
    page = (ROOT / "docs/flow_language.md").read_text()
    assert page.index(PAGE.splitlines()[0]) < page.index("## Questions")
    assert "docs/flow_language.md" in (ROOT / "README.md").read_text()
