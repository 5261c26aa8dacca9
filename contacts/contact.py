"""The contact core: what happens to one customer, from the first ring until nobody is on the line.

Facts in, effects out. The core owns the customer's side and the outcome; the place in a queue, the offer
and the agent are dispatch's, and what it decides comes here as facts. A fact that comes too late (a leg that
answers while it is being hung up) changes nothing, for hang-ups race with everything.
"""

from __future__ import annotations

from contacts import effects as order
from contacts.effects import ContactEffect, Happened
from contacts.facts import callback, flow, queue, recording
from contacts.facts import contact as fact
from contacts.facts.contact import ContactOrigin, ParticipantRole
from contacts.facts.fact import Fact
from contacts.ids import ContactId, ParticipantId
from contacts.outcomes import QueueExit
from contacts.participants import CUSTOMER, Participant, Participants
from contacts.standing import ContactPhase, Other, Through
from contacts.state import ContactState
from contacts.talks import Talks, end_leg

__all__ = ["CUSTOMER", "Contact"]


class Contact:
    """One contact's state. Every contact closes exactly once, when nothing of it is left."""

    def __init__(self, contact: ContactId) -> None:
        self.id = contact
        self._at = ContactState(contact)
        self._talks = Talks(self._at)

    @property
    def phase(self) -> ContactPhase:
        return self._at.phase

    @property
    def participants(self) -> Participants:
        return self._at.participants

    @property
    def talks_with(self) -> ParticipantId | None:
        """Who may send the customer elsewhere now; None while the customer talks with nobody."""
        talking = self._at.phase is ContactPhase.TALKING and self._at.other is not None
        return self._at.other.participant if talking and self._at.other is not None else None

    def handle(self, told: Fact, now: float) -> tuple[ContactEffect, ...]:
        """`now` is monotonic and never goes back."""
        if self._at.phase is ContactPhase.CLOSED:
            return ()
        self._at.history.passed(now)
        effects = self._on(told)
        return (*effects, *self._closing())

    def _on(self, told: Fact) -> tuple[ContactEffect, ...]:
        match told:
            case fact.LegStarted() | fact.LegRinging() | fact.LegAnswered() | fact.LegEnded():
                return self._leg(told)
            case queue.QueueJoined() | queue.QueueExited() | queue.QueuePlaceRegained():
                return self._in_queue(told)
            case callback.CallbackPromised() | callback.CallbackAnswered() | callback.CallbackGivenUp():
                return self._callback(told)
            case flow.FlowEnded() | fact.ContactFailed():
                return self._give_up(told)
            case recording.StatementStarted() | recording.StatementKept() | recording.StatementLost():
                return self._statement(told)
            case recording.RecordingStarted() | recording.RecordingFinished() | recording.RecordingBroken():
                return self._recorded(told)
            case _:
                return self._of_participants(told)

    def _of_participants(self, told: Fact) -> tuple[ContactEffect, ...]:
        match told:
            case fact.ContactStarted(origin=origin):
                return self._started(origin)
            case fact.ParticipantJoined(participant=participant, role=role, agent=agent, address=address):
                self._at.participants.join(participant, role, agent or address)
            case fact.ConversationStarted(participant=participant):
                return self._talks.agent_found(participant)
            case fact.TransferStarted(participant=participant):
                return self._talks.transfer(participant)
            case fact.FlowChanged(number=number):
                return self._talks.leave_for_flow(number)
            case _:
                pass
        return ()

    def _started(self, origin: ContactOrigin) -> tuple[ContactEffect, ...]:
        self._at.origin = origin
        if origin is ContactOrigin.CALLBACK:
            self._at.phase, self._at.owed = ContactPhase.AWAY, True
        return ()

    # Legs

    def _leg(
        self, told: fact.LegStarted | fact.LegRinging | fact.LegAnswered | fact.LegEnded
    ) -> tuple[ContactEffect, ...]:
        participants = self._at.participants
        participant = participants.get(told.participant)
        if participant is None:
            return ()
        customer = participant.role is ParticipantRole.CUSTOMER
        match told:
            case fact.LegStarted(leg=leg):
                participants.start_leg(participant.id, leg)
                begun = participants.get(participant.id) or participant
                return self._customer_begins(begun) if customer else self._talks.rings(begun)
            case fact.LegRinging():
                return self._customer_rings() if customer else ()
            case fact.LegAnswered(leg=leg):
                if not participants.answer_leg(participant.id, leg):
                    return ()
                return self._customer_answered(told) if customer else self._other_answered(participant)
            case fact.LegEnded(leg=leg):
                if not participants.end_leg(participant.id, leg):
                    return ()
                return self._customer_left(told) if customer else self._talks.left(participant, told)

    def _customer_begins(self, customer: Participant) -> tuple[ContactEffect, ...]:
        if self._at.phase is ContactPhase.AWAY:
            self._at.phase = ContactPhase.STARTING
            return ()
        if self._at.phase is not ContactPhase.STARTING:
            return ()
        if self._at.origin is ContactOrigin.INCOMING:
            self._at.flow = True
            return (order.StartFlow(),)
        if self._at.begun_by_agent and not self._agents_on_line():
            return end_leg(customer, "the agent has left")
        return ()

    def _customer_rings(self) -> tuple[ContactEffect, ...]:
        """The agent who calls them hears it."""
        if not self._at.begun_by_agent or self._at.phase is not ContactPhase.STARTING:
            return ()
        return tuple(
            order.RingLeg(agent.leg) for agent in self._agents_on_line() if agent.leg and not agent.answered
        )

    def _customer_answered(self, told: fact.LegAnswered) -> tuple[ContactEffect, ...]:
        if self._at.phase is not ContactPhase.STARTING:
            return ()
        self._at.history.answered = True
        self._at.owed = False
        keep = order.StartRecording(told.leg)
        if self._at.begun_by_agent:
            return (keep, *self._own_call())
        if self._at.queued:
            self._at.phase = ContactPhase.WAITING
            return (keep, order.StartWaiting())
        self._at.phase = ContactPhase.IN_FLOW
        if self._at.origin is ContactOrigin.INCOMING:
            # A caller's flow runs already: it said that the call is to be answered.
            return (keep,)
        self._at.flow = True
        return (keep, order.StartFlow())

    def _own_call(self) -> tuple[ContactEffect, ...]:
        """An agent called the customer, who has answered: once both are on the line they talk."""
        customer = self._at.participants.get(CUSTOMER)
        for agent in self._agents_on_line():
            if agent.answered and customer is not None and customer.answered:
                return (
                    *self._talks.begin(Other(agent.id, Through.OWN_CALL)),
                    self._talks.began(agent.id),
                )
            if agent.leg is not None:
                return (order.AnswerLeg(agent.leg),)
        return () if customer is None else end_leg(customer, "the agent has left")

    def _other_answered(self, participant: Participant) -> tuple[ContactEffect, ...]:
        customer = self._at.participants.get(CUSTOMER)
        starting = self._at.begun_by_agent and self._at.phase is ContactPhase.STARTING
        if starting and participant.role is ParticipantRole.AGENT:
            return self._own_call() if customer is not None and customer.answered else ()
        return self._talks.answered(participant)

    def _agents_on_line(self) -> tuple[Participant, ...]:
        agents = self._at.participants.with_role(ParticipantRole.AGENT)
        return tuple(each for each in agents if each.leg is not None)

    def _customer_left(self, told: fact.LegEnded) -> tuple[ContactEffect, ...]:
        """Whatever was there for the customer ends with them, unless they are to be called."""
        phase = self._at.phase
        effects: tuple[ContactEffect, ...] = (order.StopFlow(),) if self._at.flow else ()
        effects = (*effects, *self._talks.abandon())
        if self._at.begun_by_agent and phase is ContactPhase.STARTING:
            effects = (*effects, *self._end_agents(told.reason or "not reached", told.status or 480))
        away = self._at.owed and phase in (ContactPhase.IN_FLOW, ContactPhase.WAITING, ContactPhase.STARTING)
        if not away and (self._at.queued or phase is ContactPhase.WAITING):
            effects = (*effects, order.LeaveQueue())
        self._at.history.left()
        self._at.phase = ContactPhase.AWAY if away else ContactPhase.ENDING
        return (*effects, *self._finish_recording())

    def _end_agents(self, cause: str, status: int) -> tuple[ContactEffect, ...]:
        return tuple(effect for agent in self._agents_on_line() for effect in end_leg(agent, cause, status))

    def _finish_recording(self) -> tuple[ContactEffect, ...]:
        if not self._at.recording:
            return ()
        return (order.FinishRecording(tuple(self._at.history.served_by)),)

    # Queues

    def _in_queue(
        self, told: queue.QueueJoined | queue.QueueExited | queue.QueuePlaceRegained
    ) -> tuple[ContactEffect, ...]:
        match told:
            case queue.QueueJoined():
                return self._joined(told)
            case queue.QueuePlaceRegained():
                return self._regained()
            case queue.QueueExited(exit=how):
                self._at.queued = False
                self._at.history.last_exit = how
                return self._exited(how)

    def _joined(self, told: queue.QueueJoined) -> tuple[ContactEffect, ...]:
        if self._at.phase is ContactPhase.AWAY:
            self._at.joined_queue, self._at.queued = told, True
            return (order.JoinQueue(told),)
        if self._at.phase is ContactPhase.TALKING:
            leaving = self._talks.leave_for_queue()
        elif self._at.phase is ContactPhase.IN_FLOW and told.callback:
            # The place is taken at once; the flow goes on and says goodbye.
            self._at.joined_queue, self._at.queued = told, True
            return (order.JoinQueue(told),)
        elif self._at.phase is ContactPhase.IN_FLOW:
            self._at.flow_waits_for = Through.DISPATCH
            leaving = (order.StartWaiting(),)
        else:
            return ()
        self._at.joined_queue, self._at.queued = told, True
        self._at.phase = ContactPhase.WAITING
        return (*leaving, order.JoinQueue(told))

    def _regained(self) -> tuple[ContactEffect, ...]:
        """Who was handed on meanwhile is served already, or is about to be."""
        self._at.queued = True
        other = self._at.other
        elsewhere = other is not None and not other.ended_by_dispatch
        return (order.LeaveQueue(transferred=True),) if elsewhere else ()

    def _exited(self, how: QueueExit) -> tuple[ContactEffect, ...]:
        """An answered stay goes over into a talk; any other gives the customer back to the flow."""
        if self._at.phase is not ContactPhase.WAITING or how is QueueExit.ANSWERED:
            return ()
        return (order.StopWaiting(), *self._talks.flow_goes_on(how))

    def _callback(
        self, told: callback.CallbackPromised | callback.CallbackAnswered | callback.CallbackGivenUp
    ) -> tuple[ContactEffect, ...]:
        self._at.owed = isinstance(told, callback.CallbackPromised)
        if isinstance(told, callback.CallbackGivenUp) and self._at.phase is ContactPhase.AWAY:
            self._at.history.not_reached = not told.called_again
        if self._at.owed or self._at.phase is not ContactPhase.AWAY:
            return ()
        self._at.phase = ContactPhase.ENDING
        return (order.LeaveQueue(),) if self._at.queued else ()

    # The end

    def _give_up(self, told: flow.FlowEnded | fact.ContactFailed) -> tuple[ContactEffect, ...]:
        """The flow is done, or we cannot go on: the customer's call ends, and with it everything else."""
        if isinstance(told, flow.FlowEnded):
            following, self._at.next_flow = self._at.next_flow, None
            self._at.flow = False
            if following is not None and self._at.phase is ContactPhase.IN_FLOW:
                self._at.flow = True
                return (order.StartFlow(following),)
            cause = told.cause
        else:
            self._at.history.failure = told.reason or "internal error"
            cause = "internal error"
        if self._at.phase is ContactPhase.AWAY and isinstance(told, fact.ContactFailed):
            self._at.phase = ContactPhase.ENDING
            return (order.LeaveQueue(),) if self._at.queued else ()
        customer = self._at.participants.get(CUSTOMER)
        if customer is None or customer.leg is None:
            return self._end_agents(cause, 500) if self._at.begun_by_agent else ()
        self._at.history.flow_ended = isinstance(told, flow.FlowEnded)
        return end_leg(customer, cause)

    def _recorded(self, told: Fact) -> tuple[ContactEffect, ...]:
        """A recording that begins only after the customer has gone is finished at once."""
        self._at.recording = isinstance(told, recording.RecordingStarted)
        if self._at.recording and self._at.phase in (ContactPhase.ENDING, ContactPhase.AWAY):
            return self._finish_recording()
        return ()

    def _statement(
        self, told: recording.StatementStarted | recording.StatementKept | recording.StatementLost
    ) -> tuple[ContactEffect, ...]:
        if isinstance(told, recording.StatementStarted):
            self._at.statements.add(told.recording)
        else:
            self._at.statements.discard(told.recording)
        return ()

    def _closing(self) -> tuple[ContactEffect, ...]:
        """Closed once nothing of the contact is left."""
        busy = self._at.queued or self._at.recording or self._at.flow or self._at.statements
        if self._at.phase is not ContactPhase.ENDING or busy or self._at.participants.on_line():
            return ()
        self._at.phase = ContactPhase.CLOSED
        history = self._at.history
        outcome, lasted_s = history.outcome(), history.lasted_s()
        closed = fact.ContactClosed(
            contact=self.id, outcome=outcome, reason=history.failure, duration_s=round(lasted_s, 3)
        )
        return (Happened(closed), order.Close(outcome))
