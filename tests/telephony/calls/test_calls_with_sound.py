"""A call between two endpoints with the real media engine: sound, keys and hold really arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

import numpy as np
import pytest

from media.engine import MediaEngine
from media.events import PlaybackFinished, TalkStarted
from media.g711 import ulaw_encode
from media.settings import MediaSettings
from media.sound import Sound
from telephony.call import Call
from telephony.call_events import CallEvent, Digit, Held, Resumed
from telephony.endpoint import SipEndpoint
from telephony.settings import SipSettings
from tests.patience import PATIENCE_S

# On a fresh machine the engine is compiled first, which a loaded one needs minutes for.
pytestmark = pytest.mark.timeout(600)

Kind = TypeVar("Kind")
Events = dict[Call, asyncio.Queue[CallEvent]]
Talk = tuple[Call, Call, Events]


@pytest.fixture
async def talking() -> AsyncIterator[Talk]:
    """The two legs of an answered call and what each was told, as queues."""
    engine = MediaEngine(MediaSettings())
    await engine.start()
    arrived: asyncio.Queue[Call] = asyncio.Queue()
    caller = SipEndpoint(SipSettings(port=0), engine, lambda call: None)
    callee = SipEndpoint(SipSettings(port=0), engine, arrived.put_nowait)
    await caller.start()
    bound = await callee.start()
    outgoing = await caller.place_call(f"sip:100@127.0.0.1:{bound.port}")
    incoming = await arrived.get()
    events: Events = {}
    for call in (outgoing, incoming):
        events[call] = asyncio.Queue()
        call.on_event = events[call].put_nowait
    await incoming.answer()
    await outgoing.wait_answered()
    yield outgoing, incoming, events
    await caller.stop()
    await callee.stop()
    await engine.stop()


async def told(queue: asyncio.Queue[CallEvent], kind: type[Kind]) -> Kind:
    """The next event of that kind; others are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(event := await queue.get(), kind):
            pass
        return event


def tone(seconds: float) -> Sound:
    wave = 8000 * np.sin(2 * np.pi * 440 * np.arange(int(8000 * seconds)) / 8000)
    return Sound(f"tone {seconds}", ulaw_encode(wave.astype(np.int16)).tobytes())


async def test_keys_pressed_on_one_side_reach_the_owner_of_the_other(talking: Talk) -> None:
    outgoing, incoming, events = talking
    outgoing.leg.send_digits("42#")
    assert [(await told(events[incoming], Digit)).digit for _ in range(3)] == ["4", "2", "#"]


async def test_what_one_side_plays_the_other_hears(talking: Talk) -> None:
    outgoing, incoming, events = talking
    outgoing.leg.listen(True)
    playback = incoming.leg.play([tone(0.6)])
    await told(events[outgoing], TalkStarted)
    assert (await told(events[incoming], PlaybackFinished)).playback == playback


async def test_a_held_party_is_told_and_hears_music_but_is_not_heard(talking: Talk) -> None:
    outgoing, incoming, events = talking
    await incoming.hold()
    await told(events[outgoing], Held)
    for call in (outgoing, incoming):
        call.leg.listen(True)
    incoming.leg.play([tone(0.6)])
    await told(events[outgoing], TalkStarted)
    async with asyncio.timeout(PATIENCE_S):  # what was on its way when it was held still comes
        before = -1
        while (received := incoming.leg.report().packets_received) != before:
            before = received
            await asyncio.sleep(0.2)
    await incoming.resume()
    await told(events[outgoing], Resumed)
    outgoing.leg.play([tone(0.6)])
    await told(events[incoming], TalkStarted)
