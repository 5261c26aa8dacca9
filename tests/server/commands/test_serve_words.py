"""What `trunkline serve` says: where it listens, and what a SIGHUP has done."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from config.reader import ConfigError
from server.assembly import Trunkline
from server.commands.serve import again, ready_line, reload
from server.http.ports import ReloadOutcome


class Reloads:
    """A server's settings, read again; the outcome is the test's to set."""

    def __init__(self, outcome: ReloadOutcome) -> None:
        self.outcome = outcome
        self.asked_by: list[str] = []

    async def reload(self, by: str) -> ReloadOutcome:
        self.asked_by.append(by)
        return self.outcome


def server(wanted: int = 5060, port: int = 5060, outcome: ReloadOutcome | None = None) -> Trunkline:
    return cast(
        Trunkline,
        SimpleNamespace(
            sip=("127.0.0.1", port),
            web="http://127.0.0.1:8080",
            settings=SimpleNamespace(sip=SimpleNamespace(port=wanted)),
            reloading=Reloads(outcome or ReloadOutcome()),
        ),
    )


def test_the_ready_line_says_where_it_listens() -> None:
    told = ready_line(server())
    assert told == "ready: SIP on 127.0.0.1:5060 UDP and TCP, administration on http://127.0.0.1:8080"


def test_a_port_that_was_taken_is_named_beside_the_one_that_was_found() -> None:
    assert "SIP on 127.0.0.1:5061 UDP and TCP (5060 was taken)" in ready_line(server(5060, 5061))


def test_who_lets_the_system_choose_is_not_told_that_a_port_was_taken() -> None:
    assert "taken" not in ready_line(server(0, 40123))


async def test_a_sighup_without_a_change_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    at_work = server()
    await reload(at_work)
    assert capsys.readouterr().err == "SIGHUP: nothing has changed\n"
    assert cast(Reloads, at_work.reloading).asked_by == ["SIGHUP"]


async def test_what_is_applied_and_what_waits_for_a_start_are_told_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await reload(
        server(outcome=ReloadOutcome(changed=("agents: carol is new",), restart_needed=("sip.port",)))
    )
    assert capsys.readouterr().err.splitlines() == [
        "applied: agents: carol is new",
        "needs a restart: sip.port",
    ]


async def test_a_mistake_changes_nothing_and_every_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    problems = ("trunkline.toml:3: sip.port: [1] is no number", "welcome.yaml:7: no such node")
    await reload(server(outcome=ReloadOutcome(problems=problems)))
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == list(problems), "as they are: brackets are no markup"
    assert lines[2].startswith("SIGHUP: nothing was changed")


def test_settings_are_read_again_from_the_same_file_with_every_mistake(tmp_path: Path) -> None:
    file = tmp_path / "trunkline.toml"
    file.write_text("[sip]\nport = 70000\n[http]\nport = -1\n")
    with pytest.raises(ConfigError) as wrong:
        again(file)
    assert "sip.port" in str(wrong.value) and "http.port" in str(wrong.value)


def test_without_a_file_the_built_in_settings_are_read_again() -> None:
    assert again(None).numbers
