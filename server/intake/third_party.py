"""Calls somebody for a caller: a SIP URI, an agent's phone, or a number through the carrier's gateway."""

from __future__ import annotations

from collections.abc import Callable

from acd.events import Event as DispatchEvent
from acd.events import OtherCallEnded, OtherCallStarted
from contacts.ids import AgentId, CallId
from ivr_flows.definition.targets import AgentTarget, NumberTarget, SipTarget, TransferTarget
from server.intake.ports import Lines, PhoneBook
from telephony.call import Call


class UnreachableError(Exception):
    """There is nowhere to call: no phone is registered, or no gateway is configured."""


class TransferDialler:
    """`gateway` is the host (and port) that numbers are dialled through; it may be exchanged at any time."""

    def __init__(
        self, lines: Lines, phones: PhoneBook, gateway: str | None, post: Callable[[DispatchEvent], None]
    ) -> None:
        self._lines = lines
        self._phones = phones
        self.gateway = gateway
        self._post = post

    async def dial(self, target: TransferTarget, caller: Call) -> Call:
        """Raises UnreachableError, and what `SipEndpoint.place_call` does."""
        number, display = caller.facts.caller, caller.facts.remote_display
        match target:
            case SipTarget(uri):
                return await self._lines.place_call(uri, caller=number, display=display)
            case NumberTarget(called):
                if self.gateway is None:
                    raise UnreachableError("no gateway")
                uri = f"sip:{called}@{self.gateway}"
                return await self._lines.place_call(uri, caller=number, display=display)
            case AgentTarget(agent):
                return await self._dial_agent(AgentId(agent), number, display)

    async def _dial_agent(self, agent: AgentId, number: str | None, display: str | None) -> Call:
        bindings = self._phones.bindings(agent)
        if not bindings:
            raise UnreachableError("no phone registered")
        call = await self._lines.place_call(bindings[-1], caller=number, display=display)
        self._post(OtherCallStarted(agent, CallId(call.id)))
        call.ended.add_done_callback(lambda _: self._post(OtherCallEnded(agent, CallId(call.id))))
        return call


def address_of(target: TransferTarget) -> str:
    """Whom a transfer is to reach, as a person would write it."""
    match target:
        case SipTarget(uri):
            return uri
        case NumberTarget(called):
            return called
        case AgentTarget(agent):
            return agent
