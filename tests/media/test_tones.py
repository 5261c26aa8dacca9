"""Keys that come as sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soxr

from media.description import PayloadTypes, SoundCodec
from media.events import DigitReceived
from media.g711 import ulaw_encode
from media.hold_music import hold_music
from media.speech.espeak import speak
from media.speech.synthesis import Voice
from tests.media.conftest import Studio

ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYPAD = "123A456B789C*0#D"


def tone(
    key: str, seconds: float, *, level: float = 4000, twist_db: float = 0.0, offset: float = 0.0
) -> np.ndarray[Any, Any]:
    at = np.arange(int(8000 * seconds)) / 8000
    index = KEYPAD.index(key)
    low, high = ROWS[index // 4] * (1 + offset), COLUMNS[index % 4] * (1 + offset)
    louder = 10 ** (twist_db / 20)
    return level * np.sin(2 * np.pi * low * at) + level * louder * np.sin(2 * np.pi * high * at)


def pressed(keys: str, on_s: float = 0.08, off_s: float = 0.08, **how: float) -> np.ndarray[Any, Any]:
    pause = np.zeros(int(8000 * off_s))
    return np.concatenate([pause, *(part for key in keys for part in (tone(key, on_s, **how), pause))])


@pytest.fixture
def hear(studio: Studio, make_phone: Any, make_ear: Any) -> Callable[..., str]:
    """Which keys a leg tells when it hears that sound."""

    def run(sound: np.ndarray[Any, Any] | bytes, events: int | None = None) -> str:
        phone, ear = make_phone(), make_ear()
        leg = studio.engine.open_leg(ear)
        leg.connect(phone.remote(receives=PayloadTypes(0, events)))
        ulaw = sound if isinstance(sound, bytes) else ulaw_encode(sound.astype(np.int16)).tobytes()
        studio.talk((phone, leg, ulaw + b"\xff" * (800 + -len(ulaw) % 160)))
        leg.close()
        studio.advance(0.04)
        return "".join(event.digit for event in ear if isinstance(event, DigitReceived))

    return run


async def test_finding_47_every_key_of_the_pad_is_heard_once(hear: Callable[..., str]) -> None:
    assert hear(pressed(KEYPAD)) == KEYPAD


@pytest.mark.parametrize(
    "how",
    [
        {"on_s": 0.045, "off_s": 0.045},
        {"on_s": 1.5},
        {"level": 800},
        {"twist_db": 6},
        {"twist_db": -6},
        {"offset": 0.015},
        {"offset": -0.015},
    ],
    ids=str,
)
async def test_short_long_soft_unequal_and_mistuned_keys_are_heard(
    hear: Callable[..., str], how: dict[str, float]
) -> None:
    assert hear(pressed("19*0#552", **how)) == "19*0#552"


async def test_keys_are_heard_through_noise(hear: Callable[..., str]) -> None:
    keys = pressed("1234567890")
    noise = np.random.default_rng(3).normal(0, 400, len(keys))
    assert hear(keys + noise) == "1234567890"


async def test_a_blip_is_no_key_and_a_gap_in_a_key_is_no_second_one(hear: Callable[..., str]) -> None:
    gap = tone("5", 0.2)
    gap[800:900] = 0
    assert hear(np.concatenate([np.zeros(1600), tone("1", 0.015), np.zeros(1600), gap])) == "5"


@pytest.mark.parametrize("voice", ["en-us", "de"])
async def test_speech_music_and_noise_press_no_keys(
    studio: Studio, hear: Callable[..., str], voice: str
) -> None:
    text = "Please tell me which of the nine options you want; I cannot find my number anywhere. " * 6
    spoken, rate_hz = speak(text, Voice(voice))
    assert hear(np.asarray(soxr.resample(spoken.astype(float), rate_hz, 8000))) == ""
    assert hear(hold_music().ulaw) == ""
    assert hear(np.random.default_rng(5).normal(0, 3000, 80_000)) == ""


async def test_a_peer_with_telephone_events_is_not_listened_to_for_tones(hear: Callable[..., str]) -> None:
    assert hear(pressed("123"), events=101) == ""


async def test_tones_are_heard_in_a_law_too_and_while_the_party_is_shielded(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    from media.g711 import ULAW_TO_ALAW

    phone, ear = make_phone(), make_ear()
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote(SoundCodec.PCMA, receives=PayloadTypes(8)))
    feed = leg.start_recording()
    leg.shield(True)
    codes = ULAW_TO_ALAW[ulaw_encode(pressed("42").astype(np.int16))].tobytes()
    studio.talk((phone, leg, codes + b"\xd5" * (-len(codes) % 160), 8))
    studio.advance(0.2)
    assert "".join(event.digit for event in ear) == "42"
    frames = feed.read()
    assert frames is not None
    assert len(np.unique(frames.samples[5:, 0])) == 1
