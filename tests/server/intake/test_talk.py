"""Two parties who hear each other, and what the customer hears between flow and talk."""

from __future__ import annotations

import asyncio

from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactFact, HoldEnded, HoldStarted, PromptFailed
from contacts.ids import ContactId, ParticipantId
from media.hold_music import hold_music
from media.speech.synthesis import Voice
from server.intake.customer_sound import CustomerSound
from server.intake.prompts import Prompts
from server.intake.talk import Side, Talk
from telephony.call_events import CallEvent, Digit, Held, Resumed
from tests.fakes.keeping import FakeVoice
from tests.fakes.line import FakeLine, FarPhone, Manners
from tests.fakes.media import FakeEngine
from tests.fakes.stepped_loop import stepped

ID = ContactId("c1")
ALICE = ParticipantId("agent:alice")


async def two_calls() -> tuple[FarPhone, FarPhone]:
    line = FakeLine(FakeEngine())
    customer = line.dial("100")
    await customer.call.answer()
    line.numbers["sip:alice@a.example"] = Manners()
    call = await line.place_call("sip:alice@a.example")
    await call.wait_answered()
    return customer, line.far[-1]


async def talking() -> tuple[Talk, FarPhone, FarPhone, list[tuple[Side, bool]]]:
    customer, agent = await two_calls()
    held: list[tuple[Side, bool]] = []
    talk = Talk(customer.call, agent.call, hold_music(), lambda side, on: held.append((side, on)))
    talk.begin()
    return talk, customer, agent, held


@stepped
async def test_a_talk_begins_bridged_and_ends_silent() -> None:
    talk, customer, agent, _ = await talking()
    assert customer.talks_with(agent)
    talk.end()
    assert not customer.talks_with(agent)
    talk.end()


@stepped
async def test_who_is_on_hold_hears_music_and_who_resumes_ends_it() -> None:
    talk, customer, agent, held = await talking()
    talk.on_event(Side.OTHER, Held())
    assert customer.leg.playing is not None
    assert agent.leg.playing is None
    talk.on_event(Side.OTHER, Held())
    talk.on_event(Side.OTHER, Resumed())
    talk.on_event(Side.OTHER, Resumed())
    assert customer.leg.playing is None
    assert held == [(Side.OTHER, True), (Side.OTHER, False)]


@stepped
async def test_both_may_hold_and_each_hears_the_music_until_the_other_is_back() -> None:
    talk, customer, agent, _ = await talking()
    talk.on_event(Side.OTHER, Held())
    talk.on_event(Side.CUSTOMER, Held())
    talk.on_event(Side.OTHER, Resumed())
    assert customer.leg.playing is None
    assert agent.leg.playing is not None


@stepped
async def test_keys_go_to_the_other_side_only() -> None:
    talk, customer, agent, _ = await talking()
    talk.on_event(Side.CUSTOMER, Digit("7", at_s=1.0))
    assert agent.leg.digits_sent == "7"
    assert customer.leg.digits_sent == ""


@stepped
async def test_a_party_that_has_left_in_this_very_moment_is_no_error() -> None:
    customer, agent = await two_calls()
    agent.hang_up()
    talk = Talk(customer.call, agent.call, hold_music(), lambda side, on: None)
    talk.begin()
    talk.on_event(Side.CUSTOMER, Held())
    talk.on_event(Side.CUSTOMER, Digit("1", at_s=1.0))
    talk.on_event(Side.CUSTOMER, Resumed())
    talk.end()


async def sounding() -> tuple[CustomerSound, FarPhone, FarPhone, FakeVoice, list[ContactFact]]:
    customer, agent = await two_calls()
    voice, facts = FakeVoice(), list[ContactFact]()
    sound = CustomerSound(ID, Prompts(voice, Voice("test", 170, 50)), facts.append)
    return sound, customer, agent, voice, facts


@stepped
async def test_waiting_plays_the_queues_music_and_stopping_it_leaves_silence() -> None:
    sound, customer, _, _, _ = await sounding()
    sound.start_waiting(customer.call, None)
    assert customer.leg.playing is not None
    assert customer.leg.playing.loop
    sound.stop_waiting()
    assert customer.leg.playing is None


@stepped
async def test_an_announcement_goes_over_the_music_which_then_comes_back() -> None:
    sound, customer, _, _, _ = await sounding()

    def on_event(event: CallEvent) -> None:
        sound.on_customer(event)

    customer.call.on_event = on_event
    sound.start_waiting(customer.call, None)
    await sound.announce(2, None)
    assert "number 2" in customer.hears()[0]
    for _ in range(60):
        customer.leg._engine.advance(0.1)
        await asyncio.sleep(0)
    assert customer.leg.playing is not None
    assert customer.leg.playing.loop


@stepped
async def test_finding_04_a_position_that_cannot_be_said_is_told_and_the_music_goes_on() -> None:
    sound, customer, _, voice, facts = await sounding()
    sound.start_waiting(customer.call, None)
    voice.mute = True
    await sound.announce(21, None)
    assert [type(fact) for fact in facts] == [PromptFailed]
    assert customer.leg.playing is not None


@stepped
async def test_an_announcement_that_is_ready_too_late_is_not_said() -> None:
    sound, customer, _, _, _ = await sounding()
    sound.start_waiting(customer.call, None)
    announcing = asyncio.ensure_future(sound.announce(1, None))
    sound.stop_waiting()
    await announcing
    assert customer.leg.playing is None


@stepped
async def test_an_agent_who_has_heard_it_all_when_the_customer_has_left_is_joined_with_nobody() -> None:
    sound, customer, agent, _, _ = await sounding()

    def on_event(event: CallEvent) -> None:
        sound.on_other(agent.call, event)

    agent.call.on_event = on_event
    joined: list[bool] = []
    for leaves in (False, True):
        sound.start_waiting(customer.call, None)
        assert sound.tell_agent(agent.call, (hold_music(),), lambda: joined.append(True))
        if leaves:
            sound.stop_waiting()
        for _ in range(600):
            agent.leg._engine.advance(0.1)
            await asyncio.sleep(0)
    assert joined == [True]


@stepped
async def test_a_hold_is_told_with_the_participant_who_holds() -> None:
    sound, customer, agent, _, facts = await sounding()
    sound.connect(customer.call, agent.call, ALICE)
    assert sound.talking
    sound.on_other(agent.call, Held())
    sound.on_other(agent.call, Resumed())
    sound.on_customer(Held())
    assert facts == [
        HoldStarted(contact=ID, participant=ALICE),
        HoldEnded(contact=ID, participant=ALICE),
        HoldStarted(contact=ID, participant=CUSTOMER),
    ]
    sound.disconnect()
    assert not sound.talking


@stepped
async def test_events_outside_of_talk_and_waiting_are_the_flows() -> None:
    sound, _, _, _, _ = await sounding()
    assert not sound.on_customer(Digit("1", at_s=1.0))
