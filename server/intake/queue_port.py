"""The waiting room as dispatch knows it: finds the guest that an order is about."""

from __future__ import annotations

from collections.abc import Mapping

from contacts.ids import AgentId, ContactId, OfferId, QueueId
from contacts.outcomes import QueueExit
from server.intake.agent_phones import AgentPhones
from server.intake.contact import Contact


class WaitingRoom:
    """A guest who has just left is not an error: dispatch learns of it by an event of its own."""

    def __init__(self, guests: Mapping[ContactId, Contact], phones: AgentPhones) -> None:
        self._guests = guests
        self._phones = phones

    def announce_position(self, contact: ContactId, position: int, of: int) -> None:
        if guest := self._guests.get(contact):
            guest.announce_position(position, of)

    def bridge(self, contact: ContactId, agent: AgentId, offer: OfferId) -> None:
        guest, answered = self._guests.get(contact), self._phones.answered(offer)
        if guest is not None and answered is not None:
            guest.bridge(agent, *answered)

    def return_to_queue(self, contact: ContactId) -> None:
        """Agents' legs do not say yet that they were lost."""

    def left(self, contact: ContactId, queue: QueueId, how: QueueExit, waited_s: float) -> None:
        guest = self._guests.get(contact)
        if guest is not None and how is QueueExit.OVERFLOWED:
            guest.overflowed()
        elif guest is not None and how is QueueExit.NOBODY:
            guest.nobody_qualified()
