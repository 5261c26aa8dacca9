"""Customers who are called back: real desk, dispatch and contacts, on a fake line and a stepped clock."""

from __future__ import annotations

import asyncio
from datetime import time, timedelta
from itertools import pairwise
from typing import cast

import pytest

from acd.agent_state import AcdError
from acd.callback_book import PromisedAlreadyError
from acd.callback_settings import CallbackSettings
from acd.events import CallFirst
from contacts.facts.callback import (
    CallbackAnswered,
    CallbackAttempted,
    CallbackGivenUp,
    CallbackMissed,
    CallbackPromised,
)
from contacts.facts.contact import (
    ContactOrigin,
    ContactStarted,
    ConversationEnded,
    ConversationStarted,
    LegAnswered,
    LegStarted,
)
from contacts.facts.queue import QueueExited, QueueJoined
from contacts.ids import ContactId, QueueId
from contacts.outcomes import ContactOutcome, QueueExit
from server.callbacks.desk import DeskClocks
from server.callbacks.ordering import CallbackOrder, CallbackOrders
from server.callbacks.promises import LeftOver, OpenCallback
from server.callbacks.restoring import Restoring
from telephony.endpoint import SipEndpoint
from tests.fakes.line import FarPhone, Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import CALLBACKS, InProcess, serving

NUMBER = "+493012345678"
URI = f"sip:{NUMBER}@gateway.example"
SUPPORT = QueueId("support")
QUEUE_FLOW = """
flow: queue
version: 1
language: en
start: support
nodes:
  support:
    queue: support
    otherwise: bye
    overflow: bye
  bye: {hangup: normal}
"""


def order(server: InProcess, number: str = "030 12345678", **wishes: object) -> ContactId:
    orders = CallbackOrders(server.callbacks, server.intake)
    return orders.order(CallbackOrder(number, SUPPORT, "test", **wishes)).contact  # type: ignore[arg-type]


def customers(server: InProcess) -> list[FarPhone]:
    """Every call to a customer, in order."""
    return [phone for phone in server.line.far if phone.lasting]


@stepped
async def test_s24_a_customer_is_called_when_an_agent_is_free_and_talks_with_that_agent() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners()
        contact = order(server)
        await server.pass_time(20)
        assert not customers(server), "nobody is there to talk with them"
        server.sign_in("alice")
        await server.until(lambda: server.facts(ConversationStarted, contact))
        [customer], agent = customers(server), server.line.far[-1]
        assert customer.talks_with(agent)
        agent.hang_up()
        await server.until(lambda: customer.over)
    assert server.outcome(contact) is ContactOutcome.SERVED
    assert [fact.exit for fact in server.facts(QueueExited, contact)] == [QueueExit.ANSWERED]


@stepped
async def test_s24_an_agent_who_is_called_first_waits_for_the_customer() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners(answers_after_s=5)
        server.sign_in("alice")
        contact = order(server, first=CallFirst.AGENT)
        await server.until(lambda: customers(server))
        agent = server.line.far[0]
        assert agent.answered
        await server.until(lambda: server.facts(ConversationStarted, contact))
        assert customers(server)[0].talks_with(agent)


@stepped
async def test_an_answer_is_written_down_before_it_is_taken() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners()
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: server.facts(LegAnswered, contact))
        kinds = server.kinds(contact)
        assert kinds.index("callback.attempted") < kinds.index("leg.started")
        assert kinds.index("callback.answered") < kinds.index("leg.answered")
        assert server.journal.awaited >= 2


@stepped
async def test_s41_who_is_not_reached_is_called_again_by_policy_and_then_no_more() -> None:
    settings = CALLBACKS.model_copy(update={"retry_after_s": (60.0, 120.0)})
    async with serving(QUEUE_FLOW, callbacks=settings) as server:
        server.line.numbers[URI] = Manners(answers_after_s=None, refuses=486)
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: server.outcome(contact))
        assert len(customers(server)) == 3
        begun = [server.journal.at(fact) for fact in server.facts(CallbackAttempted, contact)]
        gaps = [later - earlier for earlier, later in pairwise(begun)]
        assert [60 <= gaps[0] < 95, 120 <= gaps[1] < 155] == [True, True]
        assert [fact.status for fact in server.facts(CallbackMissed, contact)] == [486, 486, 486]
        assert len(server.facts(CallbackGivenUp, contact)) == 1
    assert server.outcome(contact) is ContactOutcome.NOT_ANSWERED


@stepped
async def test_s41_a_phone_that_nobody_picks_up_rings_as_long_as_the_settings_say() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners(answers_after_s=None)
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: server.facts(CallbackMissed, contact))
        [attempt], [missed] = server.facts(CallbackAttempted, contact), server.facts(CallbackMissed, contact)
        assert server.journal.at(missed) - server.journal.at(attempt) == pytest.approx(30, abs=1)


@stepped
async def test_a_disk_that_hangs_holds_a_customers_answer_up_for_seconds_and_is_counted() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners()
        server.journal.hangs = True
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: server.facts(ConversationStarted, contact), within_s=15)
        # The attempt, and the answer.
        late = {"reason": "late"}
        assert server.metrics.registry.get_sample_value("trunkline_journal_not_durable_total", late) == 2


@stepped
async def test_a_trunk_whose_lines_are_all_taken_costs_the_customer_no_attempt() -> None:
    settings = CALLBACKS.model_copy(update={"retry_after_s": ()})
    async with serving(QUEUE_FLOW, callbacks=settings) as server:
        server.line.numbers[URI] = Manners()
        server.line.lines_taken = True
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: len(server.facts(CallbackMissed, contact)) == 4)
        missed = server.facts(CallbackMissed, contact)
        assert [(fact.attempt, fact.placed) for fact in missed] == [(1, False)] * 4
        gaps = [later - earlier for earlier, later in pairwise(map(server.journal.at, missed))]
        assert all(gap == pytest.approx(60, abs=2) for gap in gaps)
        [open_] = server.callbacks.open()
        assert (open_.attempts, open_.missed) == (0, 0)
        assert open_.again_at == missed[-1].again_at
        server.line.lines_taken = False
        await server.until(lambda: server.facts(ConversationStarted, contact))
        assert not server.facts(CallbackGivenUp, contact)


@stepped
async def test_s41_nobody_is_called_outside_of_their_hours() -> None:
    opens = CALLBACKS.model_copy(update={"opens": time(14), "closes": time(15)})
    async with serving(QUEUE_FLOW, callbacks=opens) as server:
        server.line.numbers[URI] = Manners()
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: customers(server), within_s=4 * 3600)
        local = server.utc() + timedelta(hours=2)
        assert 14 <= local.hour < 15
        await server.until(lambda: server.facts(ConversationStarted, contact))


@stepped
async def test_s41_a_customer_is_called_at_the_time_that_they_chose() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners()
        server.sign_in("alice")
        chosen = server.utc() + timedelta(hours=1)
        order(server, not_before=chosen)
        await server.until(lambda: customers(server), within_s=2 * 3600)
        assert timedelta(0) <= server.utc() - chosen < timedelta(seconds=35)


@stepped
async def test_never_more_customers_are_called_than_agents_are_free_for_them() -> None:
    async with serving(QUEUE_FLOW) as server:
        for number in range(5):
            typed = f"03012345{number:03}"
            server.line.numbers[f"sip:+4930{typed[3:]}@gateway.example"] = Manners(answers_after_s=20)
            order(server, typed)
        server.sign_in("alice")
        server.sign_in("bob")
        await server.until(lambda: customers(server))
        await server.pass_time(10)
        assert len(customers(server)) == 2


@stepped
async def test_one_number_is_owed_one_call_and_what_is_no_number_is_refused() -> None:
    async with serving(QUEUE_FLOW) as server:
        order(server)
        with pytest.raises(PromisedAlreadyError):
            order(server, "+49 30 12345678")
        with pytest.raises(AcdError):
            order(server, "12")
        assert len(server.facts(CallbackPromised)) == 1
        assert len(server.active) == 1


@stepped
async def test_s24_a_cancelled_callback_is_never_dialled_and_closes_its_contact() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners()
        contact = order(server)
        assert server.callbacks.cancel(contact, "they wrote to us")
        await server.until(lambda: server.outcome(contact))
        server.sign_in("alice")
        await server.pass_time(60)
        assert not customers(server)
        assert not server.callbacks.cancel(contact, "twice")
    assert server.outcome(contact) is ContactOutcome.NOT_ANSWERED


@stepped
async def test_a_callback_cancelled_while_it_rings_is_hung_up_and_not_called_again() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners(answers_after_s=None)
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: server.facts(LegStarted, contact))
        server.callbacks.cancel(contact, "they wrote to us")
        await server.until(lambda: server.outcome(contact))
        await server.pass_time(7200)
        assert len(customers(server)) == 1
        assert not server.facts(CallbackMissed, contact)


@stepped
async def test_a_callback_whose_queue_is_no_more_after_a_restart_is_given_up_and_told() -> None:
    async with serving(QUEUE_FLOW) as server:
        now, contact = server.utc(), ContactId("left")
        gone = QueueJoined(contact=contact, queue=QueueId("gone"))
        owed = OpenCallback(contact, NUMBER, gone, CallFirst.CUSTOMER, now, now, None, "test")
        server.journal.append(ContactStarted(contact=contact, origin=ContactOrigin.CALLBACK))
        clocks = DeskClocks(asyncio.get_running_loop().time, server.utc)
        endpoint = cast("SipEndpoint", None)  # nothing is sent again
        restoring = Restoring(
            server.callbacks, server.intake, server.dispatcher, endpoint, clocks, server.services.lists.raised
        )
        restoring.take_up(LeftOver((owed,)))
        assert [fact.contact for fact in server.facts(CallbackGivenUp)] == [contact]
        assert contact not in server.active
        order(server)
        assert len(server.callbacks.open()) == 1, "the number may be promised a call anew"


@stepped
async def test_s24_a_customer_who_calls_again_gets_the_place_and_is_not_called() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.sign_in("bob", Manners(answers_after_s=None, refuses=486))
        server.line.numbers[URI] = Manners(answers_after_s=None, refuses=486)
        waiting = order(server)
        await server.pass_time(120)
        other = await server.call(caller="+493099999999")
        await server.until(lambda: server.facts(QueueJoined, server.contact))
        behind = server.contact
        again = await server.call(caller=NUMBER)
        await server.until(lambda: server.contact != behind and server.facts(QueueJoined, server.contact))
        contact = server.contact
        await server.until(lambda: server.outcome(waiting))
        [given_up] = server.facts(CallbackGivenUp, waiting)
        assert given_up.called_again == contact
        [queue] = server.dispatcher.snapshot().queues
        assert [each.contact for each in queue.waiting] == [contact, behind]
        assert not other.over
        assert not again.over


@stepped
async def test_an_agent_who_hangs_up_before_the_customer_answers_costs_no_second_ring() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners(answers_after_s=8)
        server.sign_in("alice")
        contact = order(server, first=CallFirst.AGENT)
        await server.until(lambda: customers(server))
        server.line.far[0].hang_up()
        await server.until(lambda: server.facts(ConversationStarted, contact))
        ringing = [phone.call for phone in customers(server)]
        for before, after in pairwise(ringing):
            assert before.ended_at is not None
            assert before.ended_at <= after.invited_at
        assert len(server.facts(CallbackAnswered, contact)) == 1


@stepped
async def test_an_agents_lost_phone_gives_the_customer_the_place_back() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[URI] = Manners()
        server.sign_in("alice")
        contact = order(server)
        await server.until(lambda: server.facts(ConversationStarted, contact))
        server.sign_in("bob")
        server.line.far[-1].vanish()
        await server.until(lambda: len(server.facts(ConversationStarted, contact)) == 2)
        assert len(customers(server)) == 1
        assert server.facts(ConversationEnded, contact)[0].lost


@stepped
async def test_a_caller_who_is_cut_off_and_calls_again_soon_has_the_old_place() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.sign_in("bob", Manners(answers_after_s=None, refuses=486))
        first = await server.call(caller=NUMBER)
        await server.pass_time(60)
        second = await server.call(caller="+493099999999")
        await server.until(lambda: len(server.facts(QueueJoined)) == 2)
        behind = server.contact
        first.vanish()
        await server.pass_time(30)
        again = await server.call(caller=NUMBER)
        await server.until(lambda: len(server.facts(QueueJoined)) == 3)
        [queue] = server.dispatcher.snapshot().queues
        assert [each.contact for each in queue.waiting] == [server.contact, behind]
        assert not second.over
        assert not again.over


@stepped
async def test_a_caller_who_comes_back_too_late_begins_at_the_end() -> None:
    settings = CallbackSettings(home_country="DE", return_within_s=10)
    async with serving(QUEUE_FLOW, callbacks=settings) as server:
        server.sign_in("bob", Manners(answers_after_s=None, refuses=486))
        first = await server.call(caller=NUMBER)
        await server.pass_time(60)
        await server.call(caller="+493099999999")
        await server.until(lambda: len(server.facts(QueueJoined)) == 2)
        behind = server.contact
        first.vanish()
        await server.pass_time(30)
        await server.call(caller=NUMBER)
        await server.until(lambda: len(server.facts(QueueJoined)) == 3)
        [queue] = server.dispatcher.snapshot().queues
        assert [each.contact for each in queue.waiting] == [behind, server.contact]
