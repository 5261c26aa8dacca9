"""A broker that dies under fifty live contacts: nobody hears it, and every event is caught up, in order."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiomqtt
import pytest

from acd.settings import QueueSettings
from config.settings import BusSettings
from contacts.facts.entry import JournalEntry
from contacts.facts.queue import QueueJoined
from contacts.facts.system import OutboxRead
from server.bus.connection import Broker
from server.bus.publisher import BusPublisher, wanted_by
from server.bus.topics import Topics
from server.http.event_feed import EventFeed
from server.http.off_loop import OffLoop
from tests.fakes.line import FarPhone, Manners
from tests.interop.sipp import free_port
from tests.patience import PATIENCE_S, until
from tests.server.in_process import InProcess, serving
from tests.server.test_bus import mosquitto, read_kept

CONTACTS = 50
TOPICS = Topics("trunkline", "here")
WAITS = """
flow: waits
version: 1
language: en
start: support
nodes:
  support: {queue: support, otherwise: bye, overflow: bye}
  bye: {hangup: normal}
"""
PATIENT = QueueSettings(name="support", announce_every_s=0)

pytestmark = [
    pytest.mark.interop,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which("mosquitto") is None and not Path("/usr/sbin/mosquitto").exists(),
        reason="mosquitto is not installed",
    ),
]


class Followed:
    """The journal of a server in process, as those who follow it see it."""

    def __init__(self, server: InProcess) -> None:
        self._journal = server.journal
        self._listeners: list[Callable[[JournalEntry], None]] = []
        append = server.journal.append

        def told(fact: object) -> JournalEntry:
            entry = append(fact)  # type: ignore[arg-type]
            for listener in tuple(self._listeners):
                listener(entry)
            return entry

        server.journal.append = told  # type: ignore[method-assign]

    def subscribe(self, listener: Callable[[JournalEntry], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def after(self, sequence: int, limit: int) -> list[JournalEntry]:
        return self._journal.entries[sequence : sequence + limit]

    def newest(self) -> int:
        return len(self._journal.entries)


class Counting:
    """A subscriber that is always the same one to the broker, and counts what it is told of contacts."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sequences: list[int] = []
        self.there = asyncio.Event()

    async def run(self) -> None:
        while True:
            with suppress(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    "127.0.0.1", self._port, identifier="counting", clean_session=False
                ) as client:
                    await client.subscribe("trunkline/here/contacts/+/#", qos=1)
                    self.there.set()
                    async for message in client.messages:
                        if not str(message.topic).endswith("/state"):
                            self.sequences.append(json.loads(bytes(message.payload))["sequence"])
            await asyncio.sleep(0.05)

    @property
    def once_each(self) -> list[int]:
        """At least once is promised: the same event told again is passed over."""
        return list(dict.fromkeys(self.sequences))


def told_of_contacts(server: InProcess) -> list[int]:
    return [
        entry.sequence
        for entry in server.journal.entries
        if entry.fact.contact_id is not None and not isinstance(entry.fact, OutboxRead)
    ]


def hears_music(phone: FarPhone) -> bool:
    return phone.leg.playing is not None and phone.leg.playing.loop


async def call_in(server: InProcess, first: int, last: int) -> list[FarPhone]:
    phones = [server.line.dial("100", f"+4930123{n:05}") for n in range(first, last)]
    await until(lambda: len(server.facts(QueueJoined)) >= last)
    return phones


async def test_s_bus_a_broker_killed_under_fifty_contacts_is_heard_by_nobody_and_misses_nothing(
    tmp_path: Path,
) -> None:
    port, off_loop = free_port(), OffLoop()
    settings = BusSettings(url=f"mqtt://127.0.0.1:{port}")
    async with serving(WAITS, queues=(PATIENT,)) as server:
        server.sign_in("alice", Manners(answers_after_s=None, refuses=486))
        feed = EventFeed(Followed(server), off_loop)
        publisher = BusPublisher(
            TOPICS,
            wanted_by((), False),
            feed,
            server.journal,
            Broker(settings, "trunkline-here", TOPICS.status).connect,
            server.dispatcher.snapshot,
            0,
            monotonic=time.monotonic,
        )
        counting = Counting(port)
        tasks = [asyncio.create_task(counting.run()), asyncio.create_task(publisher.run())]
        try:
            with mosquitto(tmp_path, port) as broker:
                await read_kept(port, 0)
                await counting.there.wait()
                phones = await call_in(server, 0, CONTACTS // 2)
                await until(lambda: counting.sequences)
                broker.kill()
                broker.wait()
            await until(lambda: publisher.problem)
            phones += await call_in(server, CONTACTS // 2, CONTACTS)
            await until(lambda: all(map(hears_music, phones)))
            assert not any(phone.over for phone in phones)
            with mosquitto(tmp_path, port):
                async with asyncio.timeout(PATIENCE_S):
                    while counting.once_each != told_of_contacts(server):
                        await asyncio.sleep(0.1)
                assert not any(phone.over for phone in phones)
        finally:
            feed.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    off_loop.close()
