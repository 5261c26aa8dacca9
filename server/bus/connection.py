"""The broker, reached by aiomqtt."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiomqtt
import structlog

from config.settings import BusSettings
from server.bus.publisher import BusLostError
from server.bus.topics import OFFLINE, BusMessage

log = structlog.get_logger(__name__)

PORTS = {"mqtt": 1883, "mqtts": 8883}
TIMEOUT_S = 10.0
KEEPALIVE_S = 20
AT_LEAST_ONCE = 1
COMMANDS_AT_ONCE = 32
COMMANDS_WAITING = 1000
"""A flood beyond that is let go by the client, which logs it; who gets no answer asks again."""


Answering = Callable[[bytes], Awaitable[BusMessage | None]]


class BrokerConnection:
    """One connection, while it lasts."""

    def __init__(self, client: aiomqtt.Client, answer: Answering | None = None) -> None:
        self._client = client
        self._answer = answer

    async def publish(self, message: BusMessage) -> None:
        """Returns once the broker has it; raises BusLostError."""
        try:
            await self._client.publish(
                message.topic, message.payload, qos=AT_LEAST_ONCE, retain=message.retained
            )
        except aiomqtt.MqttError as error:
            raise BusLostError(str(error)) from error

    async def watch(self) -> None:
        """Answers commands, where any are taken; ends with the connection only."""
        room = asyncio.Semaphore(COMMANDS_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as answering:
                async for message in self._client.messages:
                    if message.retain:
                        # The broker tells it to every start of ours anew: a customer would be called again.
                        log.warning("bus.retained_command")
                        continue
                    payload = message.payload
                    await room.acquire()
                    task = answering.create_task(self._take(payload if isinstance(payload, bytes) else b""))
                    task.add_done_callback(lambda _: room.release())
        except* (aiomqtt.MqttError, BusLostError) as lost:
            raise BusLostError(str(lost.exceptions[0])) from lost
        raise BusLostError("the broker is gone")

    async def _take(self, payload: bytes) -> None:
        try:
            answer = None if self._answer is None else await self._answer(payload)
        except Exception:
            # A fault of ours in one command; the bus goes on.
            log.exception("bus.command_failed")
            return
        if answer is not None:
            await self.publish(answer)


class Broker:
    """Makes connections whose end, when it is no farewell, the broker tells by the last will."""

    def __init__(
        self,
        settings: BusSettings,
        identifier: str,
        status_topic: str,
        commands: tuple[str, Answering] | None = None,
    ) -> None:
        """`commands`: the topic on which they come, and what answers them."""
        self._settings = settings
        self._commands = commands
        self._identifier = identifier
        self._will = aiomqtt.Will(status_topic, OFFLINE, qos=AT_LEAST_ONCE, retain=True)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[BrokerConnection]:
        """Raises BusLostError."""
        url = urlsplit(self._settings.url)
        password = self._settings.password
        client = aiomqtt.Client(
            url.hostname or "",
            url.port or PORTS[url.scheme],
            username=self._settings.username or None,
            password=None if password is None else password.get_secret_value(),
            identifier=self._identifier,
            will=self._will,
            timeout=TIMEOUT_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=COMMANDS_WAITING,
            tls_context=_tls(self._settings) if url.scheme == "mqtts" else None,
        )
        try:
            async with client:
                if self._commands is not None:
                    await client.subscribe(self._commands[0], qos=AT_LEAST_ONCE)
                yield BrokerConnection(client, None if self._commands is None else self._commands[1])
        except (aiomqtt.MqttError, OSError) as error:
            raise BusLostError(str(error)) from error


def _tls(settings: BusSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)
