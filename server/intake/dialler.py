"""Calls somebody for a caller: a SIP URI, an agent's phone, or a number through the carrier's gateway."""

from __future__ import annotations

from collections.abc import Callable

from acd.events import Event as DispatchEvent
from acd.events import OtherCallEnded, OtherCallStarted
from contacts.ids import AgentId, CallId
from ivr_flows.definition.targets import AgentTarget, NumberTarget, SipTarget, TransferTarget
from telephony.call import Call
from telephony.endpoint import SipEndpoint
from telephony.registration_desk import RegistrationDesk


class UnreachableError(Exception):
    """There is nowhere to call: no phone is registered, or no gateway is configured."""


class TransferDialler:
    """`gateway` is the host (and port) that numbers are dialled through."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        desk: RegistrationDesk,
        gateway: str | None,
        post: Callable[[DispatchEvent], None],
    ) -> None:
        self._endpoint = endpoint
        self._desk = desk
        self._gateway = gateway
        self._post = post

    async def dial(self, target: TransferTarget, caller: Call) -> Call:
        """Also raises what `SipEndpoint.place_call` does."""
        number, display = caller.facts.caller, caller.facts.remote_display
        match target:
            case SipTarget(uri):
                return await self._endpoint.place_call(uri, caller=number, display=display)
            case NumberTarget(called):
                if self._gateway is None:
                    raise UnreachableError("no gateway")
                uri = f"sip:{called}@{self._gateway}"
                return await self._endpoint.place_call(uri, caller=number, display=display)
            case AgentTarget(agent):
                return await self._dial_agent(AgentId(agent), number, display)

    async def _dial_agent(self, agent: AgentId, number: str | None, display: str | None) -> Call:
        bindings = self._desk.bindings(agent)
        if not bindings:
            raise UnreachableError("no phone registered")
        call = await self._endpoint.place_call(bindings[-1], caller=number, display=display)
        self._post(OtherCallStarted(agent, CallId(call.id)))
        call.ended.add_done_callback(lambda _: self._post(OtherCallEnded(agent, CallId(call.id))))
        return call
