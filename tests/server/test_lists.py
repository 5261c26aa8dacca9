"""Number lists through the one door, as commands and as programs use them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contacts.facts.system import NumberListed, NumberUnlisted
from contacts.ids import QueueId
from server.access.roles import Role
from server.callbacks.ordering import CallbackOrder
from server.cli import app
from server.client.client import ApiRefusedError
from server.outside.number_lists import NumberList
from tests.server.api import CALLER, NOW, Api, aside, serving


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "trunkline.toml"
    file.write_text(f'[server]\ndata_directory = "{tmp_path}"\n')
    return str(file)


async def run(*words: str, code: int = 0) -> str:
    result = await aside(lambda: CliRunner().invoke(app, list(words)))
    assert result.exit_code == code, result.output
    return result.output


async def test_s02_a_number_is_blocked_shown_and_taken_off_and_no_event_holds_it(
    api: Api, config: str
) -> None:
    why = ("--reason", "rings all night", "--owner", "Ada")
    told = await run("lists", "add", "block", "030 123456", *why, "--config", config)
    assert "+4930123456 is on the list block" in told
    shown = await run("lists", "show", "--config", config)
    assert all(each in shown for each in ("block", "+4930123456", "Ada"))
    assert "No number" in await run("lists", "show", "vip", "--config", config)
    assert api.lists.numbers.has(NumberList.BLOCK, CALLER, api.clock.utc())
    assert "is off the list" in await run("lists", "remove", "block", CALLER, "--config", config)
    assert "No number is on any list" in await run("lists", "show", "--config", config)
    [put, gone] = [each for each in api.facts.facts if isinstance(each, NumberListed | NumberUnlisted)]
    assert (put.list, put.entry) == (gone.list, gone.entry)
    assert put.by
    assert gone.by
    assert "30123456" not in repr(api.facts.facts)
    assert "rings" not in repr(api.facts.facts)


async def test_s67_a_vip_until_a_time_is_told_to_programs(api: Api, config: str) -> None:
    options = ("--reason", "gold", "--expires", "2099-12-24", "--json", "--config", config)
    line = json.loads(await run("lists", "add", "vip", CALLER, *options))
    [shown] = json.loads(await run("lists", "show", "vip", "--json", "--config", config))
    assert line == shown
    assert (line["number"], line["reason"], line["expires"][:4]) == (CALLER, "gold", "2099")
    assert line["owner"] == line["set_by"]


async def test_s02_what_has_expired_is_not_shown_and_cannot_be_removed(api: Api) -> None:
    supervisor = api.remote(api.token(Role.SUPERVISOR))
    body = {"number": CALLER, "reason": "x", "expires": NOW.replace(hour=10).isoformat()}
    await aside(lambda: supervisor.post("/lists/block/add", body))
    api.clock.now += 60 * 60 - 1
    assert len((await aside(lambda: supervisor.get("/lists/block")))["numbers"]) == 1
    api.clock.now += 1
    assert (await aside(lambda: supervisor.get("/lists/block")))["numbers"] == []
    with pytest.raises(ApiRefusedError, match="not on the list block"):
        await aside(lambda: supervisor.post("/lists/block/remove", {"number": CALLER}))


async def test_s41_a_callback_that_is_owed_to_who_wants_no_calls_is_given_up(api: Api) -> None:
    order = CallbackOrder(CALLER, QueueId("support"), "test")
    api.callbacks.order(order)
    await aside(lambda: api.local().post("/lists/vip/add", {"number": CALLER, "reason": "x"}))
    assert api.callbacks.open()
    await aside(lambda: api.local().post("/lists/do-not-call/add", {"number": CALLER, "reason": "x"}))
    assert api.callbacks.open() == ()


async def test_lists_are_read_page_by_page(api: Api) -> None:
    for number in range(3):
        body = {"number": f"+493012345{number}", "reason": "x"}
        await aside(partial(api.local().post, "/lists/block/add", body))
        api.clock.now += 1
    first = await aside(lambda: api.local().get("/lists/block?limit=2"))
    rest = await aside(lambda: api.local().get(f"/lists/block?limit=2&after={first['next']}"))
    assert [each["number"][-1] for each in (*first["numbers"], *rest["numbers"])] == ["2", "1", "0"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"number": CALLER},
        {"number": "anonymous", "reason": "x"},
        {"number": "", "reason": "x"},
        {"number": "9" * 65, "reason": "x"},
        {"number": CALLER, "reason": ""},
        {"number": CALLER, "reason": "a\nb"},
        {"number": CALLER, "reason": "x", "expires": "2020-01-01T00:00:00+00:00"},
        {"number": CALLER, "reason": "x", "expires": "2099-01-01T00:00:00"},
        {"number": CALLER, "reason": "x", "more": 1},
    ],
)
async def test_an_entry_that_is_none_is_refused(api: Api, body: dict[str, object]) -> None:
    with pytest.raises(ApiRefusedError) as refused:
        await aside(lambda: api.local().post("/lists/block/add", body))
    assert refused.value.status in (409, 422)
    assert api.lists.numbers.page(NumberList.BLOCK, NOW, 10) == ()


@pytest.mark.parametrize("role", [Role.AGENT, Role.OPERATOR])
async def test_who_sees_no_numbers_neither_sees_nor_changes_a_list(api: Api, role: Role) -> None:
    client = api.remote(api.token(role, agent="alice" if role is Role.AGENT else ""))
    for ask in (
        lambda: client.get("/lists/block"),
        lambda: client.post("/lists/block/add", {"number": CALLER, "reason": "x"}),
        lambda: client.post("/lists/block/remove", {"number": CALLER}),
    ):
        with pytest.raises(ApiRefusedError) as refused:
            await aside(ask)
        assert refused.value.status == 403


async def test_a_list_that_there_is_not_and_a_time_that_is_over_are_refused(api: Api, config: str) -> None:
    with pytest.raises(ApiRefusedError) as refused:
        await aside(lambda: api.local().get("/lists/friends"))
    assert refused.value.status == 422
    over = ("--reason", "x", "--expires", "2020-01-01", "--config", config)
    await run("lists", "add", "vip", CALLER, *over, code=1)
    assert api.lists.numbers.page(NumberList.VIP, NOW, 10) == ()
