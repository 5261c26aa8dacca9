"""A conference of fifty: everybody hears the sum of the others and never themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from media.description import SoundCodec
from media.engine import MediaEngine
from media.g711 import ALAW_DECODE, ALAW_ENCODE, ulaw_decode, ulaw_encode
from media.settings import MediaSettings
from tests.fakes.ticks import SteppedTicks

PARTIES = 50
LOUDNESS = 300.0
SECOND = 8000


def pitch_hz(party: int) -> int:
    return 300 + 60 * party


def tone(party: int, samples: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    at = np.arange(samples)
    wave = LOUDNESS * np.sin(2 * np.pi * pitch_hz(party) * at / SECOND + party)
    return wave.astype(np.int16)


def loudness_by_party(pcm: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    spectrum = np.abs(np.fft.rfft(pcm.astype(float))) / (len(pcm) / 2)
    return np.array([spectrum[pitch_hz(party) * len(pcm) // SECOND] for party in range(PARTIES)])


async def test_fifty_parties_of_two_codecs_hear_everybody_but_themselves(make_phone: Any) -> None:
    ticks = SteppedTicks()
    engine = MediaEngine(MediaSettings(max_legs=PARTIES, max_recordings=1, max_listeners=1), ticks)
    await engine.start()
    phones = [make_phone() for _ in range(PARTIES)]
    laws = [party % 2 for party in range(PARTIES)]
    legs, room = [], engine.open_room()
    for phone, law in zip(phones, laws, strict=True):
        leg = engine.open_leg(lambda _: None)
        leg.connect(phone.remote(SoundCodec(law)))
        room.join(leg)
        legs.append(leg)
    assert len(room.members) == PARTIES
    frames = 62
    said = [
        ALAW_ENCODE[tone(party, 160 * frames).view(np.uint16)].tobytes()
        if laws[party]
        else ulaw_encode(tone(party, 160 * frames)).tobytes()
        for party in range(PARTIES)
    ]
    heard: list[list[bytes]] = [[] for _ in phones]
    for frame in range(frames):
        for phone, leg, law, sound in zip(phones, legs, laws, said, strict=True):
            phone.send(leg, sound[160 * frame : 160 * frame + 160], 8 * law)
        ticks.advance()
        engine.deliver_events()
        for packets, phone in zip(heard, phones, strict=True):
            packets += [packet[12:] for packet in phone.received()]
    await engine.stop()
    for party in range(PARTIES):
        codes = np.frombuffer(b"".join(heard[party][-51:]), np.uint8)
        pcm = ALAW_DECODE[codes] if laws[party] else ulaw_decode(codes)
        by_party = loudness_by_party(pcm[:SECOND])
        assert by_party[party] < 0.1 * LOUDNESS
        others = np.delete(by_party, party)
        assert others.min() > 0.8 * LOUDNESS
        assert others.max() < 1.2 * LOUDNESS
