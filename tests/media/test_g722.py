"""G.722 legs: the lower band is heard and kept, a bridge of two passes on both, and others understand it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from media import g722
from media.compiled import from_python
from media.description import LegDescription, SoundCodec
from media.g711 import ulaw_decode, ulaw_encode
from media.layout import G722_STATE
from media.sound import Sound
from tests.media.conftest import Phone, Studio

REFERENCE = Path(__file__).parents[1] / "data" / "media" / "three_tones.g722"
"""400, 1000 and 2300 Hz, of amplitudes 5000, 3000 and 1500, as another implementation codes them (ffmpeg)."""
TONES = {400: 5000.0, 1000: 3000.0, 2300: 1500.0}
G722_TYPE = 9


class Codec:
    """The compiled stages over whole sounds."""

    def __init__(self) -> None:
        self._decode, self._encode = from_python(g722.decode_octet), from_python(g722.encode_sample)
        self._table = g722.g722_table()

    def fresh(self) -> NDArray[np.int64]:
        state = np.zeros(G722_STATE, np.int64)
        g722.reset.py_func(state)  # type: ignore[attr-defined]
        return state

    def decoded(self, octets: bytes, state: NDArray[np.int64] | None = None) -> NDArray[np.int16]:
        state = self.fresh() if state is None else state
        return np.array([self._decode(state, self._table, octet) for octet in octets], np.int16)

    def encoded(self, pcm: NDArray[np.int16]) -> bytes:
        state = self.fresh()
        return bytes(self._encode(state, self._table, int(sample)) for sample in pcm)


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec()


def fitted(pcm: NDArray[Any], tones: dict[int, float]) -> tuple[dict[int, float], float]:
    """The amplitude of each tone, and how much weaker what is left is, in dB."""
    at_s = np.arange(len(pcm)) / 8000
    waves = [wave(2 * np.pi * hertz * at_s) for hertz in tones for wave in (np.sin, np.cos)]
    basis = np.stack(waves, axis=1)
    weights, *_ = np.linalg.lstsq(basis, pcm.astype(float), rcond=None)
    rest = pcm - basis @ weights
    amplitudes = {hertz: float(np.hypot(*weights[2 * k : 2 * k + 2])) for k, hertz in enumerate(tones)}
    return amplitudes, 10 * float(np.log10(np.sum(pcm.astype(float) ** 2) / np.sum(rest**2)))


def test_what_another_implementation_coded_is_understood(codec: Codec) -> None:
    amplitudes, clean_db = fitted(codec.decoded(REFERENCE.read_bytes())[800:], TONES)
    assert amplitudes == pytest.approx(TONES, rel=0.05)
    assert clean_db > 25


def test_coding_and_decoding_keeps_speech_like_sound_clean(codec: Codec) -> None:
    at = np.arange(8000)
    pcm = (6000 * np.sin(at * 0.35) * (0.5 + 0.5 * np.sin(at * 2 * np.pi * 3 / 8000))).astype(np.int16)
    heard = codec.decoded(codec.encoded(pcm)).astype(float)
    assert 10 * np.log10(np.sum(pcm.astype(float) ** 2) / np.sum((heard - pcm) ** 2)) > 30


def test_a_decoder_that_missed_a_packet_is_in_step_again_within_two(codec: Codec) -> None:
    at = np.arange(8000)
    pcm = (6000 * np.sin(at * 0.35)).astype(np.int16)
    octets = codec.encoded(pcm)
    whole = codec.decoded(octets)
    state = codec.fresh()
    codec.decoded(octets[:4000], state)
    after = codec.decoded(octets[4160:], state).astype(float)
    error = after[320:] - whole[4160 + 320 :]
    assert np.sqrt(np.mean(error**2)) < 0.1 * np.sqrt(np.mean(whole.astype(float) ** 2))


def remote(phone: Phone) -> LegDescription:
    return phone.remote(SoundCodec.G722, G722_TYPE)


def wave_pcm(seconds: float, amplitude: float, hertz: float = 440.0) -> NDArray[np.int16]:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(int(8000 * seconds)) / 8000)).astype(np.int16)


async def test_parties_with_different_codecs_hear_each_other_and_both_are_recorded(
    studio: Studio, make_phone: Any, make_ear: Any, codec: Codec
) -> None:
    wide, narrow = make_phone(), make_phone()
    legs = [studio.engine.open_leg(make_ear()) for _ in range(2)]
    legs[0].connect(remote(wide))
    legs[1].connect(narrow.remote())
    legs[0].bridge(legs[1])
    feed = legs[0].start_recording()
    octets = codec.encoded(wave_pcm(1.0, 8000, 480))
    ulaw = ulaw_encode(wave_pcm(1.0, 4000, 920)).tobytes()
    studio.talk((wide, legs[0], octets, G722_TYPE), (narrow, legs[1], ulaw))
    by_narrow = ulaw_decode(np.frombuffer(b"".join(packet[12:] for packet in narrow.received()), np.uint8))
    packets = wide.received()
    assert {packet[1] & 0x7F for packet in packets} == {G722_TYPE}
    by_wide = codec.decoded(b"".join(packet[12:] for packet in packets))
    for heard, (hertz, amplitude) in ((by_narrow, (480, 8000.0)), (by_wide, (920, 4000.0))):
        amplitudes, clean_db = fitted(heard[3200:6400], {hertz: amplitude})
        assert amplitudes[hertz] == pytest.approx(amplitude, rel=0.1)
        assert clean_db > 20
    recorded = []
    while (frames := feed.read()) is not None:
        recorded.append(frames.samples)
    both = ulaw_decode(np.concatenate(recorded))
    for side, (hertz, amplitude) in ((0, (480, 8000.0)), (1, (920, 4000.0))):
        amplitudes, _ = fitted(both[:, side].reshape(-1)[3200:6400], {hertz: amplitude})
        assert amplitudes[hertz] == pytest.approx(amplitude, rel=0.1)


async def test_between_two_g722_parties_the_octets_are_passed_on_untouched(
    studio: Studio, make_phone: Any, make_ear: Any
) -> None:
    phones = [make_phone(), make_phone()]
    legs = [studio.engine.open_leg(make_ear()) for _ in phones]
    for phone, leg in zip(phones, legs, strict=True):
        leg.connect(remote(phone))
    legs[0].bridge(legs[1])
    both_bands = REFERENCE.read_bytes()
    silent = bytes([0xFF]) * len(both_bands)
    studio.talk((phones[0], legs[0], both_bands, G722_TYPE), (phones[1], legs[1], silent, G722_TYPE))
    heard = b"".join(packet[12:] for packet in phones[1].received())
    assert both_bands[1600:4000] in heard


async def test_a_prompt_reaches_a_g722_party_and_a_shield_hides_what_they_say(
    studio: Studio, make_phone: Any, make_ear: Any, codec: Codec
) -> None:
    wide, other = make_phone(), make_phone()
    legs = [studio.engine.open_leg(make_ear()) for _ in range(2)]
    legs[0].connect(remote(wide))
    legs[1].connect(remote(other))
    legs[0].bridge(legs[1])
    legs[0].play([Sound("tone", ulaw_encode(wave_pcm(1.0, 6000, 600)).tobytes())])
    legs[0].shield(True)
    said = codec.encoded(wave_pcm(0.8, 8000))
    studio.talk((wide, legs[0], said, G722_TYPE), (other, legs[1], said, G722_TYPE))
    prompt = codec.decoded(b"".join(packet[12:] for packet in wide.received()))
    amplitudes, _ = fitted(prompt[1600:4800], {600: 6000.0})
    assert amplitudes[600] == pytest.approx(6000, rel=0.1)
    hidden = codec.decoded(b"".join(packet[12:] for packet in other.received()))
    assert np.abs(hidden[1600:]).max() < 100


async def test_a_lost_g722_packet_is_replaced_and_not_silent(
    studio: Studio, make_phone: Any, make_ear: Any, codec: Codec
) -> None:
    phone, leg = make_phone(), studio.engine.open_leg(make_ear())
    leg.connect(remote(phone))
    feed = leg.start_recording()
    octets = codec.encoded(wave_pcm(1.0, 8000, 200))
    for number, at in enumerate(range(0, len(octets), 160)):
        if number % 12 == 11:
            phone.sequence += 1
            phone.timestamp += 160
        else:
            phone.send(leg, octets[at : at + 160], G722_TYPE)
        studio.advance(0.02)
    assert leg.report().concealed_ms >= 60
    recorded = []
    while (frames := feed.read()) is not None:
        recorded.append(frames.samples[:, 0])
    loudness = np.sqrt(np.mean(ulaw_decode(np.concatenate(recorded)).astype(float) ** 2, axis=1))
    assert loudness[8:].min() > 2000
