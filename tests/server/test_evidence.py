"""Finding what was said in a recording."""

import numpy as np

from media.g711 import ulaw_decode, ulaw_encode
from server.demonstration.evidence import find, likeness

RNG = np.random.default_rng(7)


def speechlike(seconds: float) -> np.ndarray:
    noise = RNG.normal(size=int(seconds * 8000))
    envelope = np.repeat(RNG.uniform(0, 1, size=int(seconds * 10) + 1), 800)[: noise.size]
    return (np.convolve(noise * envelope, np.ones(6) / 6, "same") * 8000).astype(np.int16)


def test_what_was_said_is_found_at_its_place_through_mu_law() -> None:
    said = speechlike(1.5)
    channel = np.concatenate([speechlike(2.0) // 8, said, speechlike(1.0) // 8])
    match = find(said, ulaw_decode(ulaw_encode(channel)))
    assert match.at == 16000
    assert match.similarity > 0.95


def test_other_speech_is_not_taken_for_it() -> None:
    assert find(speechlike(1.5), speechlike(5.0)).similarity < 0.3


def test_silence_and_a_channel_that_is_too_short_hold_nothing() -> None:
    assert find(speechlike(1.0), np.zeros(16000, np.int16)).similarity < 0.01
    assert find(speechlike(1.0), speechlike(0.5)).similarity == 0.0


def test_speech_that_a_jitter_buffer_has_stretched_is_still_found() -> None:
    said = speechlike(3.0)
    slipped = np.concatenate([said[:9000], said[8840:17000], said[17160:]])
    channel = np.concatenate([speechlike(2.0) // 8, slipped, speechlike(1.0) // 8])
    assert find(said, channel).similarity < 0.8
    assert likeness(said, channel).similarity > 0.8


def test_likeness_does_not_take_other_speech_for_it() -> None:
    assert likeness(speechlike(3.0), speechlike(8.0)).similarity < 0.4
