"""The waiting room as dispatch knows it: finds the guest that an order is about."""

from __future__ import annotations

from collections.abc import Mapping

from contacts.ids import AgentId, ContactId, OfferId
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

    def overflow(self, contact: ContactId) -> None:
        if guest := self._guests.get(contact):
            guest.overflowed()

    def nobody_qualified(self, contact: ContactId) -> None:
        if guest := self._guests.get(contact):
            guest.nobody_qualified()
