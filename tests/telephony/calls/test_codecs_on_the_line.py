"""Which codec two lines speak: what their settings name, and what is heard then."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Network

import numpy as np
import pytest
from pydantic import ValidationError

from media.description import SoundCodec
from media.engine import MediaEngine
from media.events import TalkStarted
from media.g711 import ulaw_encode
from media.settings import MediaSettings
from media.sound import Sound
from telephony.call import Call
from telephony.call_events import CallEvent
from telephony.endpoint import SipEndpoint
from telephony.settings import CodecName, RegistrarSettings, SipSettings, TrunkSettings
from tests.fakes.media import FakeLeg
from tests.patience import PATIENCE_S
from tests.telephony.calls.phone import PhoneMaker


def trunk(*codecs: CodecName) -> tuple[TrunkSettings, ...]:
    return (TrunkSettings(name="carrier", networks=(IPv4Network("127.0.0.0/8"),), codecs=codecs),)


@pytest.mark.parametrize(
    ("ours", "theirs", "codec"),
    [
        (("G722", "PCMA"), ("PCMA", "G722"), SoundCodec.G722),
        (("PCMA", "G722"), ("G722", "PCMA"), SoundCodec.PCMA),
        (("G722", "PCMA"), ("PCMU", "PCMA"), SoundCodec.PCMA),
    ],
)
async def test_s_g722_two_lines_speak_the_first_codec_of_the_caller_that_both_name(
    phones: PhoneMaker, ours: tuple[CodecName, ...], theirs: tuple[CodecName, ...], codec: SoundCodec
) -> None:
    callee, caller = await phones(trunks=trunk(*theirs)), await phones(trunks=trunk(*ours))
    outgoing = await caller.endpoint.place_call(callee.uri())
    incoming = await asyncio.wait_for(callee.arrived.get(), PATIENCE_S)
    await incoming.answer()
    await outgoing.wait_answered()
    for call in (outgoing, incoming):
        assert isinstance(call.leg, FakeLeg)
        assert call.leg.descriptions[-1].codec is codec


def test_codecs_are_named_once_and_at_least_one() -> None:
    for names in ([], ["PCMU", "PCMU"], ["OPUS"]):
        with pytest.raises(ValidationError):
            RegistrarSettings.model_validate({"codecs": names})


# On a fresh machine the engine is compiled first, which a loaded one needs minutes for.
@pytest.mark.timeout(600)
async def test_s_g722_what_one_side_plays_the_other_hears_in_g722() -> None:
    engine, calls = MediaEngine(MediaSettings()), asyncio.Queue[Call]()
    await engine.start()
    settings = SipSettings(port=0, trunks=trunk("G722"))
    caller = SipEndpoint(settings, engine, lambda call: None)
    callee = SipEndpoint(settings, engine, calls.put_nowait)
    await caller.start()
    port = (await callee.start()).port
    outgoing = await caller.place_call(f"sip:100@127.0.0.1:{port}")
    told: asyncio.Queue[CallEvent] = asyncio.Queue()
    outgoing.on_event = told.put_nowait
    incoming = await asyncio.wait_for(calls.get(), PATIENCE_S)
    await incoming.answer()
    await outgoing.wait_answered()
    outgoing.leg.listen(True)
    wave = 8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    incoming.leg.play([Sound("tone", ulaw_encode(wave.astype(np.int16)).tobytes())], loop=True)
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(await told.get(), TalkStarted):
            pass
    for endpoint in (caller, callee):
        await endpoint.stop()
    await engine.stop()
