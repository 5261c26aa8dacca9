"""The live screens: what supervisors and agents look at all day."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from acd.effects import RingAgent
from acd.events import AgentCallEnded, AgentRegistered, ContactEnqueued, OfferAnswered
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId
from server.access.roles import Role
from server.client.client import ApiClient, ApiRefusedError
from server.commands.desk import Page, desk_screen, look, work
from server.commands.top import status_screen
from tests.server.api import CALLER, Api, aside, serving
from tests.server.test_client import run, said

OTHER = "+4940999999"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


def rendered(screen: RenderableType) -> str:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(screen)
    return console.export_text()


def rung_offer(effects: tuple[object, ...]) -> OfferId:
    [offer] = [effect.offer for effect in effects if isinstance(effect, RingAgent)]
    return offer


def rung(api: Api, number: int = 1) -> OfferId:
    """Alice's phone rings for a contact of the archive."""
    api.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    effects = api.dispatch.tell(ContactEnqueued(ContactId(f"contact{number}"), QueueId("support")))
    offer = rung_offer(effects)
    api.line.callers[f"contact{number}"] = CALLER
    return offer


async def test_s24_top_shows_queues_agents_and_health(api: Api) -> None:
    rung(api)
    api.dispatch.tell(ContactEnqueued(ContactId("contact2"), QueueId("support")))
    api.clock.now += 75
    text = await said(api, "top", "--once")
    assert "well" in text
    assert "support" in text and "1:15" in text
    assert text.index("alice") < text.index("bob"), "who does something comes first"
    assert CALLER in text


def test_what_is_wrong_stands_on_top() -> None:
    health = {
        "healthy": False,
        "problems": ["journal: disk full"],
        "calls": 3,
        "uptime_s": 5,
        "draining": True,
    }
    text = rendered(status_screen({"health": health, "queues": [], "agents": []}))
    assert text.index("NOT WELL") < text.index("journal: disk full")
    assert "finishing calls" in text


def test_names_that_look_like_markup_are_shown_as_they_are() -> None:
    queue = {
        "name": "[bold]x",
        "waiting": 0,
        "longest_wait_s": 0,
        "agents_signed_in": 0,
        "agents_available": 0,
    }
    health = {"healthy": True, "problems": [], "calls": 0, "uptime_s": 5, "draining": False}
    assert "[bold]x" in rendered(status_screen({"health": health, "queues": [queue], "agents": []}))


async def test_the_desk_shows_who_calls_and_what_happened_before(api: Api) -> None:
    rung(api)
    text = await said(api, "desk", "alice", "--once")
    assert "Alice" in text and "ringing" in text
    assert CALLER in text
    assert "call" in text


async def test_an_agent_sees_the_number_of_their_own_customer_and_of_nobody_elses(api: Api) -> None:
    offer = rung(api)
    api.dispatch.tell(OfferAnswered(offer))
    own = api.remote(api.token(Role.AGENT, agent="alice"))
    assert (await aside(lambda: own.get("/agents/alice/contact")))["customer"] == CALLER
    other = api.remote(api.token(Role.AGENT, agent="bob"))
    with pytest.raises(ApiRefusedError, match="not alice"):
        await aside(lambda: other.get("/agents/alice/contact"))
    assert (await aside(lambda: other.get("/agents/alice")))["customer"] == ""


class Keys:
    """Keys that an agent presses, and the pages they saw after each."""

    def __init__(self, client: ApiClient, *keys: str | None) -> None:
        self.pages: list[Page] = []
        self._client, self._keys = client, keys

    def pressed(self) -> list[str]:
        keys: Iterator[str | None] = iter(self._keys)
        work(self._client, "alice", keys, self.pages.append)
        return [page.agent["state"] for page in self.pages]


async def test_u7_the_desks_keys_are_breaks_and_the_end_of_wrap_up(api: Api) -> None:
    offer = rung(api)
    api.dispatch.tell(OfferAnswered(offer))
    api.dispatch.tell(AgentCallEnded(offer))
    keys = Keys(api.local(), None, "r", "b", "r", "q", "b")
    assert await aside(keys.pressed) == ["wrap-up", "available", "break", "available"]
    assert keys.pages[1].said == "ready again"


async def test_a_break_asked_for_in_a_call_is_promised_for_after_it(api: Api) -> None:
    api.dispatch.tell(OfferAnswered(rung(api)))
    keys = Keys(api.local(), "b", "x", "q")
    assert await aside(keys.pressed) == ["talking", "talking"]
    assert "after this call" in keys.pages[0].said
    assert "no such key" in keys.pages[1].said
    assert "a break begins after this" in rendered(desk_screen(keys.pages[1]))


async def test_a_desk_without_customer_says_so_and_shows_who_waits(api: Api) -> None:
    api.dispatch.tell(ContactEnqueued(ContactId("contact2"), QueueId("sales")))
    page: Any = await aside(lambda: look(api.local(), "alice"))
    text = rendered(desk_screen(page))
    assert "no customer" in text
    assert "sales: 1 waiting" in text


async def test_the_desk_of_nobody_is_refused(api: Api) -> None:
    result = await aside(lambda: run(api.folder, "desk", "mallory", "--once"))
    assert result.exit_code == 2
    assert "no agent mallory" in result.stderr


async def test_s24_the_desk_transfers_to_what_is_written_and_says_why_not(api: Api) -> None:
    keys = Keys(api.local(), *"tbobx\x7f\n", *"tnobody\n", *"t\x1b", "h", "g", "q")
    await aside(keys.pressed)
    told = [page.said for page in keys.pages]
    assert "transfer to: bob" in told
    assert "transferring to bob" in told
    assert any("No such number (dial.no-such-number)" in each for each in told)
    assert "nothing done" in told
    assert api.agents_customers.orders == [
        ("alice", "bob"),
        ("alice", "nobody"),
        ("alice", "hold"),
        ("alice", "resume"),
    ]


async def test_an_agent_without_a_customer_transfers_and_holds_nobody(api: Api) -> None:
    api.agents_customers.talking = False
    for command in (("transfer", "alice", "bob"), ("hold", "alice"), ("resume", "alice")):
        result = await aside(lambda command=command: run(api.folder, "agents", *command))  # type: ignore[misc]
        assert result.exit_code != 0
        assert "transfer.not-talking" in result.output


async def test_agents_transfer_and_hold_from_the_command_line(api: Api) -> None:
    await said(api, "agents", "hold", "alice")
    await said(api, "agents", "resume", "alice")
    await said(api, "agents", "transfer", "alice", "bob")
    assert api.agents_customers.orders == [("alice", "hold"), ("alice", "resume"), ("alice", "bob")]
