"""Notices and profiles through the one door, as commands and as programs use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contacts.facts.system import NoticeCleared, NoticeSet, ProfileErased
from server.access.roles import Role
from server.cli import app
from server.client.client import ApiRefusedError
from tests.server.api import Api, aside, serving


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "trunkline.toml"
    file.write_text(f'[server]\ndata_directory = "{tmp_path}"\n')
    return str(file)


async def run(*words: str) -> str:
    result = await aside(lambda: CliRunner().invoke(app, list(words)))
    assert result.exit_code == 0, result.output
    return result.output


async def test_s17_a_notice_is_switched_on_listed_and_cleared(api: Api, config: str) -> None:
    told = await run("notices", "set", "downtime", "We are down.", "--for", "2h", "--config", config)
    assert "downtime is on until" in told
    assert "We are down." in await run("notices", "--config", config)
    assert "We are down." in await run("notices", "list", "--config", config)
    assert "is off" in await run("notices", "clear", "downtime", "--config", config)
    assert "No notice is on" in await run("notices", "list", "--config", config)
    [put, cleared] = [each for each in api.facts.facts if isinstance(each, NoticeSet | NoticeCleared)]
    assert (put.name, cleared.name) == ("downtime", "downtime")
    assert put.by


async def test_s17_a_monitor_switches_a_notice_with_its_token_until_it_expires(api: Api) -> None:
    monitor = api.remote(api.token(Role.OPERATOR))
    body = {"text": "The shop is down.", "minutes": 30}
    line = await aside(lambda: monitor.put("/notices/downtime", body))
    assert line["set_by"] == "a operator"
    api.clock.now += 30 * 60 - 1
    assert [each["name"] for each in await aside(lambda: monitor.get("/notices"))] == ["downtime"]
    api.clock.now += 1
    assert await aside(lambda: monitor.get("/notices")) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "", "minutes": 1},
        {"text": "x", "minutes": 0},
        {"text": "x", "minutes": 10**9},
        {"text": "a\nb", "minutes": 1},
        {"text": "x" * 501, "minutes": 1},
        {"text": "x", "minutes": 1, "more": 1},
    ],
)
async def test_a_notice_that_is_none_is_refused(api: Api, body: dict[str, object]) -> None:
    with pytest.raises(ApiRefusedError) as refused:
        await aside(lambda: api.local().put("/notices/downtime", body))
    assert refused.value.status == 422
    assert api.notices.put_up == {}


async def test_an_agent_switches_no_notice(api: Api) -> None:
    agent = api.remote(api.token(Role.AGENT, agent="alice"))
    with pytest.raises(ApiRefusedError) as refused:
        await aside(lambda: agent.put("/notices/downtime", {"text": "x", "minutes": 1}))
    assert refused.value.status == 403


async def test_clearing_what_is_not_on_says_so(api: Api) -> None:
    with pytest.raises(ApiRefusedError, match="no notice downtime"):
        await aside(lambda: api.local().delete("/notices/downtime"))


async def test_what_is_kept_about_a_caller_is_shown_and_erased_without_the_number_in_any_event(
    api: Api, config: str
) -> None:
    api.profiles.values["+4930123456"] = {"name": "Ada"}
    assert "Ada" in await run("profiles", "show", "+4930123456", "--config", config)
    assert "1 value erased" in await run("profiles", "erase", "+4930123456", "--config", config)
    assert "Nothing is kept" in await run("profiles", "show", "+4930123456", "--config", config)
    assert [each.values for each in api.facts.facts if isinstance(each, ProfileErased)] == [1]
    assert "4930123456" not in repr(api.facts.facts)


async def test_an_operator_sees_no_profile(api: Api) -> None:
    operator = api.remote(api.token(Role.OPERATOR))
    with pytest.raises(ApiRefusedError) as refused:
        await aside(lambda: operator.post("/profiles/show", {"caller": "+49"}))
    assert refused.value.status == 403
