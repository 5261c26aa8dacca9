"""The contact core: what happens to one customer, from the first ring until nobody is on the line.

Facts in, effects out. The core owns the customer's side and the outcome; the place in a queue, the offer
and the agent are dispatch's, and what it decides comes here as facts. A fact that comes too late (a leg that
answers while it is being hung up) changes nothing, for hang-ups race with everything.
"""

from __future__ import annotations

import msgspec

from contacts import effects as order
from contacts.effects import ContactEffect, Happened
from contacts.facts import callback, flow, queue, recording
from contacts.facts import contact as fact
from contacts.facts.contact import ContactOrigin, ParticipantRole
from contacts.facts.fact import Fact
from contacts.history import History
from contacts.ids import ContactId, ParticipantId
from contacts.outcomes import EndedBy, QueueExit, TransferResult
from contacts.participants import Participant, Participants
from contacts.standing import ContactPhase, Other, Through, transfer_result

CUSTOMER = ParticipantId("customer")
BACK_FIRST = 1000  # beyond any priority that flows give


class Contact:
    """One contact's state. Every contact closes exactly once, when nothing of it is left."""

    def __init__(self, contact: ContactId) -> None:
        self.id = contact
        self.phase = ContactPhase.STARTING
        self.participants = Participants()
        self._history = History()
        self._origin = ContactOrigin.INCOMING
        self._other: Other | None = None
        self._queued = False
        self._joined_queue: queue.QueueJoined | None = None
        self._owed = False
        """A callback is: the customer may hang up and the contact goes on."""
        self._recording = False
        self._statements: set[str] = set()
        """Those of the customer that are not durable yet."""
        self._flow = False
        """It runs: its last word, FlowEnded, comes before the contact's."""

    def handle(self, told: Fact, now: float) -> tuple[ContactEffect, ...]:
        """`now` is monotonic and never goes back."""
        if self.phase is ContactPhase.CLOSED:
            return ()
        self._history.passed(now)
        effects = self._on(told)
        return (*effects, *self._closing())

    def _on(self, told: Fact) -> tuple[ContactEffect, ...]:
        match told:
            case fact.LegStarted() | fact.LegAnswered() | fact.LegEnded():
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
                self.participants.join(participant, role, agent or address)
            case fact.ConversationStarted(participant=participant):
                return self._agent_found(participant)
            case fact.TransferStarted(participant=participant):
                return self._transfer(participant)
            case _:
                pass
        return ()

    def _started(self, origin: ContactOrigin) -> tuple[ContactEffect, ...]:
        self._origin = origin
        if origin is ContactOrigin.CALLBACK:
            self.phase, self._owed = ContactPhase.AWAY, True
        return ()

    # Legs

    def _leg(self, told: fact.LegStarted | fact.LegAnswered | fact.LegEnded) -> tuple[ContactEffect, ...]:
        participant = self.participants.get(told.participant)
        if participant is None:
            return ()
        customer = participant.role is ParticipantRole.CUSTOMER
        match told:
            case fact.LegStarted(leg=leg):
                self.participants.start_leg(participant.id, leg)
                return self._customer_rings() if customer else self._other_rings(participant.id)
            case fact.LegAnswered(leg=leg):
                if not self.participants.answer_leg(participant.id, leg):
                    return ()
                return self._customer_answered(told) if customer else self._other_answered(participant)
            case fact.LegEnded(leg=leg):
                if not self.participants.end_leg(participant.id, leg):
                    return ()
                return self._customer_left() if customer else self._other_left(participant, told)

    def _customer_rings(self) -> tuple[ContactEffect, ...]:
        if self.phase is ContactPhase.AWAY:
            self.phase = ContactPhase.STARTING
            return ()
        incoming = self._origin is ContactOrigin.INCOMING and self.phase is ContactPhase.STARTING
        return self._start_flow() if incoming else ()

    def _start_flow(self) -> tuple[ContactEffect, ...]:
        self._flow = True
        return (order.StartFlow(),)

    def _other_rings(self, participant: ParticipantId) -> tuple[ContactEffect, ...]:
        """Somebody whom a transfer called, but for whom there is no customer any more."""
        known = self.participants.get(participant)
        if (
            self.phase is not ContactPhase.ENDING
            or known is None
            or known.role is not ParticipantRole.THIRD_PARTY
        ):
            return ()
        return self._end(known, "the customer has left")

    def _customer_answered(self, told: fact.LegAnswered) -> tuple[ContactEffect, ...]:
        if self.phase is not ContactPhase.STARTING:
            return ()
        self._history.answered = True
        self._owed = False
        keep = order.StartRecording(told.leg)
        agent = next(
            (each for each in self.participants.with_role(ParticipantRole.AGENT) if each.answered), None
        )
        if self._origin is ContactOrigin.PLACED and agent is not None:
            return (keep, *self._talk(Other(agent.id, Through.OWN_CALL)), self._talk_began(agent))
        if self._queued:
            self.phase = ContactPhase.WAITING
            return (keep, order.StartWaiting())
        self.phase = ContactPhase.IN_FLOW
        # A caller's flow runs already: it said that the call is to be answered.
        return (keep,) if self._origin is ContactOrigin.INCOMING else (keep, *self._start_flow())

    def _other_answered(self, participant: Participant) -> tuple[ContactEffect, ...]:
        if self.phase is not ContactPhase.CONNECTING or self._other is None:
            return ()
        if self._other.participant != participant.id:
            return ()
        return (order.StopWaiting(), *self._talk(self._other), self._talk_began(participant))

    def _other_left(self, participant: Participant, told: fact.LegEnded) -> tuple[ContactEffect, ...]:
        if self._other is None or self._other.participant != participant.id:
            return self._agent_gave_up(participant, told)
        other, self._other = self._other, None
        if self.phase is ContactPhase.CONNECTING:
            self.phase = ContactPhase.IN_FLOW
            result = transfer_result(told)
            over = self._transfer_over(participant, result)
            return (order.StopWaiting(), over, order.TellTransferResult(result))
        return self._talk_over(participant, other.through, lost=told.by is EndedBy.NETWORK)

    def _agent_gave_up(self, participant: Participant, told: fact.LegEnded) -> tuple[ContactEffect, ...]:
        """An agent hung up before they talked: the end of the attempt, or another agent is found."""
        if participant.role is ParticipantRole.AGENT and self.phase is ContactPhase.WAITING:
            return self._join_again(told.by)
        customer = self.participants.get(CUSTOMER)
        calling = self._origin is ContactOrigin.PLACED and self.phase is ContactPhase.STARTING
        if (
            not calling
            or participant.role is not ParticipantRole.AGENT
            or customer is None
            or customer.leg is None
        ):
            return ()
        return (order.HangUpLeg(CUSTOMER, customer.leg, "the agent has left"),)

    def _customer_left(self) -> tuple[ContactEffect, ...]:
        """Whatever was there for the customer ends with them, unless they are to be called."""
        effects: list[ContactEffect] = [order.StopFlow()] if self._flow else []
        effects += self._leave_other()
        away = self._owed and self.phase in (
            ContactPhase.IN_FLOW,
            ContactPhase.WAITING,
            ContactPhase.STARTING,
        )
        if not away and (self._queued or self.phase is ContactPhase.WAITING):
            effects.append(order.LeaveQueue())
        self._history.left()
        self.phase = ContactPhase.AWAY if away else ContactPhase.ENDING
        if self._recording:
            effects.append(order.FinishRecording(tuple(self._history.served_by)))
        return tuple(effects)

    def _leave_other(self) -> list[ContactEffect]:
        """Ends what the customer heard, and the leg of whoever was there for them if it is ours to end."""
        if self.phase is ContactPhase.WAITING:
            return [order.StopWaiting()]
        other = None if self._other is None else self.participants.get(self._other.participant)
        if other is None or self._other is None:
            return []
        through, self._other = self._other.through, None
        effects: list[ContactEffect] = []
        if self.phase is ContactPhase.TALKING:
            effects += [
                order.Disconnect(other.id),
                Happened(fact.ConversationEnded(contact=self.id, participant=other.id)),
            ]
        if self.phase is ContactPhase.CONNECTING:
            effects += [order.StopWaiting(), self._transfer_over(other, TransferResult.CALLER_LEFT)]
        elif through is Through.TRANSFER:
            effects.append(self._transfer_over(other, TransferResult.ANSWERED))
        if through is Through.DISPATCH:
            return [*effects, order.LeaveQueue()]
        return [*effects, *self._end(other, "the customer has left")]

    def _end(self, participant: Participant, cause: str) -> tuple[ContactEffect, ...]:
        return () if participant.leg is None else (order.HangUpLeg(participant.id, participant.leg, cause),)

    # Talks

    def _talk(self, other: Other) -> tuple[ContactEffect, ...]:
        self.phase, self._other = ContactPhase.TALKING, other
        known = self.participants.get(other.participant)
        if known is not None:
            self._history.talks(known.role, known.name)
        return (order.Connect(other.participant),)

    def _talk_began(self, participant: Participant) -> Happened:
        return Happened(fact.ConversationStarted(contact=self.id, participant=participant.id))

    def _agent_found(self, participant: ParticipantId) -> tuple[ContactEffect, ...]:
        """Dispatch joined an agent's leg; it ends that leg itself when the customer has just left."""
        if self.phase is not ContactPhase.WAITING:
            return ()
        return (order.StopWaiting(), *self._talk(Other(participant, Through.DISPATCH)))

    def _talk_over(
        self, participant: Participant, through: Through, *, lost: bool
    ) -> tuple[ContactEffect, ...]:
        """The other one's leg is gone and the customer is still there."""
        ended = fact.ConversationEnded(contact=self.id, participant=participant.id, lost=lost)
        effects = (order.Disconnect(participant.id), Happened(ended))
        if through is Through.OWN_CALL:
            customer = self.participants.get(CUSTOMER)
            return (*effects, *(self._end(customer, "the agent has left") if customer else ()))
        if through is Through.TRANSFER:
            self.phase = ContactPhase.IN_FLOW
            result = TransferResult.ANSWERED
            over = self._transfer_over(participant, result)
            return (*effects, over, order.TellTransferResult(result))
        if lost:
            # Dispatch gives the place back, or says that there is none (QueueExited).
            self._history.lost_agent()
            self.phase = ContactPhase.WAITING
            return (*effects, order.StartWaiting())
        self.phase = ContactPhase.IN_FLOW
        return (*effects, *self._back_to_flow(QueueExit.ANSWERED))

    def _back_to_flow(self, how: QueueExit) -> tuple[ContactEffect, ...]:
        """Whom we called back has no flow to go on with: that was the call."""
        if self._flow:
            return (order.TellQueueExit(how),)
        customer = self.participants.get(CUSTOMER)
        return self._end(customer, "the talk is over") if customer else ()

    # Transfers

    def _transfer(self, participant: ParticipantId) -> tuple[ContactEffect, ...]:
        if self.phase is not ContactPhase.IN_FLOW:
            known = self.participants.get(participant)
            return self._end(known, "the customer has left") if known else ()
        self.phase = ContactPhase.CONNECTING
        self._other = Other(participant, Through.TRANSFER)
        return (order.StartWaiting(),)

    def _transfer_over(self, participant: Participant, result: TransferResult) -> Happened:
        self._history.last_transfer = result
        return Happened(fact.TransferFinished(contact=self.id, participant=participant.id, result=result))

    # Queues

    def _in_queue(
        self, told: queue.QueueJoined | queue.QueueExited | queue.QueuePlaceRegained
    ) -> tuple[ContactEffect, ...]:
        match told:
            case queue.QueueJoined():
                return self._joined(told)
            case queue.QueuePlaceRegained():
                self._queued = True
                return ()
            case queue.QueueExited(exit=how):
                self._queued = False
                self._history.last_exit = how
                return self._exited(how)

    def _joined(self, told: queue.QueueJoined) -> tuple[ContactEffect, ...]:
        self._joined_queue = told
        if self.phase is ContactPhase.AWAY:
            self._queued = True
            return (order.JoinQueue(told),)
        if self.phase is not ContactPhase.IN_FLOW:
            return ()
        if told.callback:
            # The place is taken at once; the flow goes on and says goodbye.
            self._queued = True
            return (order.JoinQueue(told),)
        self.phase, self._queued = ContactPhase.WAITING, True
        return (order.StartWaiting(), order.JoinQueue(told))

    def _join_again(self, by: EndedBy) -> tuple[ContactEffect, ...]:
        """Dispatch took the customer for served: they come before those who joined the queue meanwhile.

        A lost agent is no such case: dispatch itself gives the place back.
        """
        if self._queued or self._joined_queue is None or by is EndedBy.NETWORK:
            return ()
        self._queued = True
        first = self._joined_queue.priority + BACK_FIRST
        return (order.JoinQueue(msgspec.structs.replace(self._joined_queue, priority=first)),)

    def _exited(self, how: QueueExit) -> tuple[ContactEffect, ...]:
        """An answered stay goes over into a talk; any other gives the customer back to the flow."""
        if self.phase is not ContactPhase.WAITING or how is QueueExit.ANSWERED:
            return ()
        self.phase = ContactPhase.IN_FLOW
        return (order.StopWaiting(), *self._back_to_flow(how))

    def _callback(
        self, told: callback.CallbackPromised | callback.CallbackAnswered | callback.CallbackGivenUp
    ) -> tuple[ContactEffect, ...]:
        self._owed = isinstance(told, callback.CallbackPromised)
        if isinstance(told, callback.CallbackGivenUp) and self.phase is ContactPhase.AWAY:
            self._history.not_reached = not told.called_again
        if self._owed or self.phase is not ContactPhase.AWAY:
            return ()
        self.phase = ContactPhase.ENDING
        return (order.LeaveQueue(),) if self._queued else ()

    # The end

    def _give_up(self, told: flow.FlowEnded | fact.ContactFailed) -> tuple[ContactEffect, ...]:
        """The flow is done, or we cannot go on: the customer's call ends, and with it everything else."""
        if isinstance(told, flow.FlowEnded):
            self._flow = False
            cause = told.cause
        else:
            self._history.failure = told.reason or "internal error"
            cause = "internal error"
        if self.phase is ContactPhase.AWAY and isinstance(told, fact.ContactFailed):
            self.phase = ContactPhase.ENDING
            return (order.LeaveQueue(),) if self._queued else ()
        customer = self.participants.get(CUSTOMER)
        if customer is None or customer.leg is None:
            return ()
        self._history.flow_ended = isinstance(told, flow.FlowEnded)
        return self._end(customer, cause)

    def _recorded(self, told: Fact) -> tuple[ContactEffect, ...]:
        """A recording that begins only after the customer has gone is finished at once."""
        self._recording = isinstance(told, recording.RecordingStarted)
        if self._recording and self.phase in (ContactPhase.ENDING, ContactPhase.AWAY):
            return (order.FinishRecording(tuple(self._history.served_by)),)
        return ()

    def _statement(
        self, told: recording.StatementStarted | recording.StatementKept | recording.StatementLost
    ) -> tuple[ContactEffect, ...]:
        if isinstance(told, recording.StatementStarted):
            self._statements.add(told.recording)
        else:
            self._statements.discard(told.recording)
        return ()

    def _closing(self) -> tuple[ContactEffect, ...]:
        """Closed once nothing of the contact is left."""
        busy = self._queued or self._recording or self._flow or bool(self._statements)
        if self.phase is not ContactPhase.ENDING or busy or self.participants.on_line():
            return ()
        self.phase = ContactPhase.CLOSED
        outcome, lasted_s = self._history.outcome(), self._history.lasted_s()
        closed = fact.ContactClosed(
            contact=self.id, outcome=outcome, reason=self._history.failure, duration_s=round(lasted_s, 3)
        )
        return (Happened(closed), order.Close(outcome))
