"""Where somebody talks in a recording: an energy gate, then webrtcvad, then talk spurts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND

FRAME_MS: Final = 20
_FRAME: Final = SAMPLES_PER_SECOND * FRAME_MS // 1000


@dataclass(frozen=True, slots=True)
class SampleSpan:
    """Samples from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpurtRules:
    """What makes frames of voice into a talk spurt."""

    aggressiveness: int = 2
    gate_dbfs: float = -55.0
    onset_ms: int = 60
    hangover_ms: int = 500
    minimum_ms: int = 120
    padding_ms: int = 200
    longest_ms: int = 30_000


_DEFAULT_RULES: Final = SpurtRules()


def talk_spurts(pcm: NDArray[np.int16], rules: SpurtRules = _DEFAULT_RULES) -> tuple[SampleSpan, ...]:
    """Spurts in order, never overlapping, padded within the recording; for whole recordings, not live."""
    voiced = _voiced_frames(pcm, rules)
    spurts = [
        (first, last)
        for first, last in _bridged(_runs(voiced, rules.onset_ms), rules.hangover_ms)
        if (last - first) * FRAME_MS >= rules.minimum_ms
    ]
    return tuple(_cut(_padded(spurts, len(pcm), rules), rules))


def _voiced_frames(pcm: NDArray[np.int16], rules: SpurtRules) -> NDArray[np.bool_]:
    frames = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME)
    floor = (10 ** (rules.gate_dbfs / 20) * 32768) ** 2
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float32) / _FRAME
    voiced: NDArray[np.bool_] = power > floor
    detector = webrtcvad.Vad(rules.aggressiveness)
    for index in np.flatnonzero(voiced):
        voiced[index] = detector.is_speech(frames[index].tobytes(), SAMPLES_PER_SECOND)
    return voiced


def _runs(voiced: NDArray[np.bool_], onset_ms: int) -> Iterator[tuple[int, int]]:
    """Runs of voiced frames that are long enough to begin or prolong a spurt."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], voiced, [False])).astype(np.int8)))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if (last - first) * FRAME_MS >= onset_ms:
            yield first, last


def _bridged(runs: Iterator[tuple[int, int]], hangover_ms: int) -> list[tuple[int, int]]:
    spurts: list[tuple[int, int]] = []
    for first, last in runs:
        if spurts and (first - spurts[-1][1]) * FRAME_MS <= hangover_ms:
            spurts[-1] = (spurts[-1][0], last)
        else:
            spurts.append((first, last))
    return spurts


def _padded(spurts: list[tuple[int, int]], length: int, rules: SpurtRules) -> Iterator[SampleSpan]:
    """Neighbours share the pause between them when it is shorter than two paddings."""
    padding = rules.padding_ms * SAMPLES_PER_SECOND // 1000
    edges = [(first * _FRAME, last * _FRAME) for first, last in spurts]
    for index, (start, end) in enumerate(edges):
        lowest = (edges[index - 1][1] + start) // 2 if index else 0
        highest = (end + edges[index + 1][0]) // 2 if index + 1 < len(edges) else length
        yield SampleSpan(max(start - padding, lowest), min(end + padding, highest))


def _cut(spans: Iterator[SampleSpan], rules: SpurtRules) -> Iterator[SampleSpan]:
    """What never pauses (music, noise) is cut, so that a decoder's work for one span is bounded."""
    longest = rules.longest_ms * SAMPLES_PER_SECOND // 1000
    for span in spans:
        for start in range(span.start, span.end, longest):
            yield SampleSpan(start, min(start + longest, span.end))
