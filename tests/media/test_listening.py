"""Listening to callers: bounded in time and memory, and never the end of anything."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.errors import MediaError, MediaExhausted, NoLongerHeard
from media.events import TalkEnded, TalkStarted
from media.g711 import ulaw_decode
from media.layout import LISTEN_SAMPLES, LISTENER, LONGEST_TALK
from media.settings import MediaSettings
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


async def test_a_ring_that_is_another_legs_now_gives_nothing_to_who_had_it_before(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, leg = make_phone(), studio.engine.open_leg(make_ear())
    leg.connect(phone.remote())
    before = leg.tap()
    studio.advance(0.02)
    leg.close()
    studio.advance(0.1)
    spares = [listened(studio, make_phone, make_ear()) for _ in range(2)]
    for spare_phone, spare in spares:
        studio.talk((spare_phone, spare, wave(0.4)))
    heard = before.read(8000)
    assert heard is None or not heard.pcm.any()
