"""A flow that has a customer: its session, the task that drives it, and what the customer keys and says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from contacts.facts.contact import ContactFact, ContactFailed
from contacts.facts.flow import FlowEnded
from contacts.ids import ContactId
from ivr_flows.definition.flow import Flow
from ivr_flows.driver import Clocks, drive
from ivr_flows.engine.inputs import HungUp, Input
from ivr_flows.engine.instructions import Note
from ivr_flows.engine.session import Session
from server.intake.caller_port import CallerPort, FlowOrders
from server.intake.listening import Listening
from server.intake.services import Services
from telephony.call import Call
from telephony.call_events import CallEvent

log = structlog.get_logger(__name__)


class FlowRun:
    """From `start` to `stop`; a flow that breaks is a fault of ours and ends this contact only."""

    def __init__(
        self,
        contact: ContactId,
        flow: Flow,
        call: Call,
        orders: FlowOrders,
        services: Services,
        tell: Callable[[ContactFact], None],
    ) -> None:
        self._contact = contact
        self._flow = flow
        self._call = call
        self._services = services
        self._tell_on = tell
        self._ended = False
        self._session = Session(flow, _variables(contact, call))
        self._port = CallerPort(
            contact, call, orders, services.prompts, services.outside, flow.voice, self._tell, services.now
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = self._services.tasks.start(self._run())

    def stop(self) -> None:
        """Hang-up is cancellation: whatever runs for the flow ends with it, its last notes written."""
        try:
            self._port.end()
            for instruction in self._session.resume(HungUp(), self._services.now()):
                if isinstance(instruction, Note):
                    self._port.note(instruction)
        finally:
            # A flow that broke, or never began, has no last word of its own, and the contact waits for one.
            if not self._ended:
                self._tell(FlowEnded(contact=self._contact, flow=self._flow.name, cause="caller_left"))
            if self._task is not None:
                self._task.cancel()

    def _tell(self, told: ContactFact) -> None:
        self._ended = self._ended or isinstance(told, FlowEnded)
        self._tell_on(told)

    def tell(self, received: Input) -> None:
        self._port.tell(received)

    def on_event(self, event: CallEvent) -> None:
        self._port.on_event(event)

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                services = self._services
                self._port.tasks = tasks
                self._port.listening = Listening(self._call, services.recognition, tasks, self._port.tell)
                await drive(self._session, self._port, Clocks(now=services.now))
                self._port.end()
        except Exception:
            log.exception("flow.failed", contact=self._contact)
            self._tell(ContactFailed(contact=self._contact, reason="the flow could not be carried out"))


def _variables(contact: ContactId, call: Call) -> dict[str, str]:
    return {
        "caller_number": call.facts.caller,
        "caller_name": call.facts.remote_display or "",
        "called_number": call.facts.called or "",
        "contact": str(contact),
    }
