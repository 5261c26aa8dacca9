"""Listening to callers: bounded in time and memory, and never the end of anything."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.errors import MediaError, MediaExhausted, NoLongerHeard
from media.events import TalkEnded, TalkStarted
from media.g711 import ulaw_decode
from media.layout import LISTEN_SAMPLES, LISTENER, LONGEST_TALK
from media.settings import MediaSettings
from media.shared_listening import tap_shared
from tests.media.conftest import Studio

ROOT = Path(__file__).parents[2]
SILENCE = b"\xff" * 160


def listened(studio: Studio, make_phone: Any, ear: Any) -> tuple[Any, Any]:
    phone = make_phone()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    leg.listen(True)
    studio.advance(0.02)
    return phone, leg


async def test_finding_02_a_spurt_without_end_is_cut_and_every_piece_can_be_had(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    ear = make_ear()
    phone, leg = listened(studio, make_phone, ear)
    seen = 0
    for _ in range(25):
        studio.talk((phone, leg, wave(1.0)))
        for event in ear[seen:]:
            if isinstance(event, TalkEnded):
                assert len(leg.heard(event.start, event.end)) == event.end - event.start <= LONGEST_TALK
                assert event.cut
        seen = len(ear)
    cuts = [event for event in ear if isinstance(event, TalkEnded)]
    assert len(cuts) == 2
    assert len([event for event in ear if isinstance(event, TalkStarted)]) == 3
    studio.talk((phone, leg, SILENCE * 50))
    [*_, last] = [event for event in ear if isinstance(event, TalkEnded)]
    assert not last.cut


async def test_finding_02_what_has_left_the_ring_is_an_error_of_its_own(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, leg = listened(studio, make_phone, make_ear())
    studio.talk((phone, leg, wave(1.0)))
    studio.advance(LISTEN_SAMPLES / 8000 + 0.5)
    with pytest.raises(NoLongerHeard):
        leg.heard(0, 1600)
    assert len(leg.heard(0, LISTEN_SAMPLES)) == LISTEN_SAMPLES


async def test_finding_03_as_many_may_listen_as_may_call_at_150_kb_each() -> None:
    settings = MediaSettings()
    assert settings.max_listeners >= settings.max_legs
    assert LISTENER.itemsize <= 150_000


async def test_finding_03_a_ring_is_given_back_when_listening_ends(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    legs = [listened(studio, make_phone, make_ear())[1] for _ in range(2)]
    phone, ear = make_phone(), make_ear()
    third = studio.engine.open_leg(ear)
    third.connect(phone.remote())
    with pytest.raises(MediaExhausted):
        third.listen(True)
    legs[0].listen(False)
    with pytest.raises(MediaError):
        legs[0].heard(0, 160)
    third.listen(True)
    studio.talk((phone, third, wave(0.4) + SILENCE * 30))
    talk = studio.until(ear, TalkEnded)
    spoken = ulaw_decode(np.frombuffer(wave(0.4), np.uint8)).tobytes()
    assert spoken in third.heard(talk.start - 160, talk.end + 160).tobytes()


async def test_a_ring_of_another_leg_gives_nothing_of_what_that_leg_said(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, first = listened(studio, make_phone, make_ear())
    studio.talk((phone, first, wave(2.0)))
    first.listen(False)
    quiet, second = listened(studio, make_phone, make_ear())
    studio.talk((quiet, second, SILENCE * 10))
    assert not second.heard(0, LISTEN_SAMPLES).any()


_READER = """
import os, sys, time
import numpy as np
from media.shared_listening import SharedRing, tap_shared
tap = tap_shared(SharedRing(*map(int, sys.argv[1:4])))
print("ready", flush=True)
wanted = int(sys.argv[4])
pcm = b""
while len(pcm) < 2 * wanted and not sys.stdin.closed:
    heard = tap.read(4000)
    if heard is None:
        time.sleep(0.005)
    else:
        pcm += heard.pcm.tobytes()
sys.stdout.buffer.write(pcm)
"""


async def test_another_process_hears_what_a_party_says_without_a_copy_in_ours(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, leg = make_phone(), studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    with pytest.raises(MediaError):
        leg.shared_ring()
    tap = leg.tap()
    studio.advance(0.02)
    shared = leg.shared_ring()
    arguments = [str(number) for number in (shared.descriptor, shared.row, shared.use, 6400)]
    reader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _READER, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        pass_fds=(shared.descriptor,),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert reader.stdout is not None
    assert await reader.stdout.readline() == b"ready\n"
    studio.talk((phone, leg, wave(0.6) + SILENCE * 20))
    told, _ = await reader.communicate()
    assert ulaw_decode(np.frombuffer(wave(0.6), np.uint8)).tobytes()[:9000] in told
    tap.close()


async def test_a_ring_that_is_another_legs_now_gives_nothing_to_who_had_it_before(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, leg = make_phone(), studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    taps = [leg.tap() for _ in range(2)]
    studio.advance(0.02)
    elsewhere = tap_shared(leg.shared_ring())
    for tap in taps:
        tap.close()
    _, other = listened(studio, make_phone, make_ear())
    spare_phone, spare = listened(studio, make_phone, make_ear())
    studio.talk((spare_phone, spare, wave(0.4)))
    assert elsewhere.read(8000) is None
    assert other.shared_ring().use != spare.shared_ring().use
