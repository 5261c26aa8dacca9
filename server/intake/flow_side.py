"""The flow that a contact's customer is in: which one, from when on, and what it is told."""

from __future__ import annotations

from collections.abc import Callable

from contacts.facts.contact import ContactFact
from contacts.facts.flow import FlowEnded
from contacts.ids import ContactId
from contacts.outcomes import QueueExit, TransferResult
from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import QueueLeft, QueueOutcome, TransferEnded, TransferOutcome
from server.intake.contact_recording import ContactRecording
from server.intake.customer_orders import CustomerOrders
from server.intake.flow_run import FlowRun
from server.intake.parties import Parties
from server.intake.queue_side import QueueSide
from server.intake.services import Services
from server.intake.transfers import Transfers
from telephony.call import Call
from telephony.call_events import CallEvent

QUEUE_OUTCOMES = {
    QueueExit.ANSWERED: QueueOutcome.ANSWERED,
    QueueExit.OVERFLOWED: QueueOutcome.OVERFLOW,
    QueueExit.NOBODY: QueueOutcome.NOBODY,
}
TRANSFER_OUTCOMES = {
    TransferResult.ANSWERED: TransferOutcome.ANSWERED,
    TransferResult.BUSY: TransferOutcome.BUSY,
    TransferResult.NO_ANSWER: TransferOutcome.NO_ANSWER,
}


class FlowSide:
    """At most one at a time; whoever is in none, as after a callback, hears nothing of it."""

    def __init__(
        self,
        contact: ContactId,
        queue: QueueSide,
        transfers: Transfers,
        parties: Parties,
        recording: ContactRecording,
        services: Services,
        tell: Callable[[ContactFact], None],
    ) -> None:
        self._contact = contact
        self._parts = (queue, transfers, parties)
        self._recording = recording
        self._services = services
        self._tell = tell
        self._run: FlowRun | None = None

    @property
    def name(self) -> str:
        """Empty where there is none."""
        return "" if self._run is None else self._run.flow.name

    @property
    def voice(self) -> str | None:
        return None if self._run is None else self._run.voice

    @property
    def asks_consent(self) -> bool:
        return self._run is not None and self._run.asks_consent

    def prepare(self, flow: Flow, call: Call) -> None:
        """For the customer, whose call this is: made before it starts, so that no key is lost."""
        orders = CustomerOrders(self._contact, call, *self._parts, self._services, self._tell, flow.voice)
        self._run = FlowRun(self._contact, flow, call, orders, self._recording, self._services, self._tell)

    def leave(self) -> None:
        """The one there was has had its last word."""
        self._run = None

    def start(self) -> None:
        if self._run is not None:
            self._run.start()

    def stop(self, *, transferred: bool) -> None:
        if self._run is None:
            # One that could not be begun: the contact waits for its end all the same.
            self._tell(FlowEnded(contact=self._contact, flow="", cause="it could not be begun"))
        elif transferred:
            self._run.hand_over()
        else:
            self._run.stop()

    def queue_left(self, how: QueueExit) -> None:
        if self._run is not None:
            self._run.tell(QueueLeft(QUEUE_OUTCOMES.get(how, QueueOutcome.FAILED)))

    def transfer_ended(self, result: TransferResult) -> None:
        if self._run is not None:
            self._run.tell(TransferEnded(TRANSFER_OUTCOMES.get(result, TransferOutcome.FAILED)))

    def on_event(self, event: CallEvent) -> None:
        """Of the customer's call."""
        if self._run is not None:
            self._run.on_event(event)
