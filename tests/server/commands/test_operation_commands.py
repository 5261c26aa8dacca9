"""Commands that ask the running server: what people read, and the JSON that programs read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentRegistered, ContactEnqueued
from contacts.ids import AgentId, ContactId, DeviceId, QueueId
from server.access.roles import Role
from server.http.ports import ReloadOutcome
from tests.server.api import HEALTHY, Api, aside, serving
from tests.server.test_client import run, said


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


async def read(api: Api, *arguments: str) -> Any:
    return json.loads(await said(api, *arguments, "--json"))


async def test_a_webhook_shows_how_far_it_is_and_what_is_in_its_way(api: Api) -> None:
    text = await said(api, "webhooks")
    assert "crm" in text and "answers 500" in text and "https://crm.example/hook" in text
    [hook] = await read(api, "webhooks")
    assert (hook["sent"], hook["behind"], hook["problem"]) == (80, 10, "answers 500")


async def test_trunks_are_given_to_programs_with_numbers(api: Api) -> None:
    [trunk] = await read(api, "trunks")
    assert (trunk["name"], trunk["max_calls"], trunk["calls"]) == ("carrier", 30, 4)


async def test_a_ringing_phone_is_shown_beside_who_waits(api: Api) -> None:
    api.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    api.dispatch.tell(ContactEnqueued(ContactId("contact1"), QueueId("support")))
    text = await said(api, "queues", "show", "support")
    assert "agents signed in: alice" in text
    assert "alice's phone rings" in text


@pytest.mark.parametrize(("kind", "name"), [("queues", "nowhere"), ("agents", "mallory")])
async def test_who_is_not_configured_is_a_mistake_and_not_empty(api: Api, kind: str, name: str) -> None:
    result = await aside(lambda: run(api.folder, kind, "show", name))
    assert result.exit_code == 2
    assert name in result.stderr


async def test_an_unhealthy_status_names_every_problem(api: Api) -> None:
    api.health = replace(HEALTHY, healthy=False, problems=("journal: disk full", "media: late"))
    result = await aside(lambda: run(api.folder, "status"))
    assert result.exit_code == 1
    assert "NOT WELL" in result.stdout
    assert "journal: disk full" in result.stdout and "media: late" in result.stdout


async def test_a_reload_that_changes_nothing_says_so(api: Api) -> None:
    api.reloads.outcome = ReloadOutcome()
    assert await said(api, "reload") == "nothing has changed\n"


async def test_an_agent_is_given_to_programs_as_one_object(api: Api) -> None:
    api.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    shown = await read(api, "agents", "break", "alice", "--reason", "lunch")
    assert (shown["name"], shown["state"], shown["break_reason"]) == ("alice", "break", "lunch")
    assert (await read(api, "agents", "back", "alice"))["state"] == "available"


async def test_every_role_is_told_with_what_it_may_do(api: Api) -> None:
    lines = (await said(api, "access", "roles")).splitlines()
    assert [line.partition(":")[0] for line in lines] == [role.value for role in Role]
    assert all(line.partition(": ")[2] for line in lines)
