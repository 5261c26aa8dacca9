"""Callbacks that somebody orders for a customer who is not on the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from acd.agent_registry import NotConfiguredError
from acd.agent_state import AcdError
from acd.callback_book import PromisedAlreadyError
from acd.events import CallFirst
from acd.settings import AcdSettings
from contacts.facts.queue import QueueJoined
from contacts.ids import ContactId, QueueId
from server.callbacks.desk import CallbackDesk
from server.callbacks.promises import OpenCallback
from server.intake.call_intake import CallIntake
from server.intake.customer import CallbackWish


@dataclass(frozen=True, slots=True)
class CallbackOrder:
    """As it comes in over the API or the bus."""

    number: str = field(repr=False)
    queue: QueueId
    by: str
    first: CallFirst | None = None
    not_before: datetime | None = None
    priority: int = 0
    skills: dict[str, int] = field(default_factory=dict)
    agent: str = ""
    agent_wait_s: float = 0.0


TIMES_LISTED = 20


def check_names(settings: AcdSettings, order: CallbackOrder) -> None:
    """Raises NotConfiguredError for a queue or an agent that there is not."""
    if order.queue not in {queue.name for queue in settings.queues}:
        raise NotConfiguredError(f"no queue is named {order.queue!r}")
    if order.agent and order.agent not in {agent.name for agent in settings.agents}:
        raise NotConfiguredError(f"no agent is named {order.agent!r}")


class CallbackOrders:
    """Each order becomes a contact of its own, at the end of its queue."""

    def __init__(self, desk: CallbackDesk, intake: CallIntake) -> None:
        self._desk = desk
        self._intake = intake

    def open(self) -> tuple[OpenCallback, ...]:
        return self._desk.open()

    def find(self, contact: ContactId) -> OpenCallback | None:
        return self._desk.find(contact)

    def owed_to(self, number: str) -> ContactId | None:
        return self._desk.owed_to(number)

    def number(self, typed: str) -> str:
        return self._desk.number(typed)

    def times(self, number: str, queue: QueueId) -> tuple[datetime, ...]:
        return self._desk.slots(number, queue, TIMES_LISTED)

    def order(self, order: CallbackOrder) -> OpenCallback:
        """Raises AcdError, and then there is no contact either."""
        number = self._desk.number(order.number)
        self._desk.check_time(order.not_before)
        if self._desk.owed_to(number) is not None:
            raise PromisedAlreadyError("a call to this number is promised already")
        if self._desk.gateway is None:
            raise AcdError("there is no way out: set flows.number_gateway to a trunk")
        contact = self._intake.begin_away(number)
        place = QueueJoined(
            contact=contact.id,
            queue=order.queue,
            skills=order.skills,
            priority=order.priority,
            agent=order.agent,
            agent_wait_s=order.agent_wait_s,
            callback=True,
        )
        return self._desk.promise(CallbackWish(number, place, order.first, order.not_before, order.by))

    def cancel(self, contact: ContactId, by: str) -> bool:
        return self._desk.cancel(contact, f"cancelled by {by}")
