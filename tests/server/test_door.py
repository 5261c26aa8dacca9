"""Who is let in, to what, and what stays of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.events import ContactEnqueued
from contacts.ids import ContactId, QueueId
from server.access import door as door_module
from server.access.failed_logins import FREE_FAILURES
from server.access.page import page
from server.access.roles import GRANTS, Permission, Role, may
from server.access.routes import ROUTES
from server.client.client import ApiRefusedError
from server.http import guard
from server.http.app import make_app
from server.http.guard import names_of
from server.journal.journal import JournalFull
from tests.server.api import Api, aside, serving

OPEN = [route for route, permission in ROUTES.items() if permission is None]
WRONG = "tl_00000000_" + "a" * 43


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


async def status_of(api: Api, route: str, token: str | None) -> int:
    """Asks over TCP, with ids that exist; 200 when it was let in and done."""
    method, path = route.split(" ")
    path = path.format(
        agent="alice",
        queue="support",
        contact="contact1",
        notice="downtime",
        name="block",
        recording="recording1",
        token="00000000",
    )
    reader, writer = await asyncio.open_connection(*api.url.removeprefix("http://").split(":"))
    body = b"{}" if method == "POST" else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
    writer.write(head.encode() + b"\r\n" + body)
    answer = await reader.readline()
    writer.close()
    return int(answer.split(b" ")[1])


async def test_every_route_of_the_application_has_its_permission_and_no_permission_is_without_route(
    tmp_path: Path,
) -> None:
    app = make_app(Api(tmp_path).ports())
    there = {name for route in app.routes for name in names_of(route)}  # type: ignore[arg-type]
    assert there == set(ROUTES)


async def test_a_route_without_permission_cannot_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {route: permission for route, permission in ROUTES.items() if route != "GET /contacts"}
    monkeypatch.setattr(guard, "ROUTES", known)
    with pytest.raises(LookupError, match="GET /contacts"):
        make_app(Api(tmp_path).ports())


@pytest.mark.parametrize("role", Role)
async def test_every_role_reaches_exactly_the_routes_that_it_may(api: Api, role: Role) -> None:
    token = api.token(role, agent="alice" if role is Role.AGENT else "")
    for route, permission in ROUTES.items():
        status = await status_of(api, route, token)
        allowed = permission is None or may(role, permission)
        assert (status != 403) == allowed, f"{route} as {role.value}: {status}"
        assert status not in (401, 500), route


async def test_without_a_token_only_open_routes_answer(api: Api) -> None:
    for route in ROUTES:
        status = await status_of(api, route, None)
        assert status == (200 if route in OPEN else 401), route


async def test_what_is_open_is_open_on_purpose() -> None:
    assert OPEN == ["GET /", "GET /healthz", "GET /metrics", "GET /openapi.json"]


def test_the_page_about_the_api_is_that_of_its_tables() -> None:
    written = (Path(__file__).parents[2] / "docs/api.md").read_text()
    assert written == page(), "python -m server.access.page > docs/api.md"


def test_every_permission_is_somebodys_and_an_administrator_has_all() -> None:
    assert set(GRANTS) == set(Permission)
    assert all(Role.ADMINISTRATOR in roles for roles in GRANTS.values())


def test_operators_see_no_contacts_and_hear_nobody() -> None:
    assert not may(Role.OPERATOR, Permission.READ_CONTACTS)
    assert not may(Role.OPERATOR, Permission.READ_RECORDINGS)


async def test_the_servers_own_user_is_administrator_over_the_socket(api: Api) -> None:
    contacts = await aside(lambda: api.local().get("/contacts"))
    assert contacts["contacts"]
    [fact] = api.facts.used()
    assert (fact.role, fact.action) == ("administrator", "GET /contacts")


async def test_finding_35_contacts_and_numbers_are_not_shown_without_a_token(api: Api) -> None:
    with pytest.raises(ApiRefusedError, match="needs a token"):
        await aside(lambda: api.remote().get("/contacts"))
    assert await aside(lambda: api.remote(api.token(Role.OFFICER)).get("/contacts"))


async def test_a_reader_without_sight_of_numbers_gets_none(api: Api) -> None:
    api.line.callers["contact9"] = "+4930123456"
    api.dispatch.tell(ContactEnqueued(ContactId("contact9"), QueueId("sales")))
    asked = {
        role: await aside(lambda role=role: api.remote(api.token(role)).get("/queues/sales"))  # type: ignore[misc]
        for role in (Role.OPERATOR, Role.SUPERVISOR)
    }
    assert asked[Role.OPERATOR]["customers"][0]["customer"] == ""
    assert asked[Role.SUPERVISOR]["customers"][0]["customer"] == "+4930123456"


async def test_every_access_leaves_an_event_with_who_and_what(api: Api) -> None:
    await aside(lambda: api.remote(api.token(Role.OFFICER)).get("/contacts/contact1"))
    [fact] = api.facts.used()
    assert (fact.principal, fact.role, fact.action) == ("a officer", "officer", "GET /contacts/{contact}")
    assert fact.subject == "contact1"


async def test_a_screen_that_asks_again_and_again_leaves_one_event_a_minute(api: Api) -> None:
    client = api.remote(api.token(Role.SUPERVISOR))
    for _ in range(3):
        await aside(lambda: client.get("/agents"))
    assert len(api.facts.used()) == 1
    api.clock.now += 61
    await aside(lambda: client.get("/agents"))
    assert len(api.facts.used()) == 2


async def test_an_access_that_the_journal_cannot_take_does_not_happen(api: Api) -> None:
    api.facts.error = JournalFull("full")
    with pytest.raises(ApiRefusedError, match="journal") as refused:
        await aside(lambda: api.local().get("/contacts"))
    assert refused.value.status == 503


async def test_who_asks_in_vain_again_and_again_leaves_one_event_a_minute(api: Api) -> None:
    token = api.token(Role.OPERATOR)
    for _ in range(3):
        assert await status_of(api, "GET /contacts", token) == 403
    assert [fact.why for fact in api.facts.refused()] == ["a operator is operator"]
    api.clock.now += 61
    await status_of(api, "GET /contacts", token)
    assert len(api.facts.refused()) == 2


async def test_a_revoked_token_and_an_expired_one_open_nothing(api: Api) -> None:
    entry, token = api.tokens.create("eve", Role.OFFICER, api.clock.utc())
    api.tokens.revoke(entry.id)
    assert await status_of(api, "GET /contacts", token) == 401
    _, short = api.tokens.create("eve", Role.OFFICER, api.clock.utc(), expires=api.clock.utc())
    assert await status_of(api, "GET /contacts", short) == 401


async def test_finding_39_wrong_tokens_are_counted_told_and_slowed(api: Api) -> None:
    for _ in range(FREE_FAILURES + 3):
        assert await status_of(api, "GET /contacts", WRONG) == 401
    assert api.clock.slept == [0.25, 0.5, 1.0]
    assert api.door.failed_logins == FREE_FAILURES + 3
    assert len(api.facts.refused()) == 1
    api.clock.now += 61
    await status_of(api, "GET /contacts", WRONG)
    assert api.facts.refused()[-1].why == f"wrong token, {FREE_FAILURES + 3} times"


async def test_a_right_token_is_not_slowed_by_anybodys_wrong_ones(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "MAX_SLOWED", 2)
    token = api.token(Role.OFFICER)
    for _ in range(FREE_FAILURES):
        await status_of(api, "GET /contacts", WRONG)
    api.clock.awake.clear()
    wrong = [asyncio.create_task(status_of(api, "GET /contacts", WRONG)) for _ in range(4)]
    done, slowed = await asyncio.wait(wrong, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result() for task in done} == {429}
    assert await status_of(api, "GET /contacts", token) == 200
    api.clock.awake.set()
    await asyncio.gather(*slowed)
    assert sorted(task.result() for task in wrong) == [401, 401, 429, 429]


async def test_a_header_cannot_claim_another_source(api: Api) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /contacts HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: local\r\nConnection: close\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()


async def test_the_socket_is_its_users_own(api: Api) -> None:
    file = api.folder / "api.sock"
    assert file.stat().st_mode & 0o777 == 0o600


async def test_an_agents_token_acts_for_that_agent_only(api: Api) -> None:
    client = api.remote(api.token(Role.AGENT, agent="alice"))
    assert (await aside(lambda: client.post("/agents/alice/break")))["break_reason"] == ""
    with pytest.raises(ApiRefusedError, match="not bob"):
        await aside(lambda: client.post("/agents/bob/break"))
