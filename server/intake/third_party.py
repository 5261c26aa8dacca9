"""Where somebody is called for a customer: a SIP URI, an agent's phones, or a number through the gateway."""

from __future__ import annotations

from contacts.ids import AgentId
from ivr_flows.definition.targets import AgentTarget, NumberTarget, SipTarget, TransferTarget
from server.intake.ports import PhoneBook, Reach


class UnreachableError(Exception):
    """There is nowhere to call: no phone is registered, or no gateway is configured."""


class TransferDialler:
    """`gateway` is the host (and port) that numbers are dialled through; it may be exchanged at any time."""

    def __init__(self, phones: PhoneBook, gateway: str | None) -> None:
        self._phones = phones
        self.gateway = gateway

    def reach(self, target: TransferTarget) -> Reach:
        """Raises UnreachableError."""
        match target:
            case SipTarget(uri):
                return Reach((uri,))
            case NumberTarget(called):
                if self.gateway is None:
                    raise UnreachableError("no gateway")
                return Reach((f"sip:{called}@{self.gateway}",))
            case AgentTarget(agent):
                return self.agent(AgentId(agent))

    def agent(self, agent: AgentId) -> Reach:
        """All their phones; raises UnreachableError when none is registered."""
        phones = tuple(self._phones.bindings(agent))
        if not phones:
            raise UnreachableError("no phone registered")
        return Reach(phones, agent)


def address_of(target: TransferTarget) -> str:
    """Whom a transfer is to reach, as a person would write it."""
    match target:
        case SipTarget(uri):
            return uri
        case NumberTarget(called):
            return called
        case AgentTarget(agent):
            return agent
