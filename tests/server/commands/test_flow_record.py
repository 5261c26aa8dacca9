"""A designer's prompt by telephone: who entered the PIN decides, and what they said last."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from media.prompt_file import read_pcm, write_pcm
from server.cli import app
from server.commands.flow_record import PromptWatch

PIN = "482913"


def event(kind: str, contact: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "contact": contact, "fields": fields}


def entered(contact: str, pin: str) -> dict[str, Any]:
    return event("flow.variable_set", contact, variable="pin", value=pin)


def kept(contact: str, item: str) -> dict[str, Any]:
    return event("statement.kept", contact, recording=item)


def closed(contact: str) -> dict[str, Any]:
    return event("contact.closed", contact)


def test_the_last_that_was_said_is_the_prompt_once_the_caller_has_left() -> None:
    watch = PromptWatch(PIN)
    told = [entered("a", PIN), kept("a", "first"), kept("a", "second"), closed("a")]
    assert [watch.told(each) for each in told] == [None, None, None, "second"]


def test_somebody_with_another_pin_or_another_variable_changes_nothing() -> None:
    watch = PromptWatch(PIN)
    told = [
        entered("a", "000000"),
        event("flow.variable_set", "b", variable="order", value=PIN),
        kept("a", "x"),
        kept("b", "y"),
        closed("a"),
        closed("b"),
    ]
    assert [watch.told(each) for each in told] == [None] * 6


def test_a_caller_who_leaves_without_a_word_may_call_again() -> None:
    watch = PromptWatch(PIN)
    told = [entered("a", PIN), closed("a"), entered("b", PIN), kept("b", "said"), closed("b")]
    assert [watch.told(each) for each in told] == [None, None, None, None, "said"]


def test_a_file_of_any_level_becomes_a_prompt(tmp_path: Path) -> None:
    quiet = (200 * np.sin(np.arange(8000))).astype(np.int16)
    write_pcm(tmp_path / "raw.wav", np.concatenate([np.zeros(16000, np.int16), quiet]))
    result = CliRunner().invoke(
        app, ["flow", "record", str(tmp_path / "hello.wav"), "--from", str(tmp_path / "raw.wav")]
    )
    assert result.exit_code == 0, result.output
    prompt = read_pcm(tmp_path / "hello.wav")
    assert len(prompt) < 12000
    assert np.max(np.abs(prompt)) > 2000


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere/hello.wav"], "is no folder"),
        (["hello.wav", "--from", "gone.wav"], "not a readable PCM WAV file"),
        (["hello.wav", "--from", "silent.wav"], "nothing but silence"),
    ],
)
def test_what_makes_no_prompt_is_refused_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hello.wav").write_text("the old one")
    write_pcm(tmp_path / "silent.wav", np.zeros(8000, np.int16))
    result = CliRunner().invoke(app, ["flow", "record", *words])
    assert result.exit_code == 2
    assert says in result.output
    assert (tmp_path / "hello.wav").read_text() == "the old one"


def test_without_a_number_for_it_the_command_says_what_to_add(tmp_path: Path) -> None:
    settings = tmp_path / "trunkline.toml"
    settings.write_text('[numbers]\n"*" = "welcome"\n')
    result = CliRunner().invoke(
        app, ["flow", "record", str(tmp_path / "hello.wav"), "--config", str(settings)]
    )
    assert result.exit_code == 2
    assert "record_prompt" in result.output
    assert "[numbers]" in result.output
