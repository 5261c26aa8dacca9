"""Callbacks over the API and the command line."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from server.access.roles import Role
from server.client.client import ApiRefusedError
from tests.server.api import CALLER, NOW, aside, serving

WANTED = {"number": "030 12345678", "queue": "support"}


async def test_a_callback_is_ordered_listed_shown_and_cancelled(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        client = api.local()
        ordered = await aside(lambda: client.post("/callbacks", WANTED))
        assert (ordered["number"], ordered["queue"], ordered["first"]) == (
            "+493012345678",
            "support",
            "customer",
        )
        assert api.awaited == 1, "durable before it is answered"
        assert await aside(lambda: client.get("/callbacks")) == [ordered]
        assert await aside(lambda: client.get(f"/callbacks/{ordered['contact']}")) == ordered
        await aside(lambda: client.delete(f"/callbacks/{ordered['contact']}"))
        assert await aside(lambda: client.get("/callbacks")) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"queue": "nowhere"}, 404),
        ({"agent": "nobody"}, 404),
        ({"number": "12345"}, 409),
        ({"number": "ring me"}, 422),
        ({"first": "nobody"}, 422),
        ({"not_before": "2026-03-02T12:00:00"}, 422),
        ({"surprise": 1}, 422),
    ],
)
async def test_what_cannot_be_promised_is_refused(
    tmp_path: Path, change: dict[str, object], status: int
) -> None:
    async with serving(tmp_path) as api:
        with pytest.raises(ApiRefusedError) as refused:
            await aside(lambda: api.local().post("/callbacks", WANTED | change))
        assert refused.value.status == status
        assert api.callbacks.open() == ()


async def test_a_number_that_is_owed_a_call_already_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        await aside(lambda: api.local().post("/callbacks", WANTED))
        with pytest.raises(ApiRefusedError) as refused:
            await aside(lambda: api.local().post("/callbacks", WANTED | {"number": "+49 30 12345678"}))
        assert refused.value.status == 409


async def test_agents_neither_promise_calls_nor_see_whom_they_are_promised(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        agent = api.remote(api.token(Role.AGENT, "alice"))
        for ask in (lambda: agent.get("/callbacks"), lambda: agent.post("/callbacks", WANTED)):
            with pytest.raises(ApiRefusedError) as refused:
                await aside(ask)
            assert refused.value.status == 403


async def test_times_are_inside_the_hours_of_the_number_and_only_where_agents_are(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        asked = {"number": "030 12345678", "queue": "support"}
        found = await aside(lambda: api.local().get("/callbacks/times", asked))
        times = [datetime.fromisoformat(at) for at in found["times"]]
        assert times == [NOW + timedelta(minutes=30 * n) for n in (1, 2, 3)]
        none = await aside(lambda: api.local().get("/callbacks/times", asked | {"queue": "sales"}))
        assert none["times"] == []


async def test_lost_callers_are_listed_with_what_forbids_to_call_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        since = {"since": (NOW - timedelta(days=1)).isoformat()}
        found = await aside(lambda: api.local().get("/callbacks/lost", since))
        assert [(caller["number"], bool(caller["problem"])) for caller in found] == [
            (CALLER, False),
            ("anonymous", True),
        ]


async def test_s24_callbacks_are_ordered_listed_and_cancelled_on_the_command_line(tmp_path: Path) -> None:
    async with serving(tmp_path) as api:
        (tmp_path / "trunkline.toml").write_text(f'[server]\ndata_directory = "{tmp_path}"\n')

        async def run(*arguments: str) -> str:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server.cli", "callbacks", *arguments),
                *("--config", str(tmp_path / "trunkline.toml")),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            output, errors = await process.communicate()
            assert process.returncode == 0, errors.decode()
            return output.decode()

        assert "+493012345678" in await run("add", "030 12345678", "--queue", "support")
        [held] = api.callbacks.open()
        assert held.contact in await run("list", "--json")
        assert "cancelled" in await run("cancel", held.contact)
        assert "No customer is owed a call." in await run()
        assert CALLER in await run("lost", "--json")
