"""What agents do with their customers from their page, and not from their phone: transfer and hold."""

from __future__ import annotations

from contacts.ids import AgentId
from server.intake.ports import Shown
from server.intake.services import Services
from server.intake.transfers import NOT_TALKING
from telephony.admission import Refusal


class AgentDesk:
    """Everything is judged as if the agent's phone had asked for it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def transfer(self, agent: AgentId, to: str) -> Refusal | None:
        """To a colleague, a queue, a number of ours or one outside; the refusal says why not."""
        contact = self._services.exchange.contact_of(agent)
        if contact is None:
            return NOT_TALKING
        destination = contact.transfers.judged(to, agent)
        if isinstance(destination, Refusal):
            return destination
        contact.transfers.begin(destination, agent, contact.shown)
        return None

    def hold(self, agent: AgentId, *, on: bool) -> Refusal | None:
        """The customer hears music, or the agent again."""
        contact = self._services.exchange.contact_of(agent)
        return None if contact is not None and contact.hold(on) else NOT_TALKING

    def shown(self, agent: AgentId) -> Shown | None:
        """Whom the agent talks with."""
        contact = self._services.exchange.contact_of(agent)
        return None if contact is None else contact.shown
