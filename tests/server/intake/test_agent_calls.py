"""Calls that agents make: to colleagues, to numbers of ours, outside; and attended transfers."""

from __future__ import annotations

from acd.agent_state import AgentState
from acd.settings import QueueSettings
from config.calls import CallSettings, DialRule
from contacts.facts.contact import (
    ContactStarted,
    ConversationStarted,
    LegEnded,
    TransferFinished,
    TransferRefused,
    TransferStarted,
)
from contacts.facts.queue import QueueJoined
from contacts.ids import AgentId
from contacts.outcomes import ContactOutcome, TransferResult
from tests.fakes.line import FarPhone, Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import InProcess, serving
from tests.server.intake.test_transfers import FLOW, OPENING, state, talking

ALICE = AgentId("alice")
PARCELS = "sip:+4930123456@carrier"


def plan(server: InProcess, **changes: object) -> None:
    rules = (
        DialRule(pattern="0[1-9].", trunk="carrier", strip=1, prefix="+49", caller_id="+4930555000"),
        DialRule(pattern="00.", trunk="carrier"),
    )
    given: dict[str, object] = {
        "country": "DE",
        "dial": rules,
        "emergency": ("112",),
        "emergency_trunk": "carrier",
        **changes,
    }
    extensions = {"alice": "alice", "bob": "bob", "21": "bob"}
    server.plan.reconfigure(CallSettings.model_validate(given), extensions, ["support"])


def talks(server: InProcess) -> int:
    return len(server.facts(ConversationStarted))


@stepped
async def test_u16_an_agent_dials_a_colleague_by_extension_and_both_are_busy() -> None:
    async with serving(FLOW) as server:
        plan(server)
        server.sign_in("alice")
        server.sign_in("bob", Manners(answers_after_s=3), Manners(answers_after_s=None))
        alice = server.line.dial("21", agent="alice")
        await server.until(lambda: alice.rung)
        assert state(server, "alice") is AgentState.TALKING
        await server.until(lambda: talks(server))
        bob = server.line.far[1]
        assert alice.talks_with(bob)
        assert state(server, "bob") is AgentState.TALKING
        assert server.facts(ContactStarted)[0].origin.value == "internal"
        alice.hang_up()
        await server.until(lambda: all(phone.over for phone in server.line.far))
        assert state(server, "alice") is AgentState.AVAILABLE
        assert state(server, "bob") is AgentState.AVAILABLE
    assert len(server.recordings.finished) == 1


@stepped
async def test_u16_an_agent_dials_outside_by_the_dial_plan_and_the_contact_begins_with_them() -> None:
    async with serving(FLOW) as server:
        plan(server)
        server.sign_in("alice")
        server.line.numbers[PARCELS] = Manners(answers_after_s=2)
        alice = server.line.dial("030123456", agent="alice")
        assert server.journal.awaited == 0
        await server.until(lambda: talks(server))
        outside = server.line.far[-1]
        assert alice.talks_with(outside)
        assert outside.call.local_uri.startswith("sip:+4930555000")
        assert server.journal.awaited == 1
        outside.hang_up()
        await server.until(lambda: alice.over)
    assert server.outcome() is ContactOutcome.SERVED
    assert list(server.recordings.finished.values()) == ["alice"]


@stepped
async def test_u16_calls_of_agents_are_recorded_by_policy() -> None:
    async with serving(FLOW) as server:
        plan(server, record=False)
        server.line.numbers[PARCELS] = Manners()
        alice = server.line.dial("030123456", agent="alice")
        await server.until(lambda: talks(server))
        alice.hang_up()
    assert not server.recordings.finished


@stepped
async def test_u16_what_the_called_side_refuses_reaches_the_agents_phone_with_its_status() -> None:
    async with serving(FLOW) as server:
        plan(server)
        server.sign_in("alice")
        server.line.numbers[PARCELS] = Manners(rings=False, refuses=486)
        alice = server.line.dial("030123456", agent="alice")
        await server.until(lambda: alice.over)
        assert alice.status == 486
        assert state(server, "alice") is AgentState.AVAILABLE
    assert server.outcome() is ContactOutcome.NOT_ANSWERED


@stepped
async def test_u16_each_rejection_has_its_status_and_rule_and_no_contact() -> None:
    async with serving(FLOW, more={"200": OPENING}) as server:
        plan(server, countries=("DE", "AT"), max_calls_per_hour=2)
        refused = []
        for number in ("0017005551234", "09001234567", "555", "alice", "00491"):
            phone = server.line.dial(number, agent="alice")
            await server.until(lambda phone=phone: phone.over)  # type: ignore[misc]
            refused.append(phone.status)
        assert refused == [403, 403, 404, 482, 484]
        for _ in range(3):
            phone = server.line.dial("030123456", agent="alice")
            await server.until(lambda phone=phone: phone.over)  # type: ignore[misc]
        assert phone.status == 403, "only two within an hour"
        assert len(server.facts(ContactStarted)) == 2
        for rule in ("country", "premium", "no-such-number", "oneself", "incomplete", "calls-per-hour"):
            assert counted(server, f"dial.{rule}") == 1, rule


def counted(server: InProcess, rule: str) -> float | None:
    return server.metrics.registry.get_sample_value("trunkline_calls_refused_total", {"reason": rule})


@stepped
async def test_where_agents_send_customers_outside_counts_until_it_is_over_and_within_the_hour() -> None:
    rule = DialRule(pattern="0[1-9].", trunk="carrier", strip=1, prefix="+49", max_calls=1)
    async with talking() as (server, customer, alice):
        plan(server, dial=(rule,), max_calls_per_hour=2)
        server.line.numbers[PARCELS] = Manners()
        alice.refer("sip:030123456@trunkline.example")
        await server.until(lambda: customer.talks_with(server.line.far[-1]))
        outside = server.line.far[-1]
        full = server.line.dial("030123456", agent="alice")
        await server.until(lambda: full.over)
        assert counted(server, "dial.rule-full") == 1, "the agent has left, but not the trunk's channel"
        customer.hang_up()
        await server.until(lambda: outside.over)
        made = server.line.dial("030123456", agent="alice")
        await server.until(lambda: made.answered)
        called = server.line.far[-1]
        made.hang_up()
        await server.until(lambda: called.over)
        third = server.line.dial("030123456", agent="alice")
        await server.until(lambda: third.over)
        assert counted(server, "dial.calls-per-hour") == 1
        assert server.plan.usage.now_by_agent[ALICE] == 0
        assert not any(server.plan.usage.now_by_rule.values())


@stepped
async def test_a_party_that_stays_when_the_agent_leaves_still_counts_for_its_rule() -> None:
    async with serving(FLOW) as server:
        plan(server)
        server.sign_in("bob", Manners())
        server.line.numbers[PARCELS] = Manners()
        alice = server.line.dial("030123456", agent="alice")
        await server.until(lambda: talks(server))
        outside = server.line.far[-1]
        alice.refer("sip:bob@trunkline.example")
        await server.until(lambda: alice.over and talks(server) == 2)
        usage = server.plan.usage
        assert (usage.now_by_agent[ALICE], usage.now_by_rule["0[1-9]."]) == (0, 1)
        outside.hang_up()
        await server.until(lambda: outside.over)
        assert usage.now_by_rule["0[1-9]."] == 0


@stepped
async def test_u16_emergency_numbers_know_no_limit() -> None:
    async with serving(FLOW) as server:
        plan(server, max_calls_per_hour=1, max_calls_per_agent=1)
        server.line.numbers[PARCELS] = Manners()
        server.line.numbers["sip:112@carrier"] = Manners()
        server.line.dial("030123456", agent="alice")
        await server.until(lambda: talks(server) == 1)
        help_ = server.line.dial("112", agent="alice")
        await server.until(lambda: talks(server) == 2)
        assert help_.talks_with(server.line.far[-1])
        assert server.journal.awaited == 1, "an emergency does not wait for the disk"
        assert not server.facts(QueueJoined)


@stepped
async def test_u16_an_agent_dials_a_number_of_ours_and_is_busy_while_the_flow_has_them() -> None:
    async with serving(FLOW, more={"200": OPENING}) as server:
        plan(server)
        server.sign_in("alice")
        alice = server.line.dial("200", agent="alice")
        await server.until(lambda: alice.answered)
        await server.until(lambda: any("We open at nine" in each for each in alice.hears()))
        assert state(server, "alice") is AgentState.TALKING
        await server.until(lambda: alice.over)
        assert state(server, "alice") is AgentState.AVAILABLE


@stepped
async def test_u16_an_agent_who_gives_up_stops_the_ringing() -> None:
    async with serving(FLOW) as server:
        plan(server)
        server.line.numbers[PARCELS] = Manners(answers_after_s=None)
        alice = server.line.dial("030123456", agent="alice")
        await server.until(lambda: alice.rung)
        alice.hang_up()
        await server.until(lambda: server.line.far[-1].over)
    assert server.outcome() is ContactOutcome.NOT_ANSWERED


async def consulting(server: InProcess, number: str) -> FarPhone:
    """Alice's second call, while the customer is on hold."""
    before = talks(server)
    second = server.line.dial(number, agent="alice")
    await server.until(lambda: talks(server) == before + 1)
    return second


@stepped
async def test_u2_an_attended_transfer_joins_the_customer_with_whom_the_agent_consulted() -> None:
    async with talking(Manners()) as (server, customer, alice):
        plan(server)
        contact = server.contact
        alice.hold()
        second = await consulting(server, "bob")
        bob = server.line.far[-1]
        assert second.talks_with(bob)
        alice.refer("sip:bob@trunkline.example", second.as_replaced)
        await server.until(lambda: customer.talks_with(bob))
        assert alice.transfer == [202, 200]
        await server.until(lambda: alice.over and second.over)
        assert not bob.over
        assert state(server, "alice") is AgentState.AVAILABLE
        assert state(server, "bob") is AgentState.TALKING
        bob.hang_up()
        await server.until(lambda: "Thank you for calling." in customer.hears())
        assert state(server, "bob") is AgentState.AVAILABLE
    [started] = server.facts(TransferStarted)
    assert (started.contact, started.by) == (contact, "alice")
    [finished] = server.facts(TransferFinished)
    assert finished.result is TransferResult.ANSWERED
    assert "alice, bob" in server.recordings.finished.values(), "one recording of the customer through it all"
    moved = [fact for fact in server.facts(LegEnded) if "gone over" in fact.reason]
    assert len(moved) == 1


@stepped
async def test_u2_somebody_outside_who_was_consulted_gets_the_customer() -> None:
    async with talking() as (server, customer, alice):
        plan(server)
        server.line.numbers[PARCELS] = Manners()
        second = await consulting(server, "030123456")
        outside = server.line.far[-1]
        alice.refer("sip:030123456@trunkline.example", second.as_replaced)
        await server.until(lambda: customer.talks_with(outside))
        await server.until(lambda: alice.over and second.over)
        customer.hang_up()
        await server.until(lambda: outside.over)


@stepped
async def test_u2_an_agent_of_a_queue_who_was_consulted_gets_the_customer() -> None:
    other = QueueSettings(name="second", skills={"support": 3}, wrap_up_s=0)
    second_flow = FLOW.replace("queue: support", "queue: second")
    async with talking(Manners(), more={"300": second_flow}, also=(other,)) as (server, customer, alice):
        plan(server)
        second = await consulting(server, "300")
        bob = server.line.far[-1]
        alice.refer("sip:300@trunkline.example", second.as_replaced)
        await server.until(lambda: customer.talks_with(bob))
        await server.until(lambda: second.over)
        assert not bob.over
        bob.hang_up()
        await server.until(lambda: state(server, "bob") is AgentState.AVAILABLE)
        await server.until(lambda: "Thank you for calling." in customer.hears())


@stepped
async def test_u2_a_consultation_that_still_rings_becomes_a_blind_transfer() -> None:
    async with talking(Manners(answers_after_s=20)) as (server, customer, alice):
        plan(server)
        second = server.line.dial("bob", agent="alice")
        await server.until(lambda: second.rung)
        alice.refer("sip:bob@trunkline.example", second.as_replaced)
        await server.until(lambda: second.over)
        await server.until(lambda: talks(server) == 2)
        assert customer.talks_with(server.line.far[-1])


@stepped
async def test_a_replaces_of_somebody_elses_call_is_refused() -> None:
    async with talking(Manners()) as (server, customer, alice):
        plan(server)
        other = server.line.dial("21", agent="carol")
        await server.until(lambda: talks(server) == 2)
        alice.refer("sip:21@trunkline.example", other.as_replaced)
        alice.refer("sip:21@trunkline.example", "nobody;to-tag=1;from-tag=2")
        assert alice.transfer == [403, 481]
        assert customer.talks_with(alice)
        assert [each.rule for each in server.facts(TransferRefused)] == [
            "transfer.replaces-other-call",
            "transfer.replaces-unknown",
        ]


async def heard(server: InProcess, number: str) -> str:
    """What alice's phone is told when she dials that."""
    phone = server.line.dial(number, agent="alice")
    await server.until(lambda: phone.answered)
    await server.until(lambda: phone.over or phone.hears())
    said = " ".join(phone.hears())
    await server.until(lambda: phone.over)
    return said


@stepped
async def test_u7_breaks_begin_and_end_by_dialling() -> None:
    async with serving(FLOW) as server:
        plan(server)
        server.sign_in("alice")
        assert "You take a break." in await heard(server, "*1")
        assert state(server, "alice") is AgentState.BREAK
        assert "You take calls again." in await heard(server, "*0")
        assert state(server, "alice") is AgentState.AVAILABLE
        assert not server.facts(ContactStarted), "no contact comes of it"


@stepped
async def test_s51_a_wrap_up_code_is_dialled() -> None:
    coded = QueueSettings(
        name="support", skills={"support": 1}, wrap_up_codes=("order",), wrap_up_code_required=True
    )
    async with serving(FLOW, queues=(coded,)) as server:
        plan(server, wrap_up_keys={"1": "order", "2": "weather"})
        server.sign_in("alice")
        await server.call()
        await server.until(lambda: talks(server))
        server.line.far[-1].hang_up()
        await server.until(lambda: state(server, "alice") is AgentState.WRAP_UP)
        assert "A code is required." in await heard(server, "*0")
        assert "not known" in await heard(server, "*22")
        assert state(server, "alice") is AgentState.WRAP_UP
        assert "Thank you." in await heard(server, "*21")
        assert state(server, "alice") is AgentState.AVAILABLE
