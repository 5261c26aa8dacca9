"""The customer's talks: how they begin, what follows them, and how the customer is handed on."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from contacts import effects as order
from contacts.effects import ContactEffect, Happened
from contacts.facts import contact as fact
from contacts.ids import ParticipantId
from contacts.outcomes import EndedBy, QueueExit, TransferResult
from contacts.participants import CUSTOMER, Participant
from contacts.standing import ContactPhase, Other, Through, transfer_result
from contacts.state import ContactState

BACK_FIRST = 1000  # beyond any priority that flows give
_LEFT = "the customer has left"
_HANDED_ON = "the customer was transferred"


class Talks:
    """The part of the contact core that is about the other parties."""

    def __init__(self, at: ContactState) -> None:
        self._at = at

    def begin(self, other: Other) -> tuple[ContactEffect, ...]:
        """They hear each other; whoever handed the customer on is let go of."""
        self._at.phase, self._at.other = ContactPhase.TALKING, other
        known = self._at.participants.get(other.participant)
        if known is not None:
            self._at.history.talks(known.role, known.name)
        return (order.Connect(other.participant), *self._released(TransferResult.ANSWERED))

    def began(self, participant: ParticipantId) -> Happened:
        return Happened(fact.ConversationStarted(contact=self._at.contact, participant=participant))

    def answered(self, participant: Participant) -> tuple[ContactEffect, ...]:
        """Somebody whom a transfer called."""
        other = self._at.other
        if self._at.phase is not ContactPhase.CONNECTING or other is None:
            return ()
        if other.participant != participant.id:
            return ()
        return (order.StopWaiting(), *self.begin(other), self.began(participant.id))

    def agent_found(self, participant: ParticipantId) -> tuple[ContactEffect, ...]:
        """Dispatch joined an agent's leg; it ends that leg itself when the customer has just left."""
        if self._at.phase is not ContactPhase.WAITING:
            return ()
        return (order.StopWaiting(), *self.begin(Other(participant, Through.DISPATCH)))

    def left(self, participant: Participant, told: fact.LegEnded) -> tuple[ContactEffect, ...]:
        """The leg of somebody else than the customer is gone."""
        other = self._at.other
        if other is None or other.participant != participant.id:
            return self._agent_gave_up(participant, told)
        if self._at.phase is ContactPhase.CONNECTING:
            result = transfer_result(told)
            over = self._transfer_over(participant, result)
            return (order.StopWaiting(), over, *self._not_handed_on(result))
        self._at.other = None
        return self._over(participant, other, lost=told.by is EndedBy.NETWORK)

    def _agent_gave_up(self, participant: Participant, told: fact.LegEnded) -> tuple[ContactEffect, ...]:
        """An agent hung up before they talked: the end of the attempt, or another agent is found."""
        if participant.role is not fact.ParticipantRole.AGENT:
            return ()
        if self._at.phase is ContactPhase.WAITING:
            return () if told.leg == self._at.parted_leg else self.join_again(told.by)
        if not self._at.begun_by_agent or self._at.phase is not ContactPhase.STARTING:
            return ()
        return self.end_customer("the agent has left")

    # What follows a talk

    def _over(self, participant: Participant, other: Other, *, lost: bool) -> tuple[ContactEffect, ...]:
        """The other one's leg is gone and the customer is still there."""
        ended = fact.ConversationEnded(contact=self._at.contact, participant=participant.id, lost=lost)
        effects = (order.Disconnect(participant.id), Happened(ended), *self._transfer_ends(other))
        if lost and other.through is Through.DISPATCH:
            return (*effects, *self._lost(other))
        return (*effects, *self._go_on(other.through))

    def _lost(self, other: Other) -> tuple[ContactEffect, ...]:
        """Nobody hung up, so that the customer waits again."""
        self._at.history.lost_agent()
        self._at.phase = ContactPhase.WAITING
        if other.handed_on:
            return (order.StartWaiting(), *self.join_again(EndedBy.SERVER))
        # Dispatch gives the place back, or says that there is none (QueueExited).
        return (order.StartWaiting(),)

    def _go_on(self, through: Through) -> tuple[ContactEffect, ...]:
        if through is Through.OWN_CALL:
            return self.end_customer("the agent has left")
        return self.flow_goes_on(QueueExit.ANSWERED)

    def flow_goes_on(self, how: QueueExit) -> tuple[ContactEffect, ...]:
        """The flow has the customer again, if there is one, and learns what it waits for."""
        self._at.phase = ContactPhase.IN_FLOW
        if not self._at.flow:
            return self.end_customer("the talk is over")
        if self._at.flow_waits_for is Through.TRANSFER:
            return (order.TellTransferResult(TransferResult.ANSWERED),)
        return (order.TellQueueExit(how),)

    def end_customer(self, cause: str) -> tuple[ContactEffect, ...]:
        customer = self._at.participants.get(CUSTOMER)
        return () if customer is None else end_leg(customer, cause)

    def join_again(self, by: EndedBy) -> tuple[ContactEffect, ...]:
        """Dispatch took the customer for served: they come before those who joined the queue meanwhile.

        A lost agent is no such case: dispatch itself gives the place back.
        """
        joined = self._at.joined_queue
        if self._at.queued or joined is None or by is EndedBy.NETWORK:
            return ()
        self._at.queued = True
        first = joined.priority + BACK_FIRST
        return (order.JoinQueue(msgspec.structs.replace(joined, priority=first)),)

    # Transfers

    def transfer(self, participant: ParticipantId) -> tuple[ContactEffect, ...]:
        """Somebody is being called for the customer: the flow wants that, or the one they talk with."""
        if self._at.phase is ContactPhase.TALKING and self._at.other is not None:
            return self._hand_on(participant, self._at.other)
        if self._at.phase is not ContactPhase.IN_FLOW:
            known = self._at.participants.get(participant)
            return end_leg(known, _LEFT) if known else ()
        self._at.phase = ContactPhase.CONNECTING
        self._at.other = Other(participant, Through.TRANSFER)
        self._at.flow_waits_for = Through.TRANSFER
        return (order.StartWaiting(participant),)

    def _hand_on(self, participant: ParticipantId, by: Other) -> tuple[ContactEffect, ...]:
        self._at.transferor = by
        self._at.other = replace(by, participant=participant, handed_on=True)
        self._at.phase = ContactPhase.CONNECTING
        return (*self._apart(by), order.StartWaiting(participant))

    def rings(self, participant: Participant) -> tuple[ContactEffect, ...]:
        """Somebody whom a transfer called, but for whom there is no customer any more."""
        third = participant.role is fact.ParticipantRole.THIRD_PARTY
        if third and self._at.phase is ContactPhase.ENDING:
            return end_leg(participant, _LEFT)
        return ()

    def leave_for_queue(self) -> tuple[ContactEffect, ...]:
        """Whoever talks with the customer sends them to a queue."""
        return (*self._part(), order.StartWaiting())

    def leave_for_flow(self, number: str) -> tuple[ContactEffect, ...]:
        """Whoever talks with the customer sends them to the flow of that number."""
        if self._at.phase is not ContactPhase.TALKING:
            return ()
        effects = self._part()
        self._at.phase = ContactPhase.IN_FLOW
        if self._at.flow:
            self._at.next_flow = number
            return (*effects, order.StopFlow(transferred=True))
        self._at.flow = True
        return (*effects, order.StartFlow(number))

    def _part(self) -> tuple[ContactEffect, ...]:
        """For good: there is no way back to them."""
        other, self._at.other = self._at.other, None
        if other is None:
            return ()
        self._at.transferor = other
        return (*self._apart(other), *self._released(TransferResult.ANSWERED))

    def _apart(self, other: Other) -> tuple[ContactEffect, ...]:
        ended = fact.ConversationEnded(contact=self._at.contact, participant=other.participant)
        return (order.Disconnect(other.participant), Happened(ended))

    def _released(self, result: TransferResult) -> tuple[ContactEffect, ...]:
        """The one who asked for a transfer is told, and is not needed any more."""
        transferor, self._at.transferor = self._at.transferor, None
        if transferor is None:
            return ()
        known = self._at.participants.get(transferor.participant)
        self._at.parted_leg = None if known is None else known.leg
        over = self._transfer_ends(transferor)
        tell = order.TellTransferor(transferor.participant, result)
        if transferor.ended_by_dispatch:
            # It has to know at once: it may get the customer again.
            return (*over, tell, order.LeaveQueue(transferred=result is TransferResult.ANSWERED))
        return (*over, tell, *(end_leg(known, _HANDED_ON) if known is not None else ()))

    def _not_handed_on(self, result: TransferResult) -> tuple[ContactEffect, ...]:
        """The transfer came to nothing: back to who asked for it, to the queue, or to the flow."""
        transferor, self._at.transferor, self._at.other = self._at.transferor, None, None
        if transferor is None:
            self._at.phase = ContactPhase.IN_FLOW
            return (order.TellTransferResult(result),)
        tell = order.TellTransferor(transferor.participant, result)
        known = self._at.participants.get(transferor.participant)
        if known is not None and known.answered:
            return (tell, *self.begin(transferor), self.began(known.id))
        gone = (tell, *self._transfer_ends(transferor))
        if transferor.through is Through.DISPATCH:
            self._at.phase = ContactPhase.WAITING
            return (*gone, order.StartWaiting(), *self.join_again(EndedBy.SERVER))
        return (*gone, *self._go_on(transferor.through))

    def _transfer_ends(self, other: Other) -> tuple[ContactEffect, ...]:
        """With them ends the transfer that brought them."""
        known = self._at.participants.get(other.participant)
        if not other.transferred or known is None:
            return ()
        return (self._transfer_over(known, TransferResult.ANSWERED),)

    def _transfer_over(self, participant: Participant, result: TransferResult) -> Happened:
        self._at.history.last_transfer = result
        return Happened(
            fact.TransferFinished(contact=self._at.contact, participant=participant.id, result=result)
        )

    # The customer leaves

    def abandon(self) -> tuple[ContactEffect, ...]:
        """Ends what the customer heard, and the leg of whoever was there for them if it is ours to end."""
        phase, standing, self._at.other = self._at.phase, self._at.other, None
        if phase is ContactPhase.WAITING:
            return (order.StopWaiting(),)
        if standing is None:
            return ()
        other = self._at.participants.get(standing.participant)
        if other is None:
            return ()
        effects: tuple[ContactEffect, ...]
        if phase is ContactPhase.CONNECTING:
            over = self._transfer_over(other, TransferResult.CALLER_LEFT)
            effects = (order.StopWaiting(), over, *self._released(TransferResult.CALLER_LEFT))
        else:
            effects = (*self._apart(standing), *self._transfer_ends(standing))
        if standing.ended_by_dispatch:
            return (*effects, order.LeaveQueue())
        return (*effects, *end_leg(other, _LEFT))


def end_leg(participant: Participant, cause: str, status: int = 0) -> tuple[ContactEffect, ...]:
    """Nothing, if they have none."""
    if participant.leg is None:
        return ()
    return (order.HangUpLeg(participant.id, participant.leg, cause, status),)
