"""Whoever talks with the customer sends them elsewhere: to somebody, to a queue, to another flow."""

from __future__ import annotations

from contacts import effects as order
from contacts.effects import Happened
from contacts.facts import contact as fact
from contacts.facts import queue
from contacts.facts.contact import ContactOrigin, ParticipantRole
from contacts.ids import LegId, ParticipantId, QueueId
from contacts.outcomes import ContactOutcome, EndedBy, QueueExit, TransferResult
from contacts.participants import CUSTOMER
from contacts.standing import ContactPhase
from tests.contacts.test_contact import ALICE, ID, LEG, OFFER, QUEUE, Told

BOB = ParticipantId("transfer-1")
BOBS_LEG = LegId("leg-bob")
SALES = QueueId("sales")


def handing_on(told: Told, to: ParticipantId = BOB, leg: LegId = BOBS_LEG) -> Told:
    told.tell(fact.ParticipantJoined(contact=ID, participant=to, role=ParticipantRole.AGENT, agent=to))
    told.tell(fact.TransferStarted(contact=ID, participant=to, by="alice"))
    told.starts(to, leg)
    return told


def test_u2_the_customer_hears_ringing_while_the_agent_stays_on_the_line() -> None:
    told = Told().served()
    told.tell(fact.ParticipantJoined(contact=ID, participant=BOB, role=ParticipantRole.AGENT, agent="bob"))
    told.tell(fact.TransferStarted(contact=ID, participant=BOB, by="alice"))
    assert list(told.last) == [
        order.Disconnect(ALICE),
        Happened(fact.ConversationEnded(contact=ID, participant=ALICE)),
        order.StartWaiting(BOB),
    ]
    assert told.contact.phase is ContactPhase.CONNECTING


def test_u2_whoever_answers_a_transfer_has_the_customer_and_dispatch_lets_the_agent_go() -> None:
    told = handing_on(Told().served())
    told.answers(BOB, BOBS_LEG)
    assert list(told.last) == [
        order.StopWaiting(),
        order.Connect(BOB),
        order.TellTransferor(ALICE, TransferResult.ANSWERED),
        order.LeaveQueue(transferred=True),
        Happened(fact.ConversationStarted(contact=ID, participant=BOB)),
    ]
    told.leaves(ALICE, OFFER, EndedBy.SERVER)
    assert list(told.last) == []


def test_u2_after_the_talk_with_whom_they_were_sent_to_the_flow_goes_on_as_after_the_first_talk() -> None:
    told = handing_on(Told().served())
    told.answers(BOB, BOBS_LEG)
    told.leaves(ALICE, OFFER)
    told.leaves(BOB, BOBS_LEG)
    assert order.TellQueueExit(QueueExit.ANSWERED) in told.last
    result = fact.TransferFinished(contact=ID, participant=BOB, result=TransferResult.ANSWERED)
    assert Happened(result) in told.last


def test_u2_a_target_that_is_busy_gives_the_customer_back_to_the_agent() -> None:
    told = handing_on(Told().served())
    told.tell(fact.LegEnded(contact=ID, participant=BOB, leg=BOBS_LEG, by=EndedBy.PARTICIPANT, status=486))
    assert told.last[0] == order.StopWaiting()
    assert told.last[2:] == (
        order.TellTransferor(ALICE, TransferResult.BUSY),
        order.Connect(ALICE),
        Happened(fact.ConversationStarted(contact=ID, participant=ALICE)),
    )


def test_u2_with_the_agent_gone_a_failed_transfer_puts_the_customer_first_in_the_queue() -> None:
    told = handing_on(Told().served())
    told.leaves(ALICE, OFFER)
    told.tell(fact.LegEnded(contact=ID, participant=BOB, leg=BOBS_LEG, by=EndedBy.PARTICIPANT, status=480))
    [joined] = [each for each in told.last if isinstance(each, order.JoinQueue)]
    assert (joined.joined.queue, joined.joined.priority) == (QUEUE, 1000)
    assert told.contact.phase is ContactPhase.WAITING


def test_u2_a_customer_who_hangs_up_meanwhile_ends_the_target_and_the_agent() -> None:
    told = handing_on(Told().served())
    told.leaves()
    assert order.HangUpLeg(BOB, BOBS_LEG, "the customer has left") in told.last
    assert order.TellTransferor(ALICE, TransferResult.CALLER_LEFT) in told.last
    assert order.LeaveQueue() in told.last
    told.leaves(BOB, BOBS_LEG, EndedBy.SERVER)
    told.leaves(ALICE, OFFER, EndedBy.SERVER)
    assert told.outcome is ContactOutcome.SERVED


def test_u2_an_agent_sends_the_customer_to_another_queue_and_dispatch_hears_of_both_in_order() -> None:
    told = Told().served()
    told.tell(queue.QueueJoined(contact=ID, queue=SALES))
    kinds = [type(each) for each in told.last]
    assert kinds.index(order.LeaveQueue) < kinds.index(order.JoinQueue)
    assert order.TellTransferor(ALICE, TransferResult.ANSWERED) in told.last
    told.leaves(ALICE, OFFER, EndedBy.SERVER)
    assert not any(isinstance(each, order.JoinQueue) for each in told.last), "joined once"
    told.exited(QueueExit.OVERFLOWED)
    assert order.TellQueueExit(QueueExit.OVERFLOWED) in told.last


def test_u2_an_agent_sends_the_customer_to_a_flow_which_begins_when_the_other_has_said_its_last_word() -> (
    None
):
    told = Told().served()
    told.tell(fact.FlowChanged(contact=ID, number="200", by="alice"))
    assert order.StopFlow(transferred=True) in told.all
    assert order.StartFlow("200") in told.last
    assert told.contact.phase is ContactPhase.IN_FLOW
    assert not any(isinstance(each, order.HangUpLeg) and each.participant == CUSTOMER for each in told.all)


def test_a_second_transfer_lets_the_first_target_go_when_it_is_answered() -> None:
    told = handing_on(Told().served())
    told.answers(BOB, BOBS_LEG)
    told.leaves(ALICE, OFFER)
    carla, leg = ParticipantId("transfer-2"), LegId("leg-carla")
    handing_on(told, carla, leg)
    told.answers(carla, leg)
    assert order.HangUpLeg(BOB, BOBS_LEG, "the customer was transferred") in told.last
    over = fact.TransferFinished(contact=ID, participant=BOB, result=TransferResult.ANSWERED)
    assert Happened(over) in told.last


def test_a_target_that_is_lost_in_mid_talk_puts_the_customer_first_in_the_queue() -> None:
    told = handing_on(Told().served())
    told.answers(BOB, BOBS_LEG)
    told.leaves(ALICE, OFFER)
    told.leaves(BOB, BOBS_LEG, EndedBy.NETWORK)
    assert any(isinstance(each, order.JoinQueue) for each in told.last)


def test_an_agent_who_is_lost_while_the_target_rings_costs_no_second_place() -> None:
    told = handing_on(Told().served())
    told.tell(queue.QueuePlaceRegained(contact=ID, queue=QUEUE))
    assert list(told.last) == [order.LeaveQueue(transferred=True)]


# Calls that agents make


def dialled(origin: ContactOrigin = ContactOrigin.PLACED) -> Told:
    """Alice's phone called; whom she dialled is being called."""
    told = Told(origin)
    told.tell(
        fact.ParticipantJoined(contact=ID, participant=ALICE, role=ParticipantRole.AGENT, agent="alice")
    )
    told.starts(ALICE, LegId("leg-alice"))
    told.starts()
    return told


def test_u16_the_agent_hears_ringing_and_is_answered_when_the_other_side_answers() -> None:
    told = dialled()
    told.tell(fact.LegRinging(contact=ID, participant=CUSTOMER, leg=LEG))
    assert list(told.last) == [order.RingLeg(LegId("leg-alice"))]
    told.answers()
    assert list(told.last) == [order.StartRecording(LEG), order.AnswerLeg(LegId("leg-alice"))]
    told.answers(ALICE, LegId("leg-alice"))
    assert list(told.last) == [
        order.Connect(ALICE),
        Happened(fact.ConversationStarted(contact=ID, participant=ALICE)),
    ]


def test_u16_a_refusal_reaches_the_agents_phone_with_its_own_status() -> None:
    told = dialled()
    told.tell(
        fact.LegEnded(
            contact=ID, participant=CUSTOMER, leg=LEG, by=EndedBy.PARTICIPANT, status=486, reason="Busy Here"
        )
    )
    assert list(told.last) == [order.HangUpLeg(ALICE, LegId("leg-alice"), "Busy Here", 486)]
    told.leaves(ALICE, LegId("leg-alice"), EndedBy.SERVER)
    assert told.outcome is ContactOutcome.NOT_ANSWERED


def test_u16_an_agent_who_gives_up_ends_the_call_that_was_placed_even_if_it_begins_later() -> None:
    told = Told(ContactOrigin.INTERNAL)
    told.tell(
        fact.ParticipantJoined(contact=ID, participant=ALICE, role=ParticipantRole.AGENT, agent="alice")
    )
    told.starts(ALICE, LegId("leg-alice"))
    told.leaves(ALICE, LegId("leg-alice"))
    told.starts()
    assert list(told.last) == [order.HangUpLeg(CUSTOMER, LEG, "the agent has left")]
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.NOT_ANSWERED


def test_u16_either_side_ends_a_call_that_an_agent_made() -> None:
    told = dialled()
    told.answers()
    told.answers(ALICE, LegId("leg-alice"))
    told.leaves(ALICE, LegId("leg-alice"))
    assert order.HangUpLeg(CUSTOMER, LEG, "the agent has left") in told.last
    told.leaves(by=EndedBy.SERVER)
    assert told.outcome is ContactOutcome.SERVED


def test_a_customer_whom_an_agent_called_may_be_sent_to_a_queue_and_is_let_go_after_it() -> None:
    told = dialled()
    told.answers()
    told.answers(ALICE, LegId("leg-alice"))
    told.tell(queue.QueueJoined(contact=ID, queue=SALES))
    told.leaves(ALICE, LegId("leg-alice"), EndedBy.SERVER)
    told.exited(QueueExit.NOBODY)
    assert order.HangUpLeg(CUSTOMER, LEG, "the talk is over") in told.last
