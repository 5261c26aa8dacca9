"""Agents' phones as dispatch rings them: one answer or failure for every ring, one end for every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from acd.events import AgentCallEnded, OfferAnswered, OfferFailed, OfferFailure
from acd.events import Event as DispatchEvent
from contacts.facts.contact import LegAnswered, LegEnded, LegRinging, LegStarted, ParticipantJoined
from contacts.facts.queue import OfferRefused
from contacts.ids import AgentId, ContactId, LegId, OfferId
from server.intake.agent_legs import AgentLegs
from server.intake.parties import participant_of
from telephony.call import Call
from tests.fakes.line import FarPhone, Manners
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import InProcess, serving

ALICE = AgentId("alice")
OFFER = OfferId("offer-1")
HOLD = """
flow: hold
version: 1
start: wait
nodes:
  wait:
    say: Please hold the line, it will take a while until somebody is there for you, so do not go away.
    next: bye
  bye: {hangup: normal}
"""


@dataclass
class Rung:
    """A caller on the line, an agent's phones, and what dispatch was told of them."""

    server: InProcess
    legs: AgentLegs
    caller: FarPhone
    told: list[DispatchEvent] = field(default_factory=list)

    @property
    def contact(self) -> ContactId:
        return self.server.contact

    def ring(self, *phones: Manners) -> None:
        self.server.line.phones["alice"] = list(phones)
        self.legs.ring(OFFER, ALICE, self.contact, 15)

    @property
    def phones(self) -> list[FarPhone]:
        """Those that were called, in the order of registration."""
        return self.server.line.far[1:]

    async def until_told(self, count: int = 1) -> list[DispatchEvent]:
        await self.server.until(lambda: len(self.told) >= count, within_s=30)
        return self.told

    async def settle(self) -> None:
        await self.server.pass_time(0.5)


@asynccontextmanager
async def ringing() -> AsyncIterator[Rung]:
    async with serving(HOLD) as server:
        caller = await server.call()
        told: list[DispatchEvent] = []
        legs = AgentLegs(server.line, server.line, server.active, told.append, server.services.tasks)
        yield Rung(server, legs, caller, told)


@stepped
async def test_an_answer_is_told_to_dispatch_and_to_the_contact() -> None:
    async with ringing() as rung:
        rung.ring(Manners(answers_after_s=1))
        assert await rung.until_told() == [OfferAnswered(OFFER)]
        facts = rung.server.facts
        assert [fact.participant for fact in facts(ParticipantJoined)] == ["customer", "agent:alice"]
        assert facts(LegStarted)[-1].leg == LegId(OFFER)
        assert len(facts(LegRinging)) == 1
        assert facts(LegAnswered)[-1].setup_ms == pytest.approx(1000, abs=200)
        assert rung.legs.answered_at(OFFER) is not None


@stepped
async def test_an_agent_without_a_phone_cannot_be_reached() -> None:
    async with ringing() as rung:
        rung.ring()
        assert await rung.until_told() == [OfferFailed(OFFER, OfferFailure.UNREACHABLE)]
        assert rung.server.facts(OfferRefused)[0].reason == "unreachable"


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (486, OfferFailure.BUSY),
        (603, OfferFailure.REJECTED),
        (480, OfferFailure.UNREACHABLE),
        (404, OfferFailure.REJECTED),
    ],
)
def test_a_refusal_has_its_reason(status: int, failure: OfferFailure) -> None:
    @stepped
    async def run() -> None:
        async with ringing() as rung:
            rung.ring(Manners(refuses=status))
            assert await rung.until_told() == [OfferFailed(OFFER, failure)]
            assert rung.server.facts(LegEnded)[-1].status == status

    run()


@stepped
async def test_one_phone_that_is_busy_does_not_end_the_ringing_of_another() -> None:
    async with ringing() as rung:
        rung.ring(Manners(refuses=486), Manners(answers_after_s=5))
        assert await rung.until_told() == [OfferAnswered(OFFER)]
        assert rung.phones[0].over


@stepped
async def test_when_every_phone_has_refused_the_offer_has_failed_once() -> None:
    async with ringing() as rung:
        rung.ring(Manners(refuses=486), Manners(refuses=486), Manners(refuses=486))
        await rung.until_told()
        await rung.settle()
        assert rung.told == [OfferFailed(OFFER, OfferFailure.BUSY)]


@stepped
async def test_two_phones_that_answer_in_the_same_moment_give_one_leg() -> None:
    async with ringing() as rung:
        rung.ring(Manners(answers_after_s=1), Manners(answers_after_s=1))
        await rung.until_told()
        await rung.settle()
        assert rung.told == [OfferAnswered(OFFER)]
        assert sorted(phone.over for phone in rung.phones) == [False, True]


@stepped
async def test_a_withdrawn_offer_rings_no_more_and_is_told_as_withdrawn() -> None:
    async with ringing() as rung:
        rung.ring(Manners(answers_after_s=None), Manners(answers_after_s=None))
        await rung.settle()
        rung.legs.stop_ringing(OFFER)
        assert await rung.until_told() == [OfferFailed(OFFER, OfferFailure.WITHDRAWN)]
        assert all(phone.over for phone in rung.phones)


@stepped
async def test_an_offer_withdrawn_before_it_was_placed_rings_nobody() -> None:
    async with ringing() as rung:
        rung.ring(Manners())
        rung.legs.stop_ringing(OFFER)
        await rung.until_told()
        assert not rung.phones
        assert isinstance(rung.told[0], OfferFailed)


@stepped
async def test_the_end_of_an_answered_leg_is_told_once() -> None:
    async with ringing() as rung:
        rung.ring(Manners(answers_after_s=1))
        await rung.until_told()
        rung.phones[0].hang_up()
        assert await rung.until_told(2) == [OfferAnswered(OFFER), AgentCallEnded(OFFER, lost=False)]
        assert rung.legs.answered_at(OFFER) is None


@stepped
async def test_finding_06_a_leg_that_was_lost_is_told_as_lost() -> None:
    async with ringing() as rung:
        rung.ring(Manners(answers_after_s=1))
        await rung.until_told()
        rung.phones[0].vanish()
        assert (await rung.until_told(2))[1] == AgentCallEnded(OFFER, lost=True)


@stepped
async def test_a_leg_is_hung_up_on_order() -> None:
    async with ringing() as rung:
        rung.ring(Manners(answers_after_s=1))
        await rung.until_told()
        rung.legs.hang_up(OFFER)
        await rung.until_told(2)
        assert rung.phones[0].over


@stepped
async def test_a_caller_who_has_gone_costs_dispatch_no_promise() -> None:
    async with ringing() as rung:
        contact = rung.contact
        rung.caller.hang_up()
        await rung.server.until(lambda: contact not in rung.server.active)
        rung.ring(Manners())
        assert isinstance((await rung.until_told())[0], OfferFailed)


@stepped
async def test_an_engine_without_room_is_a_failure_of_the_offer_and_not_of_the_contact() -> None:
    async with ringing() as rung:
        rung.server.engine.full = True
        rung.ring(Manners())
        assert await rung.until_told() == [OfferFailed(OFFER, OfferFailure.NETWORK)]
        assert not rung.caller.over


@stepped
async def test_an_order_about_an_offer_that_is_over_does_nothing() -> None:
    async with ringing() as rung:
        rung.legs.stop_ringing(OfferId("nobody's"))
        rung.legs.hang_up(OfferId("nobody's"))
        await rung.settle()
        assert rung.told == []


@stepped
async def test_the_agents_phone_is_told_the_contact_and_the_caller() -> None:
    async with ringing() as rung:
        placed: list[dict[str, object]] = []
        place = rung.server.line.place_call

        async def watched(target: object, **given: object) -> Call:
            placed.append(given)
            return await place(target, **given)  # type: ignore[arg-type]

        rung.server.line.place_call = watched  # type: ignore[method-assign]
        rung.ring(Manners())
        await rung.until_told()
        assert placed[0]["caller"] == "0301234567"
        assert placed[0]["headers"] == (("X-Contact-ID", str(rung.contact)),)


def test_an_agent_has_one_part_in_a_contact_however_often_they_are_rung() -> None:
    assert participant_of(ALICE) == participant_of(AgentId("alice")) == "agent:alice"
