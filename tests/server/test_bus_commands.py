"""Commands that come in over the bus, and the document that tells of them."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from acd.events import AgentRegistered
from config.settings import BusSettings
from contacts.facts.entry import FACT_TYPES
from contacts.facts.system import AccessUsed
from contacts.ids import AgentId, DeviceId
from server.bus.asyncapi import document
from server.bus.commands import REMEMBERED, Commanded
from server.bus.connection import COMMANDS_AT_ONCE, Broker, BrokerConnection
from server.bus.publisher import BusLostError
from server.bus.topics import BusMessage, Topics
from server.http.events import UNASKED
from tests.interop.sipp import free_port
from tests.patience import PATIENCE_S
from tests.server.api import ACD, Clock, FactBook, PromisedCalls, SteppedDispatch
from tests.server.test_bus import mosquitto, read_kept

TOPICS = Topics("trunkline", "here")
MOSQUITTO = shutil.which("mosquitto") is not None or Path("/usr/sbin/mosquitto").exists()


class Desk:
    """Commands carried out by the real core of dispatch and the real book of callbacks."""

    def __init__(self) -> None:
        clock = Clock()
        self.facts = FactBook()
        self.dispatch = SteppedDispatch(clock)
        self.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("d")))
        self.promises = PromisedCalls(clock)
        self.commanded = Commanded(self.dispatch.post, self.promises, lambda: ACD, self.facts.note)

    def ask(self, **command: object) -> Any:
        answered = self.commanded.answer(json.dumps({"id": "1", **command}).encode())
        assert answered is not None
        named, told = answered
        answer = json.loads(told)
        assert answer["id"] == named
        return answer

    def state(self, agent: str) -> str:
        return next(each.state.value for each in self.dispatch.snapshot().agents if each.agent == agent)


def test_an_agent_takes_a_break_and_comes_back() -> None:
    desk = Desk()
    assert desk.ask(id="a", command="agent.break", agent="alice", reason="lunch")["done"]
    assert desk.state("alice") == "break"
    assert desk.ask(id="b", command="agent.back", agent="alice")["done"]
    assert desk.state("alice") == "available"
    assert [fact.action for fact in desk.facts.used()] == ["agent.break", "agent.back"]


def test_a_callback_is_ordered_and_taken_back() -> None:
    desk = Desk()
    ordered = desk.ask(id="a", command="callback.order", number="030 12345678", queue="support")
    assert ordered["done"]
    [held] = desk.promises.open()
    assert ordered["contact"] == held.contact
    assert desk.ask(id="b", command="callback.cancel", contact=held.contact)["done"]
    assert not desk.ask(id="c", command="callback.cancel", contact=held.contact)["done"]


@pytest.mark.parametrize(
    "command",
    [
        {"command": "agent.break", "agent": "nobody"},
        {"command": "agent.break"},
        {"command": "agent.dance", "agent": "alice"},
        {"command": "agent.back", "agent": "alice", "more": 1},
        {"command": "agent.wrap_up", "agent": "alice", "more_s": -1},
        {"command": "callback.order", "number": "12345", "queue": "support"},
        {"command": "callback.order", "number": "030 12345678", "queue": "nowhere"},
        {"command": "callback.order", "number": "030 12345678", "queue": "support", "agent": "nobody"},
        {
            "command": "callback.order",
            "number": "030 12345678",
            "queue": "support",
            "not_before": "2026-01-01T10:00",
        },
        {},
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(command: dict[str, object]) -> None:
    desk = Desk()
    answer = desk.ask(**command)
    assert not answer["done"]
    assert answer["error"]
    assert desk.promises.open() == ()
    assert desk.state("alice") == "available"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"id": 1}',
        b'{"id": "a/b"}',
        b"[" * 100_000,
    ],
)
def test_what_has_no_id_has_no_answer(payload: bytes) -> None:
    assert Desk().commanded.answer(payload) is None


def test_a_command_that_comes_twice_is_answered_twice_and_done_once() -> None:
    desk = Desk()
    first = desk.ask(command="callback.order", number="030 12345678", queue="support")
    assert desk.ask(command="callback.order", number="030 12345678", queue="support") == first
    assert len(desk.promises.open()) == 1
    for number in range(REMEMBERED):
        desk.ask(id=f"n{number}", command="agent.back", agent="alice")
    assert not desk.ask(command="callback.order", number="030 12345678", queue="support")["done"]


async def answered(broker: Broker, port: int, command: dict[str, str]) -> aiomqtt.Message:
    """What comes back to somebody who publishes that command."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(aiomqtt.MqttError, BusLostError):
                return await _answered(broker, port, command)
            await asyncio.sleep(0.1)


async def _answered(broker: Broker, port: int, command: dict[str, str]) -> aiomqtt.Message:
    async with broker.connect() as connection, aiomqtt.Client("127.0.0.1", port) as client:
        watching = asyncio.create_task(connection.watch())
        await client.subscribe("trunkline/here/answers/+", qos=1)
        await client.publish(TOPICS.commands, json.dumps(command), qos=1)
        message = await anext(client.messages)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return message


@pytest.mark.interop
@pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")
async def test_s_bus_a_command_over_a_real_broker_is_answered_by_its_id(tmp_path: Path) -> None:
    port, desk = free_port(), Desk()

    async def answer(payload: bytes) -> BusMessage | None:
        told = desk.commanded.answer(payload)
        return None if told is None else TOPICS.answer(*told)

    settings = BusSettings(url=f"mqtt://127.0.0.1:{port}", commands=True)
    broker = Broker(settings, "trunkline-here", TOPICS.status, (TOPICS.commands, answer))
    with mosquitto(tmp_path, port):
        await read_kept(port, 0)
        message = await answered(broker, port, {"id": "x-1", "command": "agent.break", "agent": "alice"})
    assert str(message.topic) == "trunkline/here/answers/x-1"
    assert json.loads(bytes(message.payload)) == {"id": "x-1", "done": True}
    assert desk.state("alice") == "break"


def test_the_asyncapi_document_tells_of_every_event_that_is_told_and_of_every_command() -> None:
    described = document()
    told = {fact.__name__ for fact in FACT_TYPES if not fact.kind().startswith(UNASKED)}
    assert told <= set(described["components"]["messages"])
    assert AccessUsed.__name__ in described["components"]["messages"]
    schemas = described["components"]["schemas"].values()
    named = [
        schema["properties"]["command"] for schema in schemas if "command" in schema.get("properties", {})
    ]
    commands = {each["enum"][0] for each in named}
    assert commands == {"agent.break", "agent.back", "agent.wrap_up", "callback.order", "callback.cancel"}
    started = described["components"]["messages"]["ContactStarted"]["payload"]["properties"]["fields"]
    assert started["properties"]["caller"]["x-privacy"] == "personal"


async def test_the_asyncapi_document_is_printed_by_a_command() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "bus", "asyncapi"), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert json.loads(output) == json.loads(json.dumps(document()))


class _Inbox:
    """An MQTT client with these messages, and then none."""

    def __init__(self, *payloads: tuple[bytes, bool]) -> None:
        self.published: list[str] = []
        self._payloads = payloads

    @property
    async def messages(self) -> AsyncIterator[aiomqtt.Message]:
        for number, (payload, retained) in enumerate(self._payloads):
            yield aiomqtt.Message(TOPICS.commands, payload, 1, retained, number, None)

    async def publish(self, topic: str, *_: object, **__: object) -> None:
        self.published.append(topic)


async def test_a_retained_command_is_not_done_and_one_that_fails_stops_no_other() -> None:
    done: list[bytes] = []

    async def answer(payload: bytes) -> BusMessage:
        if payload == b"fault":
            raise LookupError("a fault of ours")
        done.append(payload)
        return TOPICS.answer(payload.decode(), b"{}")

    inbox = _Inbox((b"kept", True), (b"fault", False), (b"asked", False))
    with pytest.raises(BusLostError):
        await BrokerConnection(inbox, answer).watch()  # type: ignore[arg-type]
    assert done == [b"asked"]
    assert inbox.published == [TOPICS.answer("asked", b"").topic]


async def test_a_flood_of_commands_is_worked_on_a_few_at_a_time() -> None:
    inbox, answering, most = _Inbox(*[(b"{}", False)] * 200), 0, 0

    async def answer(_payload: bytes) -> BusMessage | None:
        nonlocal answering, most
        answering += 1
        most = max(most, answering)
        await asyncio.sleep(0)
        answering -= 1
        return None

    with pytest.raises(BusLostError):
        await BrokerConnection(inbox, answer).watch()  # type: ignore[arg-type]
    assert 1 < most <= COMMANDS_AT_ONCE
