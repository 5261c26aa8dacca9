"""The callers as dispatch knows them: what it orders for a contact becomes a fact of that contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from contacts.facts.queue import QueueExited
from contacts.ids import AgentId, ContactId, LegId, OfferId, QueueId
from contacts.outcomes import QueueExit
from server.intake.active_contact import ActiveContact
from server.intake.agent_legs import AgentLegs
from server.intake.parties import participant_of

_CUT_OFF = frozenset({QueueExit.ABANDONED, QueueExit.SHORT_ABANDONED})


class CallbackCalls(Protocol):
    """Calls customers, as `server.callbacks.desk.CallbackDesk` does."""

    def call_customer(self, contact: ContactId, offer: OfferId | None) -> None: ...

    def stop_calling_customer(self, contact: ContactId) -> None: ...

    def cut_off(self, number: str, queue: QueueId, waited_s: float) -> None:
        """A caller who waited on the line is gone, and may come back."""

    def place_lost(self, contact: ContactId) -> None:
        """Dispatch has no place for them any more; nothing happens where none was promised."""


class IntakeQueuePort:
    """A contact that has just closed is not an error: dispatch learns of it by an event of its own."""

    def __init__(
        self, active: Mapping[ContactId, ActiveContact], legs: AgentLegs, callbacks: CallbackCalls
    ) -> None:
        self._active = active
        self._legs = legs
        self._callbacks = callbacks

    def announce_position(self, contact: ContactId, position: int, of: int) -> None:
        if active := self._active.get(contact):
            active.announce_position(position, of)

    def bridge(self, contact: ContactId, agent: AgentId, offer: OfferId) -> None:
        active, answered_at = self._active.get(contact), self._legs.answered_at(offer)
        if active is not None and answered_at is not None:
            active.agent_joined(participant_of(agent), LegId(offer), answered_at)

    def return_to_queue(self, contact: ContactId) -> None:
        if active := self._active.get(contact):
            active.place_regained()

    def call_customer(self, contact: ContactId, offer: OfferId | None) -> None:
        self._callbacks.call_customer(contact, offer)

    def stop_calling_customer(self, contact: ContactId) -> None:
        self._callbacks.stop_calling_customer(contact)

    def left(self, contact: ContactId, queue: QueueId, how: QueueExit, waited_s: float) -> None:
        if active := self._active.get(contact):
            exited = QueueExited(contact=contact, queue=queue, exit=how, waited_s=round(waited_s, 3))
            active.tell(exited)
            if how in _CUT_OFF and not active.away:
                self._callbacks.cut_off(active.customer.number, queue, waited_s)
        if how is not QueueExit.ANSWERED:
            self._callbacks.place_lost(contact)
