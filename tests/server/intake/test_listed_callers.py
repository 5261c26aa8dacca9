"""Calls of numbers that are blocked, go first, or are not to be called: whole contacts on a stepped clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from acd.agent_state import AcdError
from acd.settings import NoAgents
from contacts.facts.callback import CallbackAttempted, CallbackGivenUp
from contacts.facts.contact import ContactStarted, ConversationStarted
from contacts.facts.flow import NodeEntered
from contacts.ids import ContactId, QueueId
from server.callbacks.ordering import CallbackOrder, CallbackOrders
from server.outside.number_lists import ListedNumber, NumberList
from tests.fakes.line import Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import SUPPORT as SUPPORT_QUEUE
from tests.server.in_process import InProcess, serving

QUEUE_FLOW = """
flow: queue
start: support
nodes:
  support: {queue: support, otherwise: bye, overflow: bye}
  bye: {hangup: normal}
"""
BRANCH_FLOW = """
flow: branch
start: who
nodes:
  who:
    branch: {variable: caller_vip}
    cases: {"yes": first}
    otherwise: others
  first: {say: First., next: bye}
  others: {say: Others., next: bye}
  bye: {hangup: normal}
"""
CALLER = "0301234567"
FULL = "+49301234567"
TO_CALL = "+493012345678"
SUPPORT = QueueId("support")


def put(server: InProcess, on: NumberList, number: str = FULL, expires: datetime | None = None) -> None:
    server.lists.put(ListedNumber("1", on, number, "alice", "asked", expires, server.utc(), "bob"))


async def reaches(server: InProcess, number: str) -> bool:
    """Whether alice's phone is put through to it."""
    phone = server.line.dial(number, agent="alice")
    await server.until(lambda: phone.answered or phone.over)
    phone.hang_up()
    return phone.answered


def refusals(server: InProcess, rule: str) -> float | None:
    return server.metrics.registry.get_sample_value("trunkline_calls_refused_total", {"reason": rule})


@stepped
async def test_s02_a_blocked_number_is_refused_before_any_flow_and_taken_again_when_that_expires() -> None:
    async with serving(QUEUE_FLOW) as server:
        put(server, NumberList.BLOCK, expires=server.utc() + timedelta(seconds=60))
        phone = server.line.dial("100", CALLER)
        await server.until(lambda: phone.over)
        assert phone.status == 603
        assert refusals(server, "intake.blocked") == 1
        assert server.facts(ContactStarted) == []
        other = await server.call(caller="0307654321")
        assert other.answered
        await server.pass_time(60)
        assert (await server.call(caller=CALLER)).answered


@stepped
async def test_s67_a_vip_is_served_before_whoever_waits_longer() -> None:
    patient = SUPPORT_QUEUE.model_copy(update={"no_agents": NoAgents.WAIT})
    async with serving(QUEUE_FLOW, queues=(patient,)) as server:
        put(server, NumberList.VIP)
        await server.call(caller="0307654321")
        first = server.contact
        await server.pass_time(30)
        await server.call(caller=CALLER)
        vip = server.contact
        server.sign_in("alice")
        await server.until(lambda: server.facts(ConversationStarted))
        assert vip != first
        assert [fact.contact for fact in server.facts(ConversationStarted)] == [vip]


@pytest.mark.parametrize(
    ("caller", "node"), [(CALLER, "first"), ("0307654321", "others"), ("anonymous", "others")]
)
@stepped
async def test_s67_a_flow_branches_on_whether_the_caller_is_a_vip(caller: str, node: str) -> None:
    async with serving(BRANCH_FLOW) as server:
        put(server, NumberList.VIP)
        await server.call(caller=caller)
        await server.until(lambda: len(server.facts(NodeEntered)) > 1)
        assert server.facts(NodeEntered)[1].node == node


def order(server: InProcess) -> ContactId:
    orders = CallbackOrders(server.callbacks, server.intake)
    return orders.order(CallbackOrder("030 12345678", SUPPORT, "test")).contact


@stepped
async def test_s41_who_is_on_the_list_do_not_call_is_promised_no_callback_until_that_expires() -> None:
    async with serving(QUEUE_FLOW) as server:
        put(server, NumberList.DO_NOT_CALL, TO_CALL, server.utc() + timedelta(seconds=60))
        with pytest.raises(AcdError, match="wants no calls"):
            order(server)
        await server.pass_time(60)
        assert order(server)


@stepped
async def test_s41_who_was_promised_a_call_and_wants_none_any_more_is_not_called() -> None:
    async with serving(QUEUE_FLOW) as server:
        server.line.numbers[f"sip:{TO_CALL}@gateway.example"] = Manners()
        contact = order(server)
        put(server, NumberList.DO_NOT_CALL, TO_CALL)
        server.sign_in("alice")
        await server.until(lambda: server.facts(CallbackGivenUp, contact))
        await server.pass_time(60)
        assert server.facts(CallbackAttempted, contact) == []


@stepped
async def test_s41_an_agent_cannot_call_who_wants_no_calls_but_can_call_others_and_for_help() -> None:
    async with serving(QUEUE_FLOW) as server:
        for number in ("0301234567", "0307654321", "112"):
            server.line.numbers[f"sip:{number}@carrier"] = Manners()
        put(server, NumberList.DO_NOT_CALL, "+49307654321")
        server.sign_in("alice")
        unwanted = server.line.dial("0307654321", agent="alice")
        await server.until(lambda: unwanted.over)
        assert unwanted.status == 403
        assert refusals(server, "dial.do-not-call") == 1
        assert await reaches(server, "0301234567")
        assert await reaches(server, "112")
