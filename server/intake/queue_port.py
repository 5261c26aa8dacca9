"""The callers as dispatch knows them: what it orders for a contact becomes a fact of that contact."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from contacts.facts.queue import QueueExited
from contacts.ids import AgentId, ContactId, LegId, OfferId, QueueId
from contacts.outcomes import QueueExit
from server.intake.active_contact import ActiveContact
from server.intake.agent_legs import AgentLegs, participant_of

log = structlog.get_logger(__name__)


class IntakeQueuePort:
    """A contact that has just closed is not an error: dispatch learns of it by an event of its own."""

    def __init__(self, active: Mapping[ContactId, ActiveContact], legs: AgentLegs) -> None:
        self._active = active
        self._legs = legs

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
        """No flow and no API promises callbacks yet, so dispatch has none to make."""
        log.error("callback.not_made", contact=contact)

    def stop_calling_customer(self, contact: ContactId) -> None:
        """See `call_customer`."""

    def left(self, contact: ContactId, queue: QueueId, how: QueueExit, waited_s: float) -> None:
        if active := self._active.get(contact):
            exited = QueueExited(contact=contact, queue=queue, exit=how, waited_s=round(waited_s, 3))
            active.tell(exited)
