"""Server-sent events: nothing missed, nothing twice, nobody sees more than they may."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contacts.facts.agent import AgentBecame
from contacts.facts.contact import ContactStarted
from contacts.facts.system import DispatchTold
from contacts.ids import AgentId, ContactId
from contacts.privacy import Privacy
from server.access.roles import Role
from server.http import event_feed, events
from server.http.event_feed import EventFeed
from server.http.off_loop import OffLoop
from tests.patience import PATIENCE_S
from tests.server.api import CALLER, Api, FactBook, serving


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


class Stream:
    """A client that reads events one after the other."""

    def __init__(self, api: Api, token: str, query: str = "", headers: str = "") -> None:
        self._api = api
        self._head = (
            f"GET /events{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        )

    async def __aenter__(self) -> "Stream":
        host, port = self._api.url.removeprefix("http://").split(":")
        self.reader, self.writer = await asyncio.open_connection(host, port)
        self.writer.write(self._head.encode())
        self.status = int((await self.reader.readline()).split(b" ")[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def line(self, beginning: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            while not (line := await self.reader.readline()).startswith(beginning):
                assert line, "the stream has ended"
        return line.removeprefix(beginning).strip()

    async def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.line(b"data: "))
        return found

    async def begun(self) -> None:
        await self.line(b": events")


def started(number: int) -> ContactStarted:
    return ContactStarted(contact=ContactId(f"contact{number}"), caller=CALLER, number="100")


async def test_events_come_as_they_become_durable(api: Api) -> None:
    async with Stream(api, api.token(Role.SUPERVISOR)) as stream:
        await stream.begun()
        api.facts.append(started(1))
        event = await stream.event()
    assert (event["kind"], event["contact"], event["fields"]["caller"]) == (
        "contact.started",
        "contact1",
        CALLER,
    )


async def test_a_client_goes_on_where_it_was_cut_off_without_a_hole(api: Api) -> None:
    for number in range(5):
        api.facts.append(started(number))
    token = api.token(Role.SUPERVISOR)
    async with Stream(api, token, "?after=0&kind=contact.") as stream:
        seen = [(await stream.event())["sequence"] for _ in range(2)]
    async with Stream(api, token, "?kind=contact.", f"Last-Event-ID: {seen[-1]}\r\n") as stream:
        seen += [(await stream.event())["sequence"] for _ in range(3)]
        api.facts.append(started(9))
        assert (await stream.event())["contact"] == "contact9"
    assert seen == [1, 2, 3, 4, 5]


async def test_a_role_without_sight_of_numbers_gets_the_event_without_them(api: Api) -> None:
    async with Stream(api, api.token(Role.OPERATOR)) as stream:
        await stream.begun()
        api.facts.append(started(1))
        event = await stream.event()
    assert CALLER not in json.dumps(event)
    assert event["fields"]["number"] == "100"


async def test_an_agents_token_does_not_follow_the_journal(api: Api) -> None:
    async with Stream(api, api.token(Role.AGENT, agent="alice")) as stream:
        assert stream.status == 403


async def test_kinds_and_contact_choose_what_is_told(api: Api) -> None:
    api.facts.append(started(1))
    api.facts.append(AgentBecame(agent=AgentId("alice"), old="offline", new="available", cause="registered"))
    api.facts.append(started(2))
    token = api.token(Role.SUPERVISOR)
    async with Stream(api, token, "?after=0&kind=agent.") as stream:
        assert (await stream.event())["kind"] == "agent.state"
    async with Stream(api, token, "?after=0&contact=contact2") as stream:
        assert (await stream.event())["contact"] == "contact2"


async def test_what_only_a_replay_reads_is_told_to_those_who_ask_for_it(api: Api) -> None:
    api.facts.append(DispatchTold(event={}, clock_s=0.0, effects=0, digest=""))
    api.facts.append(started(1))
    token = api.token(Role.SUPERVISOR)
    async with Stream(api, token, "?after=0") as stream:
        assert (await stream.event())["kind"] == "contact.started"
    async with Stream(api, token, "?after=0&kind=dispatch.") as stream:
        assert (await stream.event())["kind"] == "dispatch.told"


async def test_a_revoked_token_ends_its_stream(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    entry, token = api.tokens.create("screen", Role.SUPERVISOR, api.clock.utc())
    async with Stream(api, token, headers="Connection: close\r\n") as stream:
        await stream.line(b": still here")
        api.tokens.revoke(entry.id)
        async with asyncio.timeout(PATIENCE_S):
            while await stream.reader.readline():
                pass


async def test_a_revoked_token_ends_its_stream_also_while_there_is_much_to_tell(api: Api) -> None:
    entry, token = api.tokens.create("screen", Role.SUPERVISOR, api.clock.utc())
    async with Stream(api, token, "?kind=contact.", "Connection: close\r\n") as stream:
        await stream.begun()
        api.facts.append(started(1))
        assert (await stream.event())["contact"] == "contact1"
        api.tokens.revoke(entry.id)
        api.facts.append(started(2))
        async with asyncio.timeout(PATIENCE_S):
            rest = await stream.reader.read()
    assert b"contact2" not in rest


async def test_streams_are_bounded_and_free_again_when_closed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_STREAMS", 1)
    token = api.token(Role.SUPERVISOR)
    async with Stream(api, token) as first:
        await first.begun()
        async with Stream(api, token) as second:
            assert second.status == 503
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with Stream(api, token) as third:
                if third.status == 200:
                    break


async def test_streams_that_begin_in_the_same_moment_are_bounded_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_STREAMS", 1)
    streams = events._Streams(api.feed)
    wanted = events.EventFilter((), None, Privacy.PUBLIC)
    both = [streams.follow(0, wanted, lambda: True) for _ in range(2)]
    assert await anext(both[0]) == b": events of the journal\n\n"
    assert await anext(both[1]) == b"retry: 5000\n\n"
    assert streams.open == 1
    for each in both:
        await each.aclose()  # type: ignore[attr-defined]
    assert streams.open == 0


async def test_the_server_stops_while_streams_are_open(tmp_path: Path) -> None:
    async with asyncio.timeout(PATIENCE_S), serving(tmp_path) as api:
        stream = Stream(api, api.token(Role.SUPERVISOR))
        await stream.__aenter__()
        await stream.begun()
    stream.writer.close()


async def test_old_events_come_from_disk_and_new_ones_from_memory_in_one_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_feed, "BATCH", 7)
    book, off_loop = FactBook(), OffLoop()
    for number in range(20):
        book.append(started(number))
    feed = EventFeed(book, off_loop)
    for number in range(20, 30):
        book.append(started(number))
    seen: list[int] = []
    while entries := await feed.after(seen[-1] if seen else 0):
        seen += [entry.sequence for entry in entries]
    assert seen == list(range(1, 31))
    reads = book.reads
    book.append(started(30))
    assert [entry.sequence for entry in await feed.after(30)] == [31]
    assert book.reads == reads, "the newest is in memory"
    assert await feed.newest() == 31
    off_loop.close()


async def test_whoever_waits_is_woken_by_the_next_event_and_by_the_end() -> None:
    book, off_loop = FactBook(), OffLoop()
    feed = EventFeed(book, off_loop)
    waiting = asyncio.create_task(feed.grown(feed.told, 5))
    await asyncio.sleep(0)
    book.append(started(1))
    assert await waiting
    assert not await feed.grown(feed.told, 0.01)
    assert await feed.grown(0, 0.01), "one that came while nobody waited is not missed"
    waiting = asyncio.create_task(feed.grown(feed.told, 5))
    await asyncio.sleep(0)
    feed.close()
    assert not await waiting
    assert book.listeners == []
    off_loop.close()
