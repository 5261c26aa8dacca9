"""Talk spurts of a recording."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from media.speech.synthesis import Synthesiser
from media.vad import SampleSpan, SpurtRules, talk_spurts

SECOND = 8000


def silence(seconds: float) -> NDArray[np.int16]:
    return np.zeros(int(seconds * SECOND), np.int16)


@pytest.fixture
async def talk(synthesiser: Synthesiser, telephone: Any) -> NDArray[np.int16]:
    sound = await synthesiser.render("Where is my parcel now?")
    heard: NDArray[np.int16] = telephone.heard(sound, pause_s=0.0)
    return heard


def test_silence_holds_no_spurt() -> None:
    assert talk_spurts(silence(2)) == ()
    assert talk_spurts(silence(0)) == ()
    assert talk_spurts(np.ones(7, np.int16)) == ()


def test_noise_below_the_gate_holds_no_spurt() -> None:
    noise = np.random.default_rng(1).normal(0, 20, 5 * SECOND).astype(np.int16)
    assert talk_spurts(noise) == ()


def test_a_sentence_is_one_spurt_with_padding(talk: NDArray[np.int16]) -> None:
    (span,) = talk_spurts(np.concatenate((silence(1), talk, silence(1))))
    assert SECOND - 0.25 * SECOND < span.start <= SECOND
    assert SECOND + 0.8 * len(talk) < span.end < 1.3 * SECOND + len(talk)


def test_a_pause_longer_than_the_hangover_parts_two_spurts(talk: NDArray[np.int16]) -> None:
    two = np.concatenate((silence(0.5), talk, silence(1.5), talk, silence(0.5)))
    assert len(talk_spurts(two)) == 2
    assert len(talk_spurts(two, SpurtRules(hangover_ms=2500))) == 1


def test_padding_of_neighbours_never_overlaps_nor_leaves_the_recording(talk: NDArray[np.int16]) -> None:
    two = np.concatenate((talk, silence(0.8), talk))
    first, second = talk_spurts(two, SpurtRules(padding_ms=2000))
    assert (first.start, second.end) == (0, len(two))
    assert first.end <= second.start


def test_a_click_is_no_spurt() -> None:
    click = silence(2)
    click[SECOND : SECOND + 80] = 20_000
    assert talk_spurts(click) == ()


def test_talk_without_end_is_cut(talk: NDArray[np.int16]) -> None:
    endless = np.tile(talk, 8)
    spans = talk_spurts(endless, SpurtRules(longest_ms=3000))
    assert len(spans) > 2
    assert all(span.end - span.start <= 3 * SECOND for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_spurts_are_counted_in_samples_of_the_recording(talk: NDArray[np.int16]) -> None:
    early = talk_spurts(np.concatenate((silence(1), talk, silence(1))))
    late = talk_spurts(np.concatenate((silence(3), talk, silence(1))))
    assert [SampleSpan(span.start + 2 * SECOND, span.end + 2 * SECOND) for span in early] == list(late)
