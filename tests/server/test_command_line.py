"""The command line as a whole: fast to start, and help that says everything."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import COMMANDS, app

ROOT = Path(__file__).parents[2]
FLOW = ROOT / "ivr_flows" / "library" / "welcome.yaml"
HEAVY = ("alembic", "fastapi", "numba", "numpy", "pjsua2", "pocketsphinx", "scipy", "sqlalchemy", "uvicorn")
PROGRAM = """
import json, sys
from typer.testing import CliRunner
from server.cli import app
result = CliRunner().invoke(app, sys.argv[1:])
print(json.dumps({"code": result.exit_code, "modules": sorted(sys.modules)}))
"""
LIGHT = [
    ["--help"],
    ["--version"],
    *([name, "--help"] for name in COMMANDS),
    ["flow", "check", str(FLOW)],
    ["doctor", "--print-config"],
]


CLIENTS = [
    ["contacts", "list"],
    ["queues"],
    ["agents"],
    ["status"],
    ["trunks"],
    ["reload"],
    ["recordings", "list"],
]


def after(arguments: list[str]) -> tuple[int, set[str]]:
    """The exit code of a command, and the modules that it took."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=300
    )
    told = json.loads(done.stdout)
    return told["code"], set(told["modules"])


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_u10_a_short_command_does_not_wait_for_what_it_does_not_use(arguments: list[str]) -> None:
    code, modules = after(arguments)
    assert code == 0
    assert not set(HEAVY) & modules


@pytest.mark.parametrize("arguments", CLIENTS, ids=" ".join)
def test_u10_a_command_that_asks_the_server_takes_nothing_of_the_server_along(
    arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "trunkline.toml").write_text("")
    code, modules = after([*arguments, "--config", str(tmp_path / "trunkline.toml")])
    assert code == 2, "no server is running there"
    assert not {*HEAVY, "structlog", "server.assembly"} & modules


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", list(COMMANDS))
def test_u19_nothing_is_cut_off_in_the_help(name: str) -> None:
    assert "..." not in help_of(name).replace("[ARGS]...", "").replace("FILE...", "").replace("}...", "")
    assert COMMANDS[name].help in " ".join(help_of().split())


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_speaks_in_plain_words(name: str) -> None:
    text = help_of(name).lower()
    for word in ("the mend", "embedded", "draining", "proof", "tick engine", "guests", "fact "):
        assert word not in text, f"{name} --help says {word!r}"


IDS = re.compile(r"Example: trunkline (contacts show|why|recordings \S+) (\S+)")
OF_CONTACTS = ("contacts show", "why", "recordings pause", "recordings resume", "recordings withdraw")
LIKE = dict.fromkeys(OF_CONTACTS, r"[0-9a-f]{23}")


@pytest.mark.parametrize(
    "module", sorted((ROOT / "server" / "commands").glob("*.py")), ids=lambda file: file.stem
)
def test_u19_sample_ids_look_like_real_ones(module: Path) -> None:
    for command, sample in IDS.findall(module.read_text()):
        shape = LIKE.get(command, r"(\d{8}-\d{6}-[0-9a-f]{12}|--?\w+.*|[a-z]+)")
        assert re.fullmatch(shape, sample.strip('"()')), f"{module.name}: {command} {sample}"


def test_an_unknown_command_is_a_short_message() -> None:
    result = CliRunner().invoke(app, ["srve"])
    assert result.exit_code == 2
    assert "srve" in result.output
