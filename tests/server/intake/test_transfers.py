"""Agents who send their customers elsewhere from their phones (REFER)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import pytest

from acd.agent_state import AgentState
from acd.settings import QueueSettings
from contacts.facts.contact import (
    ContactClosed,
    ContactFailed,
    ContactStarted,
    ConversationStarted,
    FlowChanged,
    TransferFinished,
    TransferRefused,
    TransferStarted,
)
from contacts.facts.queue import QueueJoined
from contacts.outcomes import ContactOutcome, TransferResult
from ivr_flows.definition.flow import Flow
from server.intake.exchange import Exchange
from tests.fakes.line import FarPhone, Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import SUPPORT, InProcess, serving

FLOW = """
flow: desk
version: 1
language: en
start: support
nodes:
  support:
    queue: support
    music: hold
    next: bye
  bye:
    hangup: normal
    prompt: Thank you for calling.
"""
OPENING = """
flow: opening
version: 1
language: en
start: hours
nodes:
  hours:
    say: We open at nine, and close at five, on every day but Sunday.
    next: bye
  bye: {hangup: normal}
"""
BILLING = QueueSettings(name="billing", skills={"support": 3}, wrap_up_s=0)


@asynccontextmanager
async def talking(
    *bob: Manners, more: Mapping[str, str] = MappingProxyType({}), also: tuple[QueueSettings, ...] = ()
) -> AsyncIterator[tuple[InProcess, FarPhone, FarPhone]]:
    """A customer who talks with alice; bob's phones, if any, are registered, too."""
    numbers = {"200": OPENING, **more}
    async with serving(FLOW, queues=(SUPPORT, BILLING, *also), more=numbers) as server:
        server.sign_in("alice")
        customer = await server.call()
        await server.until(lambda: server.facts(ConversationStarted))
        alice = server.line.far[-1]
        if bob:
            server.sign_in("bob", *bob)
        yield server, customer, alice


def state(server: InProcess, agent: str) -> AgentState:
    return next(each.state for each in server.dispatcher.snapshot().agents if each.agent == agent)


@stepped
async def test_u2_a_blind_transfer_to_a_colleague_rings_them_and_joins_them_with_the_customer() -> None:
    async with talking(Manners(answers_after_s=5)) as (server, customer, alice):
        alice.refer("sip:bob@trunkline.example")
        await server.until(lambda: 180 in alice.transfer)
        assert "builtin:ringback" in customer.hears()
        assert not alice.over
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        bob = server.line.far[-1]
        assert customer.talks_with(bob)
        assert alice.transfer == [202, 180, 200]
        await server.until(lambda: alice.over)
        assert state(server, "bob") is AgentState.TALKING
        assert state(server, "alice") is AgentState.AVAILABLE
        bob.hang_up()
        await server.until(lambda: "Thank you for calling." in customer.hears())
    assert server.outcome() is ContactOutcome.SERVED
    assert len(server.facts(ContactStarted)) == 1, "one contact, whoever talks with the customer"
    assert list(server.recordings.finished.values()) == ["alice, bob"]
    [finished] = server.facts(TransferFinished)
    assert finished.result is TransferResult.ANSWERED


@stepped
async def test_u2_all_phones_of_the_target_ring_and_the_first_to_answer_has_the_customer() -> None:
    async with talking(Manners(answers_after_s=None), Manners(answers_after_s=3)) as (
        server,
        customer,
        alice,
    ):
        alice.refer("sip:bob@trunkline.example")
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        desk, softphone = server.line.far[-2:]
        assert customer.talks_with(softphone)
        await server.until(lambda: desk.over)


@stepped
async def test_u2_a_target_that_refuses_gives_the_customer_back_to_the_agent() -> None:
    async with talking(Manners(refuses=486)) as (server, customer, alice):
        alice.refer("sip:bob@trunkline.example")
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert customer.talks_with(alice)
        assert alice.transfer[-1] == 486
        [finished] = server.facts(TransferFinished)
        assert finished.result is TransferResult.BUSY


@stepped
async def test_u2_when_the_agent_has_gone_a_failed_transfer_puts_the_customer_first_in_the_queue() -> None:
    async with talking(Manners(answers_after_s=None)) as (server, customer, alice):
        alice.refer("sip:bob@trunkline.example")
        await server.until(lambda: 180 in alice.transfer)
        alice.hang_up()
        await server.until(lambda: len(server.facts(QueueJoined)) == 1 and server.facts(TransferFinished))
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert not customer.over
        [bob] = [phone for phone in server.line.far if phone.call.remote_uri.startswith("sip:bob")][:1]
        assert bob.over


@stepped
async def test_u2_a_customer_is_sent_to_another_queue_and_served_from_there() -> None:
    async with talking(Manners()) as (server, customer, alice):
        alice.refer("sip:billing@trunkline.example")
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert [joined.queue for joined in server.facts(QueueJoined)] == ["support", "billing"]
        assert alice.over
        server.line.far[-1].hang_up()
        await server.until(lambda: "Thank you for calling." in customer.hears())


@stepped
async def test_u2_a_customer_is_sent_to_the_flow_of_another_number() -> None:
    async with talking() as (server, customer, alice):
        alice.refer("sip:200@trunkline.example")
        await server.until(lambda: any("We open at nine" in each for each in customer.hears()))
        assert alice.transfer == [202, 200]
        await server.until(lambda: alice.over)
        assert server.facts(FlowChanged)[0].by == "alice"
        await server.until(lambda: customer.over)
    ended = [entry.fact for entry in server.journal.entries if entry.fact.kind() == "flow.ended"]
    assert [fact.cause for fact in ended] == ["transferred", "normal"]  # type: ignore[attr-defined]


@stepped
async def test_u2_a_customer_is_sent_outside_through_the_trunk_of_the_dial_plan() -> None:
    async with talking() as (server, customer, alice):
        server.line.numbers["sip:030123456@carrier"] = Manners(answers_after_s=2)
        alice.refer("sip:030123456@anywhere.example")
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        outside = server.line.far[-1]
        assert customer.talks_with(outside)
        assert outside.call.local_uri.startswith("sip:+4930555000")
        await server.until(lambda: alice.over)
        outside.hang_up()
        await server.until(lambda: "Thank you for calling." in customer.hears())


@stepped
async def test_a_transfer_reaches_nothing_that_could_not_be_dialled() -> None:
    async with talking() as (server, customer, alice):
        for target in (
            "sip:0019005551234@carrier",  # abroad
            "sip:09001234567@carrier",  # premium rate
            "sip:evil@evil.example",
            "sip:100000@carrier",
            "sip:alice@trunkline.example",
        ):
            alice.refer(target)
        assert alice.transfer == [403, 403, 404, 404, 482]
        assert customer.talks_with(alice)
        rules = [refused.rule for refused in server.facts(TransferRefused)]
        assert rules == [
            "dial.country",
            "dial.premium",
            "dial.no-such-number",
            "dial.no-such-number",
            "dial.oneself",
        ]


@stepped
async def test_a_customer_transfers_nothing_unless_the_settings_let_them() -> None:
    async with talking(Manners()) as (server, customer, alice):
        customer.refer("sip:bob@trunkline.example")
        assert customer.transfer == [403]
        assert customer.talks_with(alice)
        settings = server.plan.settings.model_copy(update={"transfers_by_callers": True})
        server.plan.reconfigure(settings, {"bob": "bob"}, [])
        customer.refer("sip:030123456@carrier")
        assert customer.transfer == [403, 403], "colleagues and our numbers only"
        customer.refer("sip:bob@trunkline.example")
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert customer.talks_with(server.line.far[-1])
        assert [started.by for started in server.facts(TransferStarted)] == ["customer"]


@stepped
async def test_a_customer_who_hangs_up_while_the_target_rings_ends_all_of_it() -> None:
    async with talking(Manners(answers_after_s=None)) as (server, customer, alice):
        alice.refer("sip:bob@trunkline.example")
        await server.until(lambda: 180 in alice.transfer)
        customer.hang_up()
        await server.until(lambda: all(phone.over for phone in server.line.far))
        assert alice.transfer[-1] == 487
    assert server.outcome() is ContactOutcome.SERVED


@stepped
async def test_a_second_transfer_while_the_first_rings_is_refused() -> None:
    async with talking(Manners(answers_after_s=5)) as (server, _, alice):
        alice.refer("sip:bob@trunkline.example")
        alice.refer("sip:200@trunkline.example")
        assert alice.transfer == [202, 491]
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)


@stepped
async def test_an_agent_lost_while_the_target_rings_costs_the_customer_nothing() -> None:
    async with talking(Manners(answers_after_s=5)) as (server, customer, alice):
        alice.refer("sip:bob@trunkline.example")
        await server.until(lambda: 180 in alice.transfer)
        alice.vanish()
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert customer.talks_with(server.line.far[-1])
        await server.pass_time(60)
        assert len(server.line.far) == 3, "nobody else is rung for them"


@stepped
async def test_what_the_called_side_lets_hear_before_it_answers_takes_the_place_of_our_ringing() -> None:
    async with talking() as (server, customer, alice):
        server.line.numbers["sip:030123456@carrier"] = Manners(answers_after_s=10, early=True)
        alice.refer("sip:030123456@carrier")
        await server.until(lambda: 183 in alice.transfer)
        carrier = server.line.far[-1]
        assert customer.talks_with(carrier), "what it plays is heard"
        assert customer.hears() == ()
        assert len(server.facts(ConversationStarted)) == 1
        await server.until(lambda: len(server.facts(ConversationStarted)) == 2)
        assert customer.talks_with(carrier)


@stepped
async def test_a_flow_that_cannot_be_begun_any_more_ends_the_contact_which_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(_exchange: Exchange, _number: str) -> Flow:
        raise LookupError("its number was taken away by a reload")

    async with talking() as (server, customer, alice):
        monkeypatch.setattr(Exchange, "flow", gone)
        alice.refer("sip:200@trunkline.example")
        await server.until(lambda: customer.over)
        await server.until(lambda: bool(server.facts(ContactClosed)))
    assert [fact.reason for fact in server.facts(ContactFailed)] == ["an order could not be carried out"]
    assert len(server.facts(ContactClosed)) == 1
