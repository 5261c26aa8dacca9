"""`trunkline call`: what it asks of the scripted caller, and what it tells of the call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner
from typer.testing import Result as Ended

from config.settings import Settings
from media.errors import MediaExhausted
from server.cli import app
from server.softphone import scripted_call
from server.softphone.scripted_call import Result, Script

TALKED = Result(200, "OK", 12.5, 4.2, "peer", 210, 208, 2, None)
BUSY = Result(486, "Busy Here", None, None, "peer", 0, 0, 0, None)


@dataclass
class Caller:
    """A scripted caller who never calls; remembers what they were asked."""

    result: Result = TALKED
    failure: Exception | None = None
    scripts: list[Script] = field(default_factory=list)

    async def carry_out(self, script: Script, _settings: Settings, tell: Callable[[str], None]) -> Result:
        tell("ringing")
        self.scripts.append(script)
        if self.failure is not None:
            raise self.failure
        return self.result


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> Caller:
    caller = Caller()
    monkeypatch.setattr(scripted_call, "carry_out", caller.carry_out)
    return caller


def call(*arguments: object) -> Ended:
    return CliRunner().invoke(app, ["call", *map(str, arguments)])


def test_a_call_is_told_in_two_lines(caller: Caller) -> None:
    ended = call("sip:100@127.0.0.1")
    assert ended.exit_code == 0
    assert ended.stdout.splitlines() == [
        "answered after 12.5 ms, lasted 4.2 s, ended by the other side",
        "208 packets heard, 2 lost, 210 sent",
    ]


def test_what_is_to_be_done_in_the_call_is_handed_on(caller: Caller, tmp_path: Path) -> None:
    file = tmp_path / "out.wav"
    ended = call(
        *("sip:100@127.0.0.1", "--press", "1", "--press", "23#", "--say", "hello", "--listen", 0.5),
        *("--stay", 9, "--caller", "eve", "--record", file),
    )
    assert ended.exit_code == 0
    assert caller.scripts == [Script("sip:100@127.0.0.1", "eve", 0.5, ("1", "23#"), "hello", 9.0, file)]


def test_a_call_that_is_not_answered_ends_with_1_and_says_why(caller: Caller) -> None:
    caller.result = BUSY
    ended = call("sip:100@127.0.0.1")
    assert (ended.exit_code, ended.stdout) == (1, "not answered: 486 Busy Here\n")


def test_programs_get_the_whole_result_also_of_a_call_that_failed(caller: Caller) -> None:
    caller.result = BUSY
    ended = call("sip:100@127.0.0.1", "--json")
    assert ended.exit_code == 1
    told = json.loads(ended.stdout)
    assert (told["status"], told["setup_ms"], told["packets_sent"]) == (486, None, 0)


def test_the_recording_is_named(caller: Caller) -> None:
    caller.result = Result(200, "OK", 1.0, 1.0, "us", 1, 1, 0, "/tmp/[x].wav")
    ended = call("sip:100@127.0.0.1")
    assert "ended by this caller" in ended.stdout
    assert "recorded in /tmp/[x].wav" in ended.stdout


def test_a_folder_that_is_not_there_is_a_mistake_before_anybody_is_called(
    caller: Caller, tmp_path: Path
) -> None:
    ended = call("sip:100@127.0.0.1", "--record", tmp_path / "nowhere" / "out.wav")
    assert ended.exit_code == 2
    assert "--record" in ended.stderr and "is no folder" in ended.stderr
    assert caller.scripts == []


@pytest.mark.parametrize(
    "failure", [MediaExhausted("no more legs"), ValueError("no key x"), OSError("no route")]
)
def test_what_cannot_be_called_is_one_line_with_the_address(caller: Caller, failure: Exception) -> None:
    caller.failure = failure
    ended = call("sip:100@nowhere.invalid")
    assert ended.exit_code == 2
    assert f"sip:100@nowhere.invalid: {failure}" in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.output


@pytest.mark.parametrize("option", [("--stay", "0"), ("--stay", "4000"), ("--listen", "-1")])
def test_times_out_of_bounds_are_refused(caller: Caller, option: tuple[str, str]) -> None:
    assert call("sip:100@127.0.0.1", *option).exit_code == 2
    assert caller.scripts == []
