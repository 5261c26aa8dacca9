"""One contact at a time: what the core orders, and the outcome it comes to."""

from __future__ import annotations

from contacts import effects as order
from contacts.contact import CUSTOMER, Contact
from contacts.effects import ContactEffect, Happened
from contacts.facts import callback, flow, queue, recording
from contacts.facts import contact as fact
from contacts.facts.contact import ContactOrigin, ParticipantRole
from contacts.facts.fact import Fact
from contacts.ids import ContactId, LegId, ParticipantId, QueueId
from contacts.outcomes import ContactOutcome, EndedBy, QueueExit, TransferResult
from contacts.standing import ContactPhase

ID = ContactId("c1")
QUEUE = QueueId("support")
LEG = LegId("leg-1")
ALICE = ParticipantId("agent:alice")
OFFER = LegId("offer-1")
BANK = ParticipantId("third")


class Told:
    """A contact whose facts are told one after the other; what came of the newest is `last`."""

    def __init__(self, origin: ContactOrigin = ContactOrigin.INCOMING) -> None:
        self.contact = Contact(ID)
        self.all: list[ContactEffect] = []
        self.last: tuple[ContactEffect, ...] = ()
        self.now = 100.0
        self.tell(fact.ContactStarted(contact=ID, origin=origin))
        self.tell(fact.ParticipantJoined(contact=ID, participant=CUSTOMER, role=ParticipantRole.CUSTOMER))

    def tell(self, told: Fact) -> tuple[ContactEffect, ...]:
        self.now += 1
        self.last = self.contact.handle(told, self.now)
        self.all += self.last
        if any(isinstance(each, order.StopFlow) for each in self.last):
            ended = flow.FlowEnded(contact=ID, flow="f", cause="caller_left")
            self.last += self.contact.handle(ended, self.now)
            self.all += self.last[-2:] if self.contact.phase is ContactPhase.CLOSED else ()
        return self.last

    def starts(self, participant: ParticipantId = CUSTOMER, leg: LegId = LEG) -> None:
        self.tell(fact.LegStarted(contact=ID, participant=participant, leg=leg))

    def answers(self, participant: ParticipantId = CUSTOMER, leg: LegId = LEG) -> None:
        self.tell(fact.LegAnswered(contact=ID, participant=participant, leg=leg))

    def leaves(
        self, participant: ParticipantId = CUSTOMER, leg: LegId = LEG, by: EndedBy = EndedBy.PARTICIPANT
    ) -> None:
        self.tell(fact.LegEnded(contact=ID, participant=participant, leg=leg, by=by))

    def called(self) -> Told:
        self.starts()
        self.answers()
        return self

    def recorded(self) -> Told:
        self.called()
        self.tell(recording.RecordingStarted(contact=ID, recording="r1"))
        return self

    def queued(self) -> Told:
        self.called()
        self.tell(queue.QueueJoined(contact=ID, queue=QUEUE))
        return self

    def exited(self, how: QueueExit) -> None:
        self.tell(queue.QueueExited(contact=ID, queue=QUEUE, exit=how, waited_s=1))

    def served(self) -> Told:
        self.queued()
        self.tell(
            fact.ParticipantJoined(contact=ID, participant=ALICE, role=ParticipantRole.AGENT, agent="alice")
        )
        self.starts(ALICE, OFFER)
        self.answers(ALICE, OFFER)
        self.tell(fact.ConversationStarted(contact=ID, participant=ALICE))
        self.exited(QueueExit.ANSWERED)
        return self

    def transferring(self) -> Told:
        self.called()
        self.tell(
            fact.ParticipantJoined(
                contact=ID, participant=BANK, role=ParticipantRole.THIRD_PARTY, address="sip:b"
            )
        )
        self.tell(fact.TransferStarted(contact=ID, participant=BANK))
        self.starts(BANK, LegId("leg-2"))
        return self

    def notes(self) -> list[Fact]:
        return [effect.fact for effect in self.all if isinstance(effect, Happened)]

    @property
    def outcome(self) -> ContactOutcome | None:
        return next((told.outcome for told in self.notes() if isinstance(told, fact.ContactClosed)), None)


def test_an_incoming_call_is_given_to_its_flow_and_recorded_once_it_is_answered() -> None:
    told = Told()
    told.starts()
    assert told.all == [order.StartFlow()]
    told.answers()
    assert told.all[1:] == [order.StartRecording(LEG)]
    assert told.contact.phase is ContactPhase.IN_FLOW


def test_a_flow_may_refuse_a_call_that_it_never_answered() -> None:
    told = Told()
    told.starts()
    told.tell(flow.FlowEnded(contact=ID, flow="f", cause="busy"))
    assert told.last == (order.HangUpLeg(CUSTOMER, LEG, "busy"),)
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.COMPLETED


def test_a_caller_who_hangs_up_before_the_answer_was_not_answered() -> None:
    told = Told()
    told.starts()
    told.leaves()
    assert told.outcome is ContactOutcome.NOT_ANSWERED


def test_a_caller_who_hangs_up_in_the_menu_left_in_the_flow() -> None:
    told = Told().called()
    told.leaves()
    assert order.StopFlow() in told.last
    assert told.outcome is ContactOutcome.LEFT_IN_FLOW


def test_a_flow_that_ends_hangs_up_and_has_completed() -> None:
    told = Told().called()
    told.tell(flow.FlowEnded(contact=ID, flow="f", cause="normal"))
    assert told.last == (order.HangUpLeg(CUSTOMER, LEG, "normal"),)
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.COMPLETED


def test_a_contact_closes_only_when_its_recording_is_saved() -> None:
    told = Told().recorded()
    told.leaves()
    assert order.FinishRecording(()) in told.last
    assert told.outcome is None
    told.tell(recording.RecordingFinished(contact=ID, recording="r1", duration_s=3, state="complete"))
    assert told.outcome is ContactOutcome.LEFT_IN_FLOW


def test_the_length_of_a_contact_ends_with_the_caller_not_with_the_disk() -> None:
    told = Told().recorded()
    told.leaves()
    left_at = told.now
    told.now += 500
    told.tell(recording.RecordingBroken(contact=ID, recording="r1", reason="disk"))
    [closed] = [each for each in told.notes() if isinstance(each, fact.ContactClosed)]
    assert closed.duration_s == left_at - 101.0


def test_a_caller_who_hangs_up_while_waiting_leaves_the_queue_and_has_abandoned() -> None:
    told = Told().queued()
    told.leaves()
    assert order.LeaveQueue() in told.last
    assert told.outcome is None
    told.exited(QueueExit.SHORT_ABANDONED)
    assert told.outcome is ContactOutcome.SHORT_ABANDONED


def test_a_caller_who_talked_with_an_agent_was_served() -> None:
    told = Told().served()
    told.leaves(ALICE, OFFER)
    assert order.TellQueueExit(QueueExit.ANSWERED) in told.last
    told.leaves()
    assert told.outcome is ContactOutcome.SERVED


def test_an_agent_is_let_go_by_dispatch_when_the_caller_hangs_up() -> None:
    told = Told().served()
    told.leaves()
    assert told.last[:3] == (
        order.StopFlow(),
        order.Disconnect(ALICE),
        Happened(fact.ConversationEnded(contact=ID, participant=ALICE)),
    )
    assert order.LeaveQueue() in told.last
    assert told.outcome is None, "the agent's leg is still up"
    told.leaves(ALICE, OFFER, EndedBy.SERVER)
    assert told.outcome is ContactOutcome.SERVED


def test_finding_06_a_lost_agent_gives_the_caller_back_to_the_queue_and_not_to_the_flow() -> None:
    told = Told().served()
    told.leaves(ALICE, OFFER, EndedBy.NETWORK)
    assert order.StartWaiting() in told.last
    assert not any(isinstance(each, order.TellQueueExit) for each in told.last)
    assert told.contact.phase is ContactPhase.WAITING
    told.tell(queue.QueuePlaceRegained(contact=ID, queue=QUEUE))
    told.leaves()
    assert order.LeaveQueue() in told.last
    told.exited(QueueExit.ABANDONED)
    assert told.outcome is ContactOutcome.ABANDONED


def test_finding_18_a_transfer_that_was_answered_is_no_abandonment() -> None:
    told = Told().transferring()
    told.answers(BANK, LegId("leg-2"))
    assert order.Connect(BANK) in told.last
    assert Happened(fact.ConversationStarted(contact=ID, participant=BANK)) in told.last
    told.leaves(BANK, LegId("leg-2"))
    result = fact.TransferFinished(contact=ID, participant=BANK, result=TransferResult.ANSWERED)
    assert Happened(result) in told.last
    assert order.TellTransferResult(TransferResult.ANSWERED) in told.last
    told.leaves()
    assert told.outcome is ContactOutcome.TRANSFERRED


def test_finding_18_a_fault_of_ours_is_not_told_as_a_caller_who_left() -> None:
    told = Told().called()
    told.tell(fact.ContactFailed(contact=ID, reason="KeyError"))
    assert told.last == (order.HangUpLeg(CUSTOMER, LEG, "internal error"),)
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.FAILED


def test_finding_18_a_hang_up_in_the_goodbye_after_an_overflow_is_no_abandonment() -> None:
    told = Told().queued()
    told.exited(QueueExit.OVERFLOWED)
    assert told.last == (order.StopWaiting(), order.TellQueueExit(QueueExit.OVERFLOWED))
    told.leaves()
    assert told.outcome is ContactOutcome.OVERFLOWED


def test_a_transfer_that_nobody_answers_gives_the_caller_back_to_the_flow() -> None:
    told = Told().transferring()
    told.tell(
        fact.LegEnded(
            contact=ID,
            participant=BANK,
            leg=LegId("leg-2"),
            by=EndedBy.PARTICIPANT,
            status=486,
            reason="Busy",
        )
    )
    assert order.TellTransferResult(TransferResult.BUSY) in told.last
    told.leaves()
    assert told.outcome is ContactOutcome.NOT_SERVED


def test_a_caller_who_hangs_up_while_a_transfer_rings_ends_its_leg() -> None:
    told = Told().transferring()
    told.leaves()
    assert order.HangUpLeg(BANK, LegId("leg-2"), "the customer has left") in told.last
    told.leaves(BANK, LegId("leg-2"), EndedBy.SERVER)
    assert told.outcome is ContactOutcome.NOT_SERVED


def test_a_promised_callback_outlives_the_call_and_keeps_its_place() -> None:
    told = Told().queued()
    told.tell(callback.CallbackPromised(contact=ID, number="0301234567"))
    told.leaves()
    assert told.contact.phase is ContactPhase.AWAY
    assert order.LeaveQueue() not in told.last
    told.starts(leg=LegId("leg-9"))
    told.answers(leg=LegId("leg-9"))
    assert order.StartWaiting() in told.last
    told.leaves(leg=LegId("leg-9"))
    told.exited(QueueExit.ABANDONED)
    assert told.outcome is ContactOutcome.ABANDONED


def test_a_callback_that_is_given_up_closes_its_contact() -> None:
    told = Told(ContactOrigin.CALLBACK)
    told.tell(queue.QueueJoined(contact=ID, queue=QUEUE))
    told.tell(callback.CallbackGivenUp(contact=ID, reason="do not call"))
    assert told.last == (order.LeaveQueue(),)
    told.exited(QueueExit.TRANSFERRED)
    assert told.outcome is ContactOutcome.NOT_ANSWERED


def test_a_call_that_an_agent_places_ends_with_either_of_them() -> None:
    told = Told(ContactOrigin.PLACED)
    told.tell(
        fact.ParticipantJoined(contact=ID, participant=ALICE, role=ParticipantRole.AGENT, agent="alice")
    )
    told.starts(ALICE, OFFER)
    told.answers(ALICE, OFFER)
    told.called()
    assert order.Connect(ALICE) in told.last
    told.leaves(ALICE, OFFER)
    assert order.HangUpLeg(CUSTOMER, LEG, "the agent has left") in told.last
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.SERVED


def test_an_agent_who_hangs_up_before_the_customer_answers_ends_the_attempt() -> None:
    told = Told(ContactOrigin.PLACED)
    told.tell(
        fact.ParticipantJoined(contact=ID, participant=ALICE, role=ParticipantRole.AGENT, agent="alice")
    )
    told.starts(ALICE, OFFER)
    told.answers(ALICE, OFFER)
    told.starts()
    told.leaves(ALICE, OFFER)
    assert told.last == (order.HangUpLeg(CUSTOMER, LEG, "the agent has left"),)
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.NOT_ANSWERED


def test_a_leg_that_is_not_the_participants_any_more_changes_nothing() -> None:
    told = Told().called()
    told.leaves(leg=LegId("an older one"))
    assert told.last == ()
    assert told.contact.phase is ContactPhase.IN_FLOW


def test_nothing_is_ordered_after_the_end() -> None:
    told = Told().called()
    told.leaves()
    assert told.contact.phase is ContactPhase.CLOSED
    told.tell(queue.QueueJoined(contact=ID, queue=QUEUE))
    assert told.last == ()


def test_s24_a_place_taken_for_a_callback_leaves_the_caller_to_the_flow() -> None:
    told = Told().called()
    told.tell(callback.CallbackPromised(contact=ID, number="0301234567"))
    joined = queue.QueueJoined(contact=ID, queue=QUEUE, callback=True)
    assert told.tell(joined) == (order.JoinQueue(joined),)
    phases = [told.contact.phase]
    told.leaves()
    assert [*phases, told.contact.phase] == [ContactPhase.IN_FLOW, ContactPhase.AWAY]
    assert order.LeaveQueue() not in told.last


def test_s24_a_customer_who_was_called_back_is_hung_up_on_when_the_agent_leaves() -> None:
    told = Told(ContactOrigin.CALLBACK)
    told.tell(queue.QueueJoined(contact=ID, queue=QUEUE, callback=True))
    told.starts()
    told.tell(callback.CallbackAnswered(contact=ID, attempt=1))
    told.answers()
    told.tell(
        fact.ParticipantJoined(contact=ID, participant=ALICE, role=ParticipantRole.AGENT, agent="alice")
    )
    told.starts(ALICE, OFFER)
    told.answers(ALICE, OFFER)
    told.tell(fact.ConversationStarted(contact=ID, participant=ALICE))
    told.exited(QueueExit.ANSWERED)
    told.leaves(ALICE, OFFER)
    assert order.HangUpLeg(CUSTOMER, LEG, "the talk is over") in told.last
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.SERVED


def test_an_attempt_that_is_not_answered_leaves_the_customer_away_and_owed() -> None:
    told = Told(ContactOrigin.CALLBACK)
    told.tell(queue.QueueJoined(contact=ID, queue=QUEUE, callback=True))
    told.starts()
    told.leaves(by=EndedBy.SERVER)
    assert told.contact.phase is ContactPhase.AWAY
    told.tell(callback.CallbackGivenUp(contact=ID, reason="not reached"))
    told.exited(QueueExit.FAILED)
    assert told.outcome is ContactOutcome.NOT_ANSWERED
