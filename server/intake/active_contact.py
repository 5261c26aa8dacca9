"""One contact while it lives: its parts, and which of them carries out which order of its core.

It decides nothing itself. Whatever goes wrong in an order is a fault of ours, told as a fact, and ends this
contact and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from acd.events import LeaveReason
from contacts import effects as order
from contacts.contact import CUSTOMER, Contact
from contacts.effects import ContactEffect
from contacts.facts import contact as fact
from contacts.facts.contact import ContactFact, ContactOrigin, ParticipantRole
from contacts.ids import AgentId, ContactId, LegId, ParticipantId
from contacts.standing import ContactPhase
from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.flow import Flow
from server.intake.capture_policy import CaptureSubject
from server.intake.contact_recording import ContactRecording
from server.intake.customer import Customer
from server.intake.customer_sound import CustomerSound
from server.intake.flow_side import FlowSide
from server.intake.legs import ContactLeg, Legs
from server.intake.mailbox import ContactMailbox
from server.intake.parties import Parties, participant_of
from server.intake.ports import Shown
from server.intake.queue_side import QueueSide
from server.intake.services import Services
from server.intake.transfers import Transfers
from telephony.call import Call
from telephony.call_events import CallEnded, CallEvent, Digit, TransferAsked
from telephony.call_facts import CallDirection


class ActiveContact:
    """One of the `begin...` is the start; from then on everything happens by `tell`.

    `on_away` is told whenever the customer has left and is to be called, or is on the line again.
    """

    def __init__(
        self,
        contact: ContactId,
        customer: Customer,
        services: Services,
        on_closed: Callable[[ActiveContact], None],
        on_away: Callable[[ActiveContact], object],
        core: Contact | None = None,
    ) -> None:
        self.id = contact
        self.customer = customer
        self.internal = False
        """A colleague stands on the customer's side."""
        self.recorded = True
        self._services = services
        self._on_closed = on_closed
        self._on_away = on_away
        self.core = core or Contact(contact)
        self._was_away = self.away
        self._mailbox = ContactMailbox(
            self.core, services.journal, services.now, self._carry_out, self._handled
        )
        self.legs = Legs(contact, self.tell, self._on_event, services.exchange.contacts_by_call)
        self.parties = Parties(contact, self.legs, services, self.tell, self._on_progress)
        self._sound = CustomerSound(contact, services.prompts, self.tell)
        self.queue = QueueSide(contact, customer, services, self._sound, self.tell)
        self.transfers = Transfers(contact, self.core, self.legs, self.parties, services, self.tell)
        self.recording = ContactRecording(contact, services, self.tell)
        self.flow = FlowSide(
            contact, self.queue, self.transfers, self.parties, self.recording, services, self.tell
        )

    @property
    def away(self) -> bool:
        """Nobody is on the line: the customer is to be called."""
        return self.core.phase is ContactPhase.AWAY

    @property
    def shown(self) -> Shown:
        """The customer, as a called phone shows them."""
        return Shown(self.customer.number, self.customer.name)

    def begin(self, call: Call, flow: Flow) -> None:
        """With a call that came in: over a trunk, or of an agent who calls a number of ours."""
        self.flow.prepare(flow, call)
        facts = call.facts
        started = fact.ContactStarted(
            contact=self.id,
            caller=facts.caller,
            caller_name=facts.remote_display or "",
            number=facts.called or "",
            trunk=facts.trunk or "",
            flow=flow.name,
            call_id=facts.sip_call_id,
        )
        self.tell(started)
        self._join(agent=facts.agent or "", address="" if facts.agent else facts.caller)
        self.legs.start(CUSTOMER, LegId(call.id), call)

    def begin_by_agent(self, call: Call, agent: AgentId, colleague: str) -> None:
        """With an agent's phone that calls; whom they dialled is called now, and is the customer."""
        self.internal = bool(colleague)
        started = fact.ContactStarted(
            contact=self.id,
            origin=ContactOrigin.INTERNAL if colleague else ContactOrigin.PLACED,
            caller=self.customer.number,
            call_id=call.sip_call_id,
        )
        self.tell(started)
        participant = participant_of(agent)
        joined = fact.ParticipantJoined(
            contact=self.id, participant=participant, role=ParticipantRole.AGENT, agent=agent
        )
        self.tell(joined)
        self._join(agent=colleague, address="" if colleague else self.customer.number)
        self.legs.start(participant, LegId(call.id), call)

    def begin_away(self) -> None:
        """With nobody on the line: somebody asked for a call to the customer."""
        number = self.customer.number
        self.tell(fact.ContactStarted(contact=self.id, origin=ContactOrigin.CALLBACK, caller=number))
        self._join(address=number)

    def _join(self, *, agent: str = "", address: str = "") -> None:
        joined = fact.ParticipantJoined(
            contact=self.id,
            participant=CUSTOMER,
            role=ParticipantRole.CUSTOMER,
            agent=agent,
            address=address,
        )
        self.tell(joined)

    def call_customer(self, call: Call, listener: Callable[[CallEvent], None]) -> None:
        """The call to the customer is their leg from here on; `listener` hears its events, too."""
        self.flow.leave()
        self.legs.start(CUSTOMER, LegId(call.id), call, listener)

    def tell(self, told: ContactFact) -> None:
        """One fact after the other, each to its end."""
        self._mailbox.tell(told)
        self.recording.told(told)

    def _handled(self) -> None:
        """After each fact."""
        if self.away is self._was_away:
            return
        self._was_away = self.away
        self._on_away(self)
        if self.away:
            self._services.callbacks.customer_left(self.id)

    @property
    def dialled(self) -> str:
        """What was called: a number of ours, or the customer's."""
        return self.customer.called or self.customer.number

    def counterpart(self, leg: ContactLeg) -> ContactLeg | None:
        """Whom that party talks with at the moment."""
        other = self.core.talks_with
        if other is None:
            return None
        return self.legs.of(other if leg.participant == CUSTOMER else CUSTOMER)

    def hold(self, on: bool) -> bool:
        """The other party wants the customer to hear music; False when they talk with nobody."""
        return self._sound.hold(on)

    def end(self, leg: ContactLeg, cause: str) -> None:
        """Hangs up on that party, as the core would."""
        self._hang_up(order.HangUpLeg(leg.participant, leg.id, cause))

    def agent_joined(self, participant: ParticipantId, leg: LegId, answered_at: float) -> None:
        """Dispatch joins the agent's leg, which is up, with the customer's."""
        self.queue.agent_joined(participant, self.legs.call(leg), answered_at)

    def place_regained(self) -> None:
        self.queue.place_regained()

    def announce_position(self, position: int, of: int) -> None:
        self.queue.announce_position(position, of, self.flow.voice)

    # Events of calls

    def _on_event(self, participant: ParticipantId, call: Call, event: CallEvent) -> None:
        if isinstance(event, TransferAsked):
            self.transfers.asked(participant, call, event, self.shown)
        elif participant != CUSTOMER:
            if isinstance(event, Digit):
                self.recording.agent_pressed(event.digit)
            self._sound.on_other(call, event)
        elif isinstance(event, Digit) and self.recording.paused and self._sound.talking:
            # What is not to be recorded is not for the agent's ear either: a card number, keyed.
            pass
        elif not self._sound.on_customer(event):
            self.flow.on_event(event)

    def _on_progress(self, participant: ParticipantId, call: Call, status: int) -> None:
        customer = self._customer
        if participant == CUSTOMER or customer is None:
            return
        self.transfers.rings(status)
        if call.early_sound:
            self._sound.hear_early(customer, call)

    @property
    def _customer(self) -> Call | None:
        leg = self.legs.of(CUSTOMER)
        return None if leg is None else leg.call

    # Orders of the contact core

    def _carry_out(self, effect: ContactEffect) -> None:
        _ORDERS[type(effect)](self, effect)

    def _start_recording(self, effect: order.StartRecording) -> None:
        call = self.legs.call(effect.leg)
        if call is None or not self.recorded:
            return
        trunk, customer = call.facts.trunk or "", self.customer
        subject = CaptureSubject(self.id, self.flow.name, trunk, customer.called, caller=customer.number)
        self.recording.start(call, subject, asks_consent=self.flow.asks_consent)

    def _finish_recording(self, effect: order.FinishRecording) -> None:
        self._services.tasks.start(self.recording.finish(effect.served_by))

    def _start_flow(self, effect: order.StartFlow) -> None:
        customer = self._customer
        if effect.number and customer is not None:
            self.flow.leave()  # before the number is looked up, which may fail
            self.flow.prepare(self._services.exchange.flow(effect.number), customer)
        self.flow.start()

    def _stop_flow(self, effect: order.StopFlow) -> None:
        self.flow.stop(transferred=effect.transferred)

    def _tell_queue_exit(self, effect: order.TellQueueExit) -> None:
        self.flow.queue_left(effect.exit)

    def _tell_transfer_result(self, effect: order.TellTransferResult) -> None:
        self.flow.transfer_ended(effect.result)

    def _join_queue(self, effect: order.JoinQueue) -> None:
        self.queue.join(effect.joined)

    def _leave_queue(self, effect: order.LeaveQueue) -> None:
        self.queue.leave(LeaveReason.TRANSFERRED if effect.transferred else LeaveReason.HUNG_UP)

    def _start_waiting(self, effect: order.StartWaiting) -> None:
        customer, stay = self._customer, self.queue.stay
        if customer is None:
            return
        if effect.ringing is not None:
            self._sound.start_ringing(customer)
        else:
            self._sound.start_waiting(customer, None if stay is None else stay.music)

    def _stop_waiting(self, effect: order.StopWaiting) -> None:
        self._sound.stop_waiting()

    def _connect(self, effect: order.Connect) -> None:
        customer, other = self._customer, self.legs.of(effect.participant)
        if customer is not None and other is not None:
            self._sound.connect(customer, other.call, effect.participant)
            self.recording.follow(effect.participant, other.call)
            if (agent := self._agent(effect.participant)) is not None:
                self._services.exchange.talking[agent] = self.id

    def _disconnect(self, effect: order.Disconnect) -> None:
        self._sound.disconnect()
        agent, talking = self._agent(effect.participant), self._services.exchange.talking
        if agent is not None and talking.get(agent) == self.id:
            del talking[agent]

    def _agent(self, participant: ParticipantId) -> AgentId | None:
        known = self.core.participants.get(participant)
        agent = known is not None and known.role is ParticipantRole.AGENT
        return AgentId(known.name) if agent and known is not None else None

    def _ring_leg(self, effect: order.RingLeg) -> None:
        if (call := self.legs.call(effect.leg)) is not None:
            self._services.tasks.start(call.ring())

    def _answer_leg(self, effect: order.AnswerLeg) -> None:
        if (call := self.legs.call(effect.leg)) is not None:
            self._services.tasks.start(_take(call))

    def _hang_up(self, effect: order.HangUpLeg) -> None:
        if self.parties.hang_up(effect.leg, effect.cause):
            return
        call = self.legs.call(effect.leg)
        if call is None:
            return
        if call.direction is CallDirection.INCOMING and call.answered_at is None:
            status = effect.status or _status(effect.cause)
            self._services.tasks.start(call.reject(status, effect.cause))
        else:
            self._services.tasks.start(call.hang_up(effect.cause))

    def _tell_transferor(self, effect: order.TellTransferor) -> None:
        self.transfers.tell_transferor(effect.result)

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
    order.JoinQueue: ActiveContact._join_queue,
    order.LeaveQueue: ActiveContact._leave_queue,
    order.StartWaiting: ActiveContact._start_waiting,
    order.StopWaiting: ActiveContact._stop_waiting,
    order.Connect: ActiveContact._connect,
    order.Disconnect: ActiveContact._disconnect,
    order.RingLeg: ActiveContact._ring_leg,
    order.AnswerLeg: ActiveContact._answer_leg,
    order.HangUpLeg: ActiveContact._hang_up,
    order.TellTransferor: ActiveContact._tell_transferor,
    order.Close: ActiveContact._close,
}


async def _take(call: Call) -> None:
    """Its end is told by its own event."""
    with suppress(CallEnded):
        await call.answer()


def _status(cause: str) -> int:
    """The SIP status of a call that its flow turned away."""
    try:
        return HangupCause(cause).on_the_wire.sip_status
    except ValueError:
        return 500
