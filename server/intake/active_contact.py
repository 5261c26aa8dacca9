"""One contact while it lives: facts go through its core and into the journal, and its orders are carried out.

It decides nothing itself. Whatever goes wrong in an order is a fault of ours, told as a fact, and ends this
contact and no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

from acd.agent_state import AcdError
from acd.events import ContactLeft, LeaveReason
from contacts import effects as order
from contacts.contact import CUSTOMER, Contact
from contacts.effects import ContactEffect, Happened
from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact, ContactOrigin, ParticipantRole
from contacts.facts.queue import QueueExited, QueuePlaceRegained, QueuePositionTold
from contacts.ids import ContactId, LegId, ParticipantId
from contacts.outcomes import QueueExit, TransferResult
from contacts.standing import ContactPhase
from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import Input, QueueLeft, QueueOutcome, TransferEnded, TransferOutcome
from server.intake.contact_recording import ContactRecording
from server.intake.customer import Customer, enqueued
from server.intake.customer_orders import CustomerOrders, QueueStay
from server.intake.customer_sound import CustomerSound
from server.intake.flow_run import FlowRun
from server.intake.legs import Legs
from server.intake.services import Services
from server.intake.talk import Side
from server.journal.journal import JournalFull
from telephony.call import Call
from telephony.call_events import CallEvent

log = structlog.get_logger(__name__)

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


class ActiveContact:
    """`begin` is the start of a call that came in; from then on everything happens by `tell`."""

    def __init__(
        self,
        contact: ContactId,
        customer: Customer,
        services: Services,
        on_closed: Callable[[ActiveContact], None],
        on_away: Callable[[], None],
        core: Contact | None = None,
    ) -> None:
        self.id = contact
        self.customer = customer
        self.call: Call | None = None
        self.stay: QueueStay | None = None
        """The queue that the customer is in, or was in last."""
        self.legs = Legs(contact, self.tell)
        self._voice: str | None = None
        self._services = services
        self._on_closed = on_closed
        self._on_away = on_away
        self._core = core or Contact(contact)
        self._mailbox: deque[ContactFact] = deque()
        self._handling = False
        self._failed = False
        self._sound = CustomerSound(contact, services.prompts, self.tell)
        self._recording = ContactRecording(contact, services, self.tell)
        self._run: FlowRun | None = None

    @property
    def away(self) -> bool:
        """Nobody is on the line: the customer is to be called."""
        return self._core.phase is ContactPhase.AWAY

    def begin(self, call: Call, flow: Flow) -> None:
        """With a call that came in."""
        self.call, self._voice = call, flow.voice
        orders = CustomerOrders(
            self.id, call, self.legs, self._services, self.tell, self.on_other, flow.voice, self._stays
        )
        self._run = FlowRun(self.id, flow, call, orders, self._recording, self._services, self.tell)
        facts = call.facts
        caller = facts.caller
        started = fact.ContactStarted(
            contact=self.id,
            caller=caller,
            caller_name=facts.remote_display or "",
            number=facts.called or "",
            trunk=facts.trunk or "",
            flow=flow.name,
            call_id=facts.sip_call_id,
        )
        joined = fact.ParticipantJoined(
            contact=self.id, participant=CUSTOMER, role=ParticipantRole.CUSTOMER, address=caller
        )
        self.tell(started)
        self.tell(joined)
        self.legs.start(CUSTOMER, LegId(call.id), call, self._on_customer)

    def begin_away(self) -> None:
        """With nobody on the line: somebody asked for a call to the customer."""
        number = self.customer.number
        started = fact.ContactStarted(contact=self.id, origin=ContactOrigin.CALLBACK, caller=number)
        joined = fact.ParticipantJoined(
            contact=self.id, participant=CUSTOMER, role=ParticipantRole.CUSTOMER, address=number
        )
        self.tell(started)
        self.tell(joined)

    def call_customer(self, call: Call, listener: Callable[[CallEvent], None]) -> None:
        """The call to the customer is their leg from here on; `listener` hears its events too, later."""

        def both(event: CallEvent) -> None:
            self._on_customer(event)
            listener(event)

        self.call, self._run = call, None
        self.legs.start(CUSTOMER, LegId(call.id), call, both)

    def tell(self, told: ContactFact) -> None:
        """One fact after the other, each to its end; one told from inside an order waits for its turn."""
        self._mailbox.append(told)
        if self._handling:
            return
        self._handling = True
        try:
            while self._mailbox:
                self._handle(self._mailbox.popleft())
        finally:
            self._handling = False

    def on_other(self, event: CallEvent) -> None:
        """What the call of the other party tells."""
        self._sound.on_event(Side.OTHER, event)

    def agent_joined(self, participant: ParticipantId, leg: LegId, answered_at: float) -> None:
        """Dispatch joins the agent's leg, which is up, with the customer's; the agent may be told first."""
        agent, stay = self.legs.call(leg), self.stay
        announcement = () if stay is None else stay.announcement
        told = agent is not None and self._sound.tell_agent(
            agent, announcement, lambda: self._joined(participant, self._services.now())
        )
        if not told:
            self._joined(participant, answered_at)

    def _joined(self, participant: ParticipantId, ready_at: float) -> None:
        now = self._services.now()
        waited_s = now - self.stay.joined_at if self.stay is not None else 0.0
        if self.stay is not None:
            self._services.metrics.wait_s.labels(self.stay.queue).observe(waited_s)
        started = fact.ConversationStarted(
            contact=self.id,
            participant=participant,
            waited_s=round(waited_s, 3),
            bridge_ms=round((now - ready_at) * 1000, 2),
        )
        self.tell(started)

    def place_regained(self) -> None:
        """The agent's phone was lost: dispatch has the customer waiting again."""
        if self.stay is not None:
            self.tell(QueuePlaceRegained(contact=self.id, queue=self.stay.queue))

    def announce_position(self, position: int, of: int) -> None:
        if self.stay is None:
            return
        self.tell(QueuePositionTold(contact=self.id, queue=self.stay.queue, position=position, of=of))
        self._services.tasks.start(self._sound.announce(position, self._voice))

    def _stays(self, stay: QueueStay) -> None:
        self.stay = stay

    # Facts

    def _handle(self, told: ContactFact) -> None:
        self._keep(told)
        was_away = self.away
        for effect in self._core.handle(told, self._services.now()):
            self._carry_out(effect)
        if self.away is not was_away:
            self._on_away()
            if self.away:
                self._services.callbacks.customer_left(self.id)

    def _keep(self, told: ContactFact) -> None:
        """A journal that is full although new callers are refused loses the fact, not the call."""
        try:
            self._services.journal.append(told)
        except JournalFull:
            log.critical("journal.fact_lost", contact=self.id, kind=told.kind())

    def _carry_out(self, effect: ContactEffect) -> None:
        try:
            _ORDERS[type(effect)](self, effect)
        except Exception:
            log.exception("contact.order_failed", contact=self.id, order=type(effect).__name__)
            if not self._failed:
                self._failed = True
                self.tell(fact.ContactFailed(contact=self.id, reason="an order could not be carried out"))

    def _on_customer(self, event: CallEvent) -> None:
        if not self._sound.on_event(Side.CUSTOMER, event) and self._run is not None:
            self._run.on_event(event)

    # Orders of the contact core

    def _start_recording(self, effect: order.StartRecording) -> None:
        if self.call is not None:
            self._recording.start(self.call, self.customer.number, self.customer.called)

    def _finish_recording(self, effect: order.FinishRecording) -> None:
        self._services.tasks.start(self._recording.finish(effect.served_by))

    def _start_flow(self, effect: order.StartFlow) -> None:
        if self._run is not None:
            self._run.start()

    def _stop_flow(self, effect: order.StopFlow) -> None:
        if self._run is not None:
            self._run.stop()

    def _tell_queue_exit(self, effect: order.TellQueueExit) -> None:
        self._tell_flow(QueueLeft(QUEUE_OUTCOMES.get(effect.exit, QueueOutcome.FAILED)))

    def _tell_transfer_result(self, effect: order.TellTransferResult) -> None:
        self._tell_flow(TransferEnded(TRANSFER_OUTCOMES.get(effect.result, TransferOutcome.FAILED)))

    def _tell_flow(self, received: Input) -> None:
        if self._run is not None:
            self._run.tell(received)

    def _enqueue(self, effect: order.JoinQueue) -> None:
        joined = effect.joined
        if not joined.callback and self._services.callbacks.waits_on_the_line(self.id):
            return
        event = enqueued(joined, self._services.callbacks, self.customer.number)
        if joined.callback:
            self.stay = QueueStay(joined.queue, None, self._services.now() - event.age_s)
        try:
            self._services.post(event)
        except AcdError:
            # A queue that the settings no longer name: the flow takes its error edge.
            log.exception("queue.not_joined", contact=self.id, queue=joined.queue)
            self.tell(QueueExited(contact=self.id, queue=joined.queue, exit=QueueExit.FAILED, waited_s=0.0))

    def _leave_queue(self, effect: order.LeaveQueue) -> None:
        self._services.post(ContactLeft(self.id, LeaveReason.HUNG_UP))

    def _start_waiting(self, effect: order.StartWaiting) -> None:
        if self.call is not None:
            self._sound.start_waiting(self.call, self.stay.music if self.stay is not None else None)

    def _stop_waiting(self, effect: order.StopWaiting) -> None:
        self._sound.stop_waiting()

    def _connect(self, effect: order.Connect) -> None:
        participant = self._core.participants.get(effect.participant)
        other = self.legs.call(participant.leg if participant is not None else None)
        if other is not None and self.call is not None:
            self._sound.connect(self.call, other, effect.participant)
            self._recording.follow(effect.participant, other)

    def _disconnect(self, effect: order.Disconnect) -> None:
        self._sound.disconnect()

    def _hang_up(self, effect: order.HangUpLeg) -> None:
        call = self.legs.call(effect.leg)
        if call is None:
            return
        if call is self.call and call.answered_at is None:
            self._services.tasks.start(call.reject(_status(effect.cause), effect.cause))
        else:
            self._services.tasks.start(call.hang_up(effect.cause))

    def _happened(self, effect: Happened) -> None:
        self._keep(effect.fact)

    def _close(self, effect: order.Close) -> None:
        self._services.metrics.contacts.labels(effect.outcome.value).inc()
        self._on_closed(self)


_ORDERS: dict[type[ContactEffect], Callable[[ActiveContact, Any], None]] = {
    order.StartRecording: ActiveContact._start_recording,
    order.FinishRecording: ActiveContact._finish_recording,
    order.StartFlow: ActiveContact._start_flow,
    order.StopFlow: ActiveContact._stop_flow,
    order.TellQueueExit: ActiveContact._tell_queue_exit,
    order.TellTransferResult: ActiveContact._tell_transfer_result,
    order.JoinQueue: ActiveContact._enqueue,
    order.LeaveQueue: ActiveContact._leave_queue,
    order.StartWaiting: ActiveContact._start_waiting,
    order.StopWaiting: ActiveContact._stop_waiting,
    order.Connect: ActiveContact._connect,
    order.Disconnect: ActiveContact._disconnect,
    order.HangUpLeg: ActiveContact._hang_up,
    Happened: ActiveContact._happened,
    order.Close: ActiveContact._close,
}


def _status(cause: str) -> int:
    """The SIP status of a call that its flow turned away."""
    try:
        return HangupCause(cause).on_the_wire.sip_status
    except ValueError:
        return 500
