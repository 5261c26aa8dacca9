"""What happens is told to the bus: in order, once more after a loss, and never at a caller's cost."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from pydantic import SecretStr, ValidationError

from acd.dispatch import Dispatch
from acd.events import AgentRegistered, ContactEnqueued
from config.settings import BusSettings
from contacts.facts.agent import AgentBecame
from contacts.facts.contact import ContactStarted
from contacts.facts.fact import Fact
from contacts.facts.queue import OfferMade, QueueJoined
from contacts.facts.system import OutboxRead, ServerStarted
from contacts.ids import AgentId, ContactId, DeviceId, OfferId, QueueId
from contacts.privacy import Privacy
from server.bus import publisher as publisher_module
from server.bus.connection import Broker
from server.bus.publisher import BusLostError, BusPublisher, wanted_by
from server.bus.topics import BusMessage, Topics
from server.http.event_feed import EventFeed
from server.http.off_loop import OffLoop
from tests.contacts.story import story
from tests.interop.sipp import free_port
from tests.patience import PATIENCE_S
from tests.server.api import ACD, FactBook
from tests.server.ground import closed, started

TOPICS = Topics("trunkline", "here")
ALICE, SUPPORT = AgentId("alice"), QueueId("support")
OFFER = OfferMade(
    contact=ContactId("c1"), offer=OfferId("o1"), agent=ALICE, rule="", waited_s=1.0, idle_s=1.0
)


def topics_of(fact: Fact, most: Privacy = Privacy.PUBLIC) -> dict[str, BusMessage]:
    [entry] = story((0.0, fact))
    return {message.topic: message for message in TOPICS.of_event(entry, most)}


def test_an_event_is_told_under_each_subject_that_it_is_about() -> None:
    assert set(topics_of(OFFER)) == {
        "trunkline/here/contacts/c1/offer/made",
        "trunkline/here/agents/alice/offer/made",
    }
    joined = QueueJoined(contact=ContactId("c1"), queue=SUPPORT)
    assert "trunkline/here/queues/support/queue/joined" in topics_of(joined)
    assert set(topics_of(ServerStarted(program="1"))) == {"trunkline/here/server/server/started"}


def test_numbers_stay_here_unless_the_settings_say_otherwise() -> None:
    told = topics_of(started("c1", "0301234567"))
    assert all(b"0301234567" not in message.payload for message in told.values())
    told = topics_of(started("c1", "0301234567"), Privacy.PERSONAL)
    assert b"0301234567" in told["trunkline/here/contacts/c1/contact/started"].payload


def test_a_contact_is_kept_by_the_broker_while_it_is_in_progress() -> None:
    begun = topics_of(started("c1"))["trunkline/here/contacts/c1/state"]
    over = topics_of(closed("c1"))["trunkline/here/contacts/c1/state"]
    assert begun.retained
    assert json.loads(begun.payload)["state"] == "in progress"
    assert (over.retained, over.payload) == (True, b"")


@pytest.mark.parametrize("name", ["#", "+", "a/b", "a b", "größe", "$SYS"])
def test_names_cannot_reach_other_topics(name: str) -> None:
    joined = QueueJoined(contact=ContactId("c1"), queue=QueueId(name))
    for topic in topics_of(joined):
        assert "#" not in topic and "+" not in topic and " " not in topic
        assert topic.count("/") == 5


def test_agents_and_queues_are_told_as_they_are() -> None:
    dispatch = Dispatch(ACD, 0.0)
    dispatch.handle(AgentRegistered(ALICE, DeviceId("d")), 1.0)
    states = {message.topic: message for message in TOPICS.of_status(dispatch.snapshot(2.0))}
    alice = states["trunkline/here/agents/alice/state"]
    assert alice.retained
    assert json.loads(alice.payload)["state"] == "available"
    assert json.loads(states["trunkline/here/queues/support/state"].payload)["waiting"] == 0


@pytest.mark.parametrize(
    "url", ["http://x", "mqtt://", "mqtt://a/b", "mqtt://user@host", "mqtt://a b", "host:1883"]
)
def test_a_url_that_is_none_of_a_broker_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        BusSettings(url=url)


class FakeBroker:
    """Takes messages while it is up; each connection is lost when it goes down."""

    def __init__(self) -> None:
        self.up = True
        self.told: list[BusMessage] = []
        self.lose_after: int | None = None

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeBroker]:
        if not self.up:
            raise BusLostError("refused")
        yield self

    async def publish(self, message: BusMessage) -> None:
        if self.lose_after is not None and len(self.told) >= self.lose_after:
            self.up, self.lose_after = False, None
        if not self.up:
            raise BusLostError("gone")
        self.told.append(message)

    async def watch(self) -> None:
        while self.up:
            await asyncio.sleep(0.005)
        raise BusLostError("gone")

    def events(self) -> list[int]:
        """Sequence numbers under the topics of contacts, as they came."""
        told = (json.loads(m.payload) for m in self.told if "/contacts/" in m.topic and not m.retained)
        return [event["sequence"] for event in told]

    def kept(self) -> dict[str, bytes]:
        return {m.topic: m.payload for m in self.told if m.retained}


class Bench:
    """A publisher between a journal and a broker, both in the test's hand."""

    def __init__(self, broker: Any, settings: BusSettings | None = None) -> None:
        self.broker = broker
        self.journal = FactBook()
        self.off_loop = OffLoop()
        self.feed = EventFeed(self.journal, self.off_loop)
        self.dispatch = Dispatch(ACD, 0.0)
        self.now = 0.0
        self.pauses: list[float] = []
        self.settings = settings or BusSettings()
        self.cursor = 0

    def note(self, fact: Fact) -> None:
        self.journal.append(fact)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[BusPublisher]:
        publisher = BusPublisher(
            TOPICS,
            wanted_by(self.settings.kinds, self.settings.personal),
            self.feed,
            self,
            self.broker.connect,
            lambda: self.dispatch.snapshot(self.now),
            self.cursor,
            monotonic=self._monotonic,
            sleep=self._sleep,
        )
        task = asyncio.create_task(publisher.run())
        try:
            yield publisher
        finally:
            self.feed.close()
            await asyncio.wait_for(task, PATIENCE_S)
            self.off_loop.close()

    def _monotonic(self) -> float:
        self.now += 0.5
        return self.now

    async def _sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        await asyncio.sleep(0.001)


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def test_s_bus_events_come_in_order_with_presence_and_states_kept() -> None:
    bench = Bench(FakeBroker())
    async with bench.running():
        for number in range(300):
            bench.note(started(f"c{number}"))
        await until(lambda: len(bench.broker.events()) == 300)
    assert bench.broker.events() == list(range(1, 301))
    first, last = bench.broker.told[0], bench.broker.told[-1]
    assert (first.topic, first.payload, first.retained) == ("trunkline/here/status", b"online", True)
    assert (last.topic, last.payload, last.retained) == ("trunkline/here/status", b"offline", True)
    assert "trunkline/here/agents/alice/state" in bench.broker.kept()


async def test_a_broker_that_is_lost_is_sought_again_and_nothing_is_missing() -> None:
    broker = FakeBroker()
    broker.lose_after = 10
    bench = Bench(broker)
    async with bench.running() as publisher:
        for number in range(50):
            bench.note(ContactStarted(contact=ContactId(f"c{number}")))
        await until(lambda: len(bench.pauses) > 6)
        assert publisher.problem == "refused"
        broker.up = True
        await until(lambda: broker.events()[-1:] == [50])
        assert publisher.problem == ""
    assert sorted(set(broker.events())) == list(range(1, 51)), "at least once, all of them"
    assert bench.pauses[:7] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


async def test_a_broker_that_goes_while_there_is_nothing_to_tell_is_noticed() -> None:
    bench = Bench(FakeBroker())
    async with bench.running() as publisher:
        await until(lambda: not publisher.problem)
        bench.broker.up = False
        await until(lambda: publisher.problem)
        bench.broker.told.clear()
        bench.broker.up = True
        await until(lambda: bench.broker.kept().get("trunkline/here/status") == b"online")


async def test_states_are_told_when_they_change_and_not_again_when_they_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publisher_module, "STATES_EVERY_S", 0.01)
    bench = Bench(FakeBroker())
    topic = "trunkline/here/agents/alice/state"
    async with bench.running():
        await until(lambda: topic in bench.broker.kept())
        bench.dispatch.handle(AgentRegistered(ALICE, DeviceId("d")), 1.0)
        for _ in range(5):
            bench.note(AgentBecame(agent=ALICE, old="offline", new="available", cause="registered"))
        await until(lambda: b"available" in bench.broker.kept()[topic])
        bench.dispatch.handle(ContactEnqueued(ContactId("c1"), SUPPORT), 2.0)
        bench.note(QueueJoined(contact=ContactId("c1"), queue=SUPPORT))
        await until(lambda: b"ringing" in bench.broker.kept()[topic])
    told = [message.payload for message in bench.broker.told if message.topic == topic]
    assert len(told) == len(set(told)) == 3


async def test_the_cursor_is_kept_in_the_journal_and_not_told_to_the_bus() -> None:
    bench = Bench(FakeBroker())
    async with bench.running():
        for number in range(20):
            bench.note(started(f"c{number}"))
        await until(lambda: len(bench.broker.events()) == 20)
    kept = [fact for fact in bench.journal.facts if isinstance(fact, OutboxRead)]
    assert kept[-1].sequence >= 20
    assert all("outbox" not in message.topic for message in bench.broker.told)


async def test_a_publisher_goes_on_where_the_one_before_ended() -> None:
    bench = Bench(FakeBroker())
    for number in range(10):
        bench.note(started(f"c{number}"))
    bench.cursor = 7
    async with bench.running():
        await until(lambda: len(bench.broker.events()) == 3)
    assert bench.broker.events() == [8, 9, 10]


@contextmanager
def mosquitto(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
        f"persistence_location {folder}/\nautosave_interval 1\nuser root\n"
    )
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with subprocess.Popen([program, "-c", str(configuration)], stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


async def read_kept(port: int, wanted: int) -> dict[str, bytes]:
    """What the broker tells whoever comes now."""
    found: dict[str, bytes] = {}
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < wanted:
            try:
                async with aiomqtt.Client("127.0.0.1", port) as client:
                    await client.subscribe("trunkline/#", qos=1)
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(1):
                            async for message in client.messages:
                                found[str(message.topic)] = bytes(message.payload)
            except aiomqtt.MqttError:
                await asyncio.sleep(0.1)
    return found


@pytest.mark.interop
@pytest.mark.skipif(
    shutil.which("mosquitto") is None and not Path("/usr/sbin/mosquitto").exists(),
    reason="mosquitto is not installed",
)
async def test_s_bus_a_real_broker_keeps_states_tells_the_last_will_and_is_found_again(
    tmp_path: Path,
) -> None:
    port = free_port()
    settings = BusSettings(url=f"mqtt://127.0.0.1:{port}", password=SecretStr("x"), username="trunkline")
    bench = Bench(Broker(settings, "trunkline-here", TOPICS.status), settings)
    bench.note(started("c1"))
    async with bench.running() as publisher:
        with mosquitto(tmp_path, port):
            await until(lambda: not publisher.problem)
            kept = await read_kept(port, 4)
            assert kept["trunkline/here/status"] == b"online"
            assert json.loads(kept["trunkline/here/contacts/c1/state"])["contact"] == "c1"
            assert "trunkline/here/agents/alice/state" in kept
        await until(lambda: publisher.problem)
        bench.note(closed("c1"))
        with mosquitto(tmp_path, port):
            await until(lambda: not publisher.problem)
            async with asyncio.timeout(PATIENCE_S):
                while "trunkline/here/contacts/c1/state" in await read_kept(port, 3):
                    pass  # the broker was told that it is over after it was told that we are here
            bench.feed.close()
            async with asyncio.timeout(PATIENCE_S):
                while (await read_kept(port, 3))["trunkline/here/status"] != b"offline":
                    pass


WITH_A_WILL = """
import asyncio, sys
from config.settings import BusSettings
from server.bus.connection import Broker
from server.bus.topics import ONLINE, BusMessage

async def main(port):
    topic = "trunkline/here/status"
    settings = BusSettings(url=f"mqtt://127.0.0.1:{port}")
    async with Broker(settings, "trunkline-here", topic).connect() as broker:
        await broker.publish(BusMessage(topic, ONLINE, retained=True))
        print("there", flush=True)
        await asyncio.sleep(60)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.interop
@pytest.mark.skipif(
    shutil.which("mosquitto") is None and not Path("/usr/sbin/mosquitto").exists(),
    reason="mosquitto is not installed",
)
async def test_s_bus_of_a_server_that_is_killed_the_broker_says_that_it_is_offline(tmp_path: Path) -> None:
    port = free_port()
    with mosquitto(tmp_path, port):
        await read_kept(port, 0)
        await asyncio.sleep(0.5)
        with subprocess.Popen(  # noqa: ASYNC220 - a moment
            [sys.executable, "-c", WITH_A_WILL, str(port)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
        ) as server:
            assert server.stdout is not None
            assert await asyncio.to_thread(server.stdout.readline) == b"there\n"
            assert (await read_kept(port, 1))["trunkline/here/status"] == b"online"
            server.kill()
        assert (await read_kept(port, 1))["trunkline/here/status"] == b"offline"
