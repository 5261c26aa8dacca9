"""A flow that has a customer: its session, the task that drives it, and what the customer keys and says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import msgspec
import structlog

from contacts.facts.contact import ContactFact, ContactFailed
from contacts.facts.flow import FlowEnded
from contacts.ids import ContactId
from ivr_flows.definition.flow import Flow
from ivr_flows.driver import Clocks, drive
from ivr_flows.engine.inputs import HungUp, Input, RecordingEnded, SpeechHeard
from ivr_flows.engine.instructions import Note
from ivr_flows.engine.session import Session
from ivr_flows.kinds.consent import Consent
from server.intake.caller_port import CallerPort, FlowOrders
from server.intake.contact_recording import ContactRecording
from server.intake.listening import Listening
from server.intake.services import Services
from server.intake.statements import StatementTaking
from telephony.call import Call
from telephony.call_events import CallEvent

log = structlog.get_logger(__name__)


CONTEXT_HEADER = "X-Context"
MAX_CONTEXT = 256
AFTER_HANG_UP_S = 30.0
"""What a flow has to do when its caller is gone takes no longer: the contact waits for it."""


class FlowRun:
    """From `start` to `stop`; a flow that breaks is a fault of ours and ends this contact only."""

    def __init__(
        self,
        contact: ContactId,
        flow: Flow,
        call: Call,
        orders: FlowOrders,
        recording: ContactRecording,
        services: Services,
        tell: Callable[[ContactFact], None],
    ) -> None:
        self._contact = contact
        self._flow = flow
        self._call = call
        self._services = services
        self._tell_on = tell
        self._ended = False
        self._cause = ""
        """Why it was stopped from outside, where that is not the caller's doing."""
        self._session = Session(flow, _variables(contact, call, vip=services.lists.vip(call.facts.caller)))
        self._port = CallerPort(
            contact, call, orders, services.prompts, services.outside, flow.voice, self._tell, services.now
        )
        self._statements = StatementTaking(contact, call, recording, services, tell, self._statement_ended)
        self._port.statements = self._statements
        self._task: asyncio.Task[None] | None = None

    @property
    def voice(self) -> str | None:
        """In which everything is said to this customer."""
        return self._flow.voice

    @property
    def flow(self) -> Flow:
        return self._flow

    @property
    def asks_consent(self) -> bool:
        """Whether the flow, or one that it leads to, asks the caller before anything is recorded."""
        flows = (self._flow, *self._flow.flows.values())
        return any(isinstance(node, Consent) for each in flows for node in each.nodes.values())

    def start(self) -> None:
        self._task = self._services.tasks.start(self._run())

    def hand_over(self) -> None:
        """The customer goes to another flow: this one ends at once."""
        self._cause = "transferred"
        self._port.end()
        self._statements.break_off()
        self._cut([HungUp()])

    def stop(self) -> None:
        """The customer is gone: what they were saying is kept, and the flow ends, or has work to do yet."""
        self._port.end()
        said = self._statements.break_off()
        left: list[Input] = [said] if said is not None and said.item else []
        left.append(HungUp())
        at_work = self._session.works_after_hang_up and self._task is not None and not self._task.done()
        if not at_work or not all(self._port.tell(each) for each in left):
            self._cut(left)
            return
        asyncio.get_running_loop().call_later(AFTER_HANG_UP_S, self._cut, [HungUp()])

    def _cut(self, left: Iterable[Input]) -> None:
        """Hang-up is cancellation: whatever runs for the flow ends with it, its last notes written."""
        if self._ended:
            return
        try:
            for received in left:
                for instruction in self._session.resume(received, self._services.now()):
                    if isinstance(instruction, Note):
                        self._port.note(instruction)
        finally:
            # A flow that broke, or never began, has no last word of its own, and the contact waits for one.
            if not self._ended:
                self._tell(FlowEnded(contact=self._contact, flow=self._flow.name, cause="caller_left"))
            if self._task is not None:
                self._task.cancel()

    def _tell(self, told: ContactFact) -> None:
        if isinstance(told, FlowEnded):
            self._ended = True
            told = msgspec.structs.replace(told, cause=self._cause or told.cause)
        self._tell_on(told)

    def _heard(self, speech: SpeechHeard) -> None:
        self._port.tell(speech)

    def _statement_ended(self, ended: RecordingEnded) -> None:
        self._port.tell(ended)

    def tell(self, received: Input) -> None:
        self._port.tell(received)

    def on_event(self, event: CallEvent) -> None:
        self._port.on_event(event)

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                services = self._services
                self._port.tasks = tasks
                self._port.listening = Listening(self._call, services.recognition, tasks, self._heard)
                await drive(self._session, self._port, Clocks(now=services.now))
                self._port.end()
        except Exception:
            log.exception("flow.failed", contact=self._contact)
            self._tell(ContactFailed(contact=self._contact, reason="the flow could not be carried out"))


def _variables(contact: ContactId, call: Call, *, vip: bool) -> dict[str, str]:
    return {
        "caller_number": call.facts.caller,
        "caller_name": call.facts.remote_display or "",
        "caller_vip": "yes" if vip else "no",
        "called_number": call.facts.called or "",
        "contact": str(contact),
        "context": _context(call),
    }


def _context(call: Call) -> str:
    """What came with the call from where the customer was before: a token, as a rule. Anybody may send it."""
    told = (call.facts.headers.get(CONTEXT_HEADER) or "").strip()
    return told if len(told) <= MAX_CONTEXT and told.isprintable() else ""
