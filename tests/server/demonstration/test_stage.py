"""The demonstration before its audience: how it ends, and how one calls oneself afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from config.settings import AgentAccount
from media.speech.errors import SynthesisError
from server.assembly import Trunkline
from server.demonstration.stage import explain, show
from tests.patience import PATIENCE_S


class Journal:
    """A journal of which one is told who listens."""

    def __init__(self) -> None:
        self.listeners: list[Callable[..., None]] = []

    def subscribe(self, listener: Callable[..., None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


class Voice:
    """Speaks nothing: it waits, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked = asyncio.Event()

    async def render(self, _text: str) -> Any:
        self.asked.set()
        if self.failure is not None:
            raise self.failure
        await asyncio.Event().wait()


def server(folder: Path, voice: Voice | None = None) -> Trunkline:
    account = AgentAccount(name="alice", skills={"support": 1}, password=SecretStr("wonder[land]"))
    return cast(
        Trunkline,
        SimpleNamespace(
            sip=("127.0.0.1", 5061),
            web="http://127.0.0.1:8080",
            journal=Journal(),
            prompts=SimpleNamespace(synthesiser=voice),
            settings=SimpleNamespace(agents=(account,), server=SimpleNamespace(data_directory=folder)),
            intake=SimpleNamespace(
                repertoire=SimpleNamespace(flows=lambda: [SimpleNamespace(path=folder / "welcome.yaml")])
            ),
        ),
    )


async def test_a_demonstration_that_is_broken_off_has_failed_and_listens_no_more(tmp_path: Path) -> None:
    voice, stop = Voice(), asyncio.Event()
    shown = server(tmp_path, voice)
    showing = asyncio.create_task(show(shown, stop))
    await voice.asked.wait()
    stop.set()
    assert await asyncio.wait_for(showing, PATIENCE_S) is False
    assert cast(Journal, shown.journal).listeners == []


async def test_a_voice_that_cannot_speak_fails_it_in_words_and_it_listens_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = server(tmp_path, Voice(SynthesisError("no voice")))
    assert await asyncio.wait_for(show(shown, asyncio.Event()), PATIENCE_S) is False
    assert "no voice" in capsys.readouterr().out
    assert cast(Journal, shown.journal).listeners == []


def test_u19_how_to_call_it_yourself_can_be_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(server(tmp_path), ".venv/bin/trunkline")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "without a phone .venv/bin/trunkline call sip:100@127.0.0.1:5061 --press 1" in lines
    assert "agent account   alice, password wonder[land], registrar 127.0.0.1:5061" in lines
    assert any(line.endswith("welcome.yaml") for line in lines)
    assert any("http://127.0.0.1:8080/healthz" in line for line in lines)
