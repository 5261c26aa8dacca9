"""The broker, reached by aiomqtt."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiomqtt

from config.settings import BusSettings
from server.bus.publisher import BusLostError
from server.bus.topics import OFFLINE, BusMessage

PORTS = {"mqtt": 1883, "mqtts": 8883}
TIMEOUT_S = 10.0
KEEPALIVE_S = 20
AT_LEAST_ONCE = 1


class BrokerConnection:
    """One connection, while it lasts."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def publish(self, message: BusMessage) -> None:
        """Returns once the broker has it; raises BusLostError."""
        try:
            await self._client.publish(
                message.topic, message.payload, qos=AT_LEAST_ONCE, retain=message.retained
            )
        except aiomqtt.MqttError as error:
            raise BusLostError(str(error)) from error

    async def watch(self) -> None:
        """Nothing is subscribed to: this ends with the connection only."""
        try:
            async for _ in self._client.messages:
                pass
        except aiomqtt.MqttError as error:
            raise BusLostError(str(error)) from error
        raise BusLostError("the broker is gone")


class Broker:
    """Makes connections whose end, when it is no farewell, the broker tells by the last will."""

    def __init__(self, settings: BusSettings, identifier: str, status_topic: str) -> None:
        self._settings = settings
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
            tls_context=_tls(self._settings) if url.scheme == "mqtts" else None,
        )
        try:
            async with client:
                yield BrokerConnection(client)
        except (aiomqtt.MqttError, OSError) as error:
            raise BusLostError(str(error)) from error


def _tls(settings: BusSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)
