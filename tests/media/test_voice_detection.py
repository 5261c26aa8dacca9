"""Who counts as speaking, live: the sound of parties alone, above the noise, and only when it is voice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import webrtcvad

from media.compiled import from_python
from media.events import TalkEnded, TalkStarted
from media.g711 import ulaw_decode, ulaw_encode
from media.libraries import VoiceDetectors
from media.pointers import MISSING, call
from media.sound import Sound
from tests.media.conftest import Studio

SILENCE = b"\xff" * 160


def hiss(seconds: float, level: float, seed: int = 3) -> bytes:
    noise = np.random.default_rng(seed).normal(0, level, int(8000 * seconds))
    return ulaw_encode(noise.astype(np.int16)).tobytes()


def listened(studio: Studio, make_phone: Any, ear: Any) -> tuple[Any, Any]:
    phone, leg = make_phone(), studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    leg.listen(True)
    studio.talk((phone, leg, SILENCE * 50))
    return phone, leg


async def test_the_onset_and_the_end_of_speech_are_told_with_their_times(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    ear = make_ear()
    phone, leg = listened(studio, make_phone, ear)
    studio.talk((phone, leg, SILENCE * 10 + wave(1.0) + SILENCE * 40))
    started, ended = ear
    assert isinstance(started, TalkStarted)
    assert isinstance(ended, TalkEnded)
    assert started.at == ended.start
    assert (ended.end - ended.start) / 8000 == pytest.approx(1.0, abs=0.2)
    spoken_at_s = ended.at_s - started.at_s
    assert spoken_at_s == pytest.approx((ended.end - ended.start) / 8000 + 0.4, abs=0.06)


async def test_a_prompt_is_never_taken_for_the_party(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    ear = make_ear()
    phone, leg = listened(studio, make_phone, ear)
    leg.play([Sound("prompt", wave(1.0))], loop=True)
    studio.talk((phone, leg, SILENCE * 100))
    assert ear == []


async def test_a_burst_of_hiss_is_loud_and_no_voice(studio: Studio, make_phone: Any, make_ear: Any) -> None:
    ear = make_ear()
    phone, leg = listened(studio, make_phone, ear)
    burst = hiss(1.0, 300)
    surest = webrtcvad.Vad(2)
    pcm = ulaw_decode(np.frombuffer(burst, np.uint8))
    voiced = [surest.is_speech(pcm[at : at + 160].tobytes(), 8000) for at in range(0, 8000, 160)]
    studio.talk((phone, leg, burst + SILENCE * 40))
    told_s = sum(event.end - event.start for event in ear if isinstance(event, TalkEnded)) / 8000
    assert told_s <= 0.02 * sum(voiced) + 0.1


async def test_without_the_detector_everything_loud_counts(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    ear = make_ear()
    phone, leg = make_phone(), studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    assert studio.ticks.memory is not None
    studio.ticks.memory.hub["voice_process"] = MISSING
    leg.listen(True)
    studio.talk((phone, leg, SILENCE * 50 + hiss(1.0, 3000) + SILENCE * 40))
    assert [type(event) for event in ear] == [TalkStarted, TalkEnded]


def test_a_detector_called_by_its_address_says_what_the_package_says() -> None:
    detectors = VoiceDetectors(2)
    detector, packaged = detectors.fresh(MISSING), webrtcvad.Vad(2)
    pcm = np.concatenate(
        [np.zeros(1600, np.int16), ulaw_decode(np.frombuffer(hiss(0.5, 2000), np.uint8))]
        + [(6000 * np.sin(np.arange(4000) * pitch)).astype(np.int16) for pitch in (0.1, 0.35, 0.9)]
    )
    said, expected = [], []
    for at in range(0, len(pcm) - 160, 160):
        frame = np.ascontiguousarray(pcm[at : at + 160])
        said.append(_is_voice(detectors.process, detector, frame))
        expected.append(packaged.is_speech(frame.tobytes(), 8000))
    detectors.free(detector)
    assert said == expected
    assert len(set(said)) == 2


def _ask(process: int, detector: int, rate_hz: int, samples_at: int, count: int) -> int:
    return call(process, detector, rate_hz, samples_at, count)


def _is_voice(process: int, detector: int, frame: Any) -> bool:
    compiled = from_python(_ask)
    return bool(compiled(process, detector, 8000, frame.ctypes.data, 160) == 1)
