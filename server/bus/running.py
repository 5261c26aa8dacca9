"""The bus of a running server, if its settings name one."""

from __future__ import annotations

import time
from contextlib import suppress

from prometheus_client import Gauge
from sqlalchemy import Engine

from acd.dispatcher import Dispatcher
from config.settings import BusSettings
from server.bus.commands import Commanded
from server.bus.connection import Broker
from server.bus.publisher import READER, BusPublisher, wanted_by
from server.bus.topics import BusMessage, Topics
from server.http.metrics import Metrics
from server.http.ports import ApiPorts
from server.journal.journal import Journal, JournalError
from server.journal.reading import outbox_cursor
from server.tasks import Tasks


async def start_bus(
    settings: BusSettings,
    journal: Journal,
    store: Engine,
    ports: ApiPorts,
    dispatcher: Dispatcher,
    metrics: Metrics,
    tasks: Tasks,
) -> None:
    """A bus that is switched on begins with what happens from now on; one that was lost catches up."""
    if not settings.url:
        return
    topics = Topics(settings.prefix, journal.instance)
    commanded = Commanded(dispatcher.post, ports.callbacks, ports.acd, journal.note)

    async def answer(payload: bytes) -> BusMessage | None:
        told = commanded.answer(payload)
        with suppress(JournalError):
            await ports.durable()
        return None if told is None else topics.answer(*told)

    commands = (topics.commands, answer) if settings.commands else None
    broker = Broker(settings, f"trunkline-{journal.instance}", topics.status, commands)
    publisher = BusPublisher(
        topics,
        wanted_by(settings.kinds, settings.personal),
        ports.feed,
        journal,
        broker.connect,
        dispatcher.snapshot,
        await ports.off_loop.run(lambda: outbox_cursor(store, READER)),
        monotonic=time.monotonic,
    )
    connected = Gauge("trunkline_bus_connected", "1 while the broker is there", registry=metrics.registry)
    connected.set_function(lambda: 0.0 if publisher.problem else 1.0)
    tasks.background(publisher.run())
