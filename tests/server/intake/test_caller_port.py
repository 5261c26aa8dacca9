"""A caller's line as a flow uses it, over a fake leg."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from contacts.facts.contact import ContactFact, PromptStarted, SecretEntry
from contacts.ids import ContactId
from ivr_flows.engine.inputs import (
    DigitPressed,
    DigitsSent,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackId,
)
from ivr_flows.engine.instructions import Enqueue, PlayKeys, StartPlayback, Transfer
from ivr_flows.engine.requests import CallbackRequest
from ivr_flows.segments import Pause, PromptFile, Segment, Text
from media.speech.synthesis import Voice
from server.intake.caller_port import MAX_INPUTS, CallerPort
from server.intake.prompts import Prompts
from server.outside.asking import OutsideAnswer, OutsideAsking
from server.tasks import Tasks
from telephony.call_events import Digit
from tests.fakes.keeping import FakeVoice, FakeWeb, nothing_kept
from tests.fakes.line import FakeLine, FarPhone
from tests.fakes.media import FakeEngine
from tests.fakes.stepped_loop import stepped

ID = ContactId("c1")


class NoOrders:
    """A flow that only speaks and listens."""

    async def answer(self) -> None: ...

    async def enqueue(self, order: Enqueue) -> None: ...

    async def transfer(self, order: Transfer) -> None: ...

    async def callback(self, wanted: CallbackRequest) -> OutsideAnswer:
        raise NotImplementedError


@dataclass
class Spoken:
    """A port on an answered call."""

    engine: FakeEngine
    phone: FarPhone
    port: CallerPort
    voice: FakeVoice
    facts: list[ContactFact] = field(default_factory=list)

    async def play(self, playback: int, *segments: Segment, loop: bool = False) -> None:
        await self.port.play(StartPlayback(PlaybackId(playback), segments, barge_in=True, loop=loop))

    async def plays_out(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.engine.advance(0.1)
            await asyncio.sleep(0.1)

    async def inputs(self) -> list[object]:
        found: list[object] = []
        while True:
            try:
                async with asyncio.timeout(0.01):
                    found.append(await self.port.next_input())
            except TimeoutError:
                return found


async def on_the_line() -> Spoken:
    loop, engine, voice = asyncio.get_running_loop(), FakeEngine(), FakeVoice()
    line = FakeLine(engine)
    phone = line.dial("100")
    facts: list[ContactFact] = []
    web = FakeWeb()
    prompts = Prompts(voice, Voice("test", 170, 50))
    outside = OutsideAsking(web, {}, nothing_kept(), Tasks(), loop.time)
    port = CallerPort(ID, phone.call, NoOrders(), prompts, outside, None, facts.append, loop.time)
    phone.call.on_event = port.on_event
    await phone.call.answer()
    return Spoken(engine, phone, port, voice, facts)


@stepped
async def test_a_prompt_is_told_as_finished_when_its_last_sample_is_sent() -> None:
    spoken = await on_the_line()
    await spoken.play(1, Text("Hello"))
    assert spoken.phone.hears() == ("Hello",)
    await spoken.plays_out(0.1)
    assert await spoken.inputs() == []
    await spoken.plays_out(0.5)
    assert await spoken.inputs() == [PlaybackFinished(PlaybackId(1))]


@stepped
async def test_a_prompt_that_was_replaced_is_not_told_as_finished() -> None:
    spoken = await on_the_line()
    await spoken.play(1, Text("Hello"))
    await spoken.play(2, Text("Good-bye"))
    await spoken.plays_out(2)
    assert await spoken.inputs() == [PlaybackFinished(PlaybackId(2))]


@stepped
async def test_a_prompt_without_anything_in_it_is_over_at_once() -> None:
    spoken = await on_the_line()
    await spoken.play(1)
    assert await spoken.inputs() == [PlaybackFinished(PlaybackId(1))]


@stepped
async def test_a_pause_has_its_length() -> None:
    spoken = await on_the_line()
    await spoken.play(1, Pause(1000))
    await spoken.plays_out(0.8)
    assert await spoken.inputs() == []
    await spoken.plays_out(0.4)
    assert await spoken.inputs() == [PlaybackFinished(PlaybackId(1))]


@stepped
async def test_finding_04_a_text_that_cannot_be_said_is_told_and_does_not_raise() -> None:
    spoken = await on_the_line()
    spoken.voice.mute = True
    await spoken.play(1, Text("Hello"))
    assert await spoken.inputs() == [PlaybackFailed(PlaybackId(1), "SynthesisError")]


@stepped
async def test_finding_04_a_prompt_file_that_is_gone_is_told_and_does_not_raise() -> None:
    spoken = await on_the_line()
    await spoken.play(1, PromptFile(Path("nowhere.wav")))
    [failed] = await spoken.inputs()
    assert isinstance(failed, PlaybackFailed)


@stepped
async def test_stopping_another_playback_leaves_this_one_alone() -> None:
    spoken = await on_the_line()
    await spoken.play(2, Text("Hello"))
    await spoken.port.stop_playback(PlaybackId(1))
    assert spoken.phone.hears() == ("Hello",)
    await spoken.port.stop_playback(PlaybackId(2))
    assert spoken.phone.hears() == ()


@stepped
async def test_finding_29_a_key_carries_the_moment_of_its_press() -> None:
    spoken = await on_the_line()
    spoken.port.on_event(Digit("5", at_s=123.0))
    assert await spoken.inputs() == [DigitPressed("5", 123.0)]


@stepped
async def test_finding_50_only_the_prompt_that_a_key_caused_is_measured() -> None:
    spoken = await on_the_line()
    loop = asyncio.get_running_loop()
    spoken.port.on_event(Digit("5", at_s=loop.time()))
    await asyncio.sleep(0.2)
    await spoken.play(1, Text("Five."))
    await spoken.play(2, Text("And something else."))
    told = [fact for fact in spoken.facts if isinstance(fact, PromptStarted)]
    assert [round(fact.after_key_ms) for fact in told] == [200]


@stepped
async def test_finding_50_a_prompt_ten_minutes_after_the_key_is_no_answer_to_it() -> None:
    spoken = await on_the_line()
    spoken.port.on_event(Digit("5", at_s=asyncio.get_running_loop().time()))
    await asyncio.sleep(600)
    await spoken.play(1, Text("Somebody else."))
    assert not [fact for fact in spoken.facts if isinstance(fact, PromptStarted)]


@stepped
async def test_keys_beyond_what_a_flow_can_take_are_dropped_and_nothing_grows() -> None:
    spoken = await on_the_line()
    for _ in range(MAX_INPUTS + 50):
        spoken.port.on_event(Digit("1", at_s=1.0))
    assert len(await spoken.inputs()) == MAX_INPUTS


@stepped
async def test_finding_26_a_secret_shields_the_leg() -> None:
    spoken = await on_the_line()
    await spoken.port.conceal(True)
    assert spoken.phone.leg.shielded
    await spoken.port.conceal(False)
    assert not spoken.phone.leg.shielded
    assert [fact.on for fact in spoken.facts if isinstance(fact, SecretEntry)] == [True, False]


@stepped
async def test_keys_are_sent_and_told_when_the_last_is_out() -> None:
    spoken = await on_the_line()
    await spoken.port.send_digits(PlayKeys("123", tone_ms=100, gap_ms=100))
    assert spoken.phone.leg.digits_sent == "123"
    assert await spoken.inputs() == []
    await asyncio.sleep(0.7)
    assert await spoken.inputs() == [DigitsSent()]


@stepped
async def test_after_the_hang_up_every_order_is_harmless() -> None:
    spoken = await on_the_line()
    spoken.phone.hang_up()
    await spoken.play(1, Text("Too late."))
    await spoken.port.stop_playback(PlaybackId(1))
    await spoken.port.conceal(True)
    await spoken.port.stop_listening()
    await spoken.port.send_digits(PlayKeys("1", tone_ms=100, gap_ms=100))
