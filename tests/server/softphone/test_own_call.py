"""One call of the softphone on our own stack: what it reports, and what it keeps."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from media.errors import MediaError
from media.g711 import ULAW_SILENCE, ulaw_encode
from media.sound import Sound
from server.softphone import events
from server.softphone.events import Event
from server.softphone.own_call import Conversation
from telephony.call_events import Digit, Held, Resumed
from telephony.session.events import Hangup, Party
from tests.fakes.line import FakeLine, FarPhone, Manners
from tests.fakes.media import FakeEngine
from tests.interop.sound import read_wav

PEER = "sip:peer@peer.example"


@dataclass
class OnTheLine:
    """A conversation on a fake line, with everything it reported."""

    engine: FakeEngine
    far: FarPhone
    conversation: Conversation
    reported: list[Event] = field(default_factory=list)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.reported if isinstance(event, kind)]


async def placed(manners: Manners | None = None) -> OnTheLine:
    engine = FakeEngine()
    line = FakeLine(engine)
    line.numbers[PEER] = manners or Manners(answers_after_s=0.05)
    call = await line.place_call(PEER)
    reported: list[Event] = []
    return OnTheLine(engine, line.far[-1], Conversation(call, reported.append), reported)


async def test_ringing_answer_and_end_are_reported() -> None:
    phone = await placed()
    await phone.conversation.call.wait_answered()
    await phone.conversation.hang_up()
    await phone.conversation.finish()
    assert [type(event) for event in phone.reported] == [
        events.PhoneRinging,
        events.PhoneAnswered,
        events.MediaActive,
        events.Disconnected,
    ]
    [end] = phone.of(events.Disconnected)
    assert isinstance(end, events.Disconnected)
    assert end.by is events.PhoneParty.SELF


async def test_a_refusal_is_reported_with_its_status() -> None:
    phone = await placed(Manners(refuses=486))
    await phone.conversation.finish()
    [end] = phone.of(events.Disconnected)
    assert isinstance(end, events.Disconnected)
    assert (end.status, end.by, end.duration_s) == (486, events.PhoneParty.PEER, 0.0)


async def test_hold_resume_and_keys_are_reported_with_who_did_it() -> None:
    phone = await placed()
    await phone.conversation.call.wait_answered()
    on_event = phone.conversation.call.on_event
    on_event(Held())
    on_event(Resumed())
    on_event(Digit("7", at_s=1.0))
    assert phone.reported[-3:] == [
        events.PhoneHeld(events.PhoneParty.PEER),
        events.PhoneResumed(),
        events.KeyReceived("7"),
    ]


async def test_a_sound_is_played_and_its_end_is_reported_with_its_file() -> None:
    phone = await placed()
    await phone.conversation.call.wait_answered()
    phone.conversation.play(Sound("words", bytes([ULAW_SILENCE]) * 1600), Path("words.wav"))
    assert phone.far.hears() == ("words",)
    phone.engine.advance(0.3)
    assert phone.reported[-1] == events.PlaybackDone(Path("words.wav"))


async def test_before_the_answer_there_is_nothing_to_play_into() -> None:
    phone = await placed(Manners(answers_after_s=None))
    with pytest.raises(MediaError):
        phone.conversation.play(Sound("words", b"\xff" * 160), Path("words.wav"))


async def test_what_was_heard_is_kept_as_it_was_said(tmp_path: Path) -> None:
    phone = await placed()
    phone.conversation.record(tmp_path / "heard.wav")
    await phone.conversation.call.wait_answered()
    tone = (8000 * np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000)).astype(np.int16)
    phone.far.leg.say(bytes(ulaw_encode(tone)))
    for _ in range(12):
        phone.engine.advance(0.1)
        await asyncio.sleep(0)
    phone.far.hang_up()
    await phone.conversation.finish()
    assert phone.reported[-1] == events.Recorded(tmp_path / "heard.wav")
    heard = read_wav(tmp_path / "heard.wav")[:, 0].astype(float)[:8000]
    assert np.corrcoef(heard, tone.astype(float))[0, 1] > 0.99


async def test_a_call_that_was_never_answered_leaves_no_recording(tmp_path: Path) -> None:
    phone = await placed(Manners(refuses=603))
    phone.conversation.record(tmp_path / "heard.wav")
    await phone.conversation.finish()
    assert not (tmp_path / "heard.wav").exists()
    assert not phone.of(events.Recorded)


async def test_an_incoming_call_that_still_rings_is_refused_and_not_hung_up() -> None:
    line = FakeLine(FakeEngine())
    far = line.dial("100")
    conversation = Conversation(far.call, lambda event: None)
    await conversation.hang_up()
    assert (await far.call.ended) == Hangup(Party.US, 486, "")
    assert far.status == 486
