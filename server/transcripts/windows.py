"""A recording's channel in windows of a minute at most, so that no call is ever in memory as a whole.

A window ends where it is quietest towards its end: a word is cut only when somebody speaks for ten seconds
on end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from media.g711 import ULAW_SILENCE, ulaw_decode
from media.sound import SAMPLES_PER_SECOND
from recordings.segment import FRAME_SAMPLES, FileHeader
from recordings.segment_reader import Damage, Finished, Gap, Item, SealedSegment, Segment

WINDOW_S = 60
_QUIET_SEARCH_S = 10
_QUIET_FRAMES = 30
_SILENCE_FRAMES = 500


class StereoSide(IntEnum):
    """Which side of the recording."""

    LEFT = 0
    RIGHT = 1


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Seconds from the beginning of the recording; the end is None where it is not known."""

    start_s: float
    end_s: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """Linear sound at 8 kHz, from `start_s` of the recording on."""

    start_s: float
    pcm: NDArray[np.int16]

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.pcm) / SAMPLES_PER_SECOND

    def only(self, spans: Iterable[TimeSpan]) -> Window:
        """Silence outside of the spans."""
        kept = np.zeros_like(self.pcm)
        for span in spans:
            begin = self._sample_at(span.start_s)
            end = len(self.pcm) if span.end_s is None else self._sample_at(span.end_s)
            kept[begin:end] = self.pcm[begin:end]
        return Window(self.start_s, kept)

    def _sample_at(self, at_s: float) -> int:
        return max(0, round((at_s - self.start_s) * SAMPLES_PER_SECOND))


def windows(items: Iterable[Item], channel: StereoSide, window_s: int = WINDOW_S) -> Iterator[Window]:
    """The whole channel, window after window; what is missing from the file is silence in it."""
    longest = window_s * SAMPLES_PER_SECOND
    begun = 0
    held = np.zeros(0, np.uint8)
    for sound in _sound(items, channel):
        held = np.concatenate((held, sound))
        while len(held) >= longest:
            pcm = ulaw_decode(held[:longest])
            cut = quietest(pcm)
            yield Window(begun / SAMPLES_PER_SECOND, pcm[:cut])
            begun += cut
            held = held[cut:]
    if len(held):
        yield Window(begun / SAMPLES_PER_SECOND, ulaw_decode(held))


def quietest(pcm: NDArray[np.int16]) -> int:
    """Where to end a window: the middle of the quietest 0.6 s of its last ten seconds."""
    searched = min(_QUIET_SEARCH_S * SAMPLES_PER_SECOND, len(pcm) // 2)
    frames = pcm[len(pcm) - searched :].astype(np.float64)
    frames = frames[: len(frames) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    if len(frames) < _QUIET_FRAMES:
        return len(pcm)
    total = np.concatenate(([0.0], np.cumsum((frames**2).sum(axis=1))))
    loudness = total[_QUIET_FRAMES:] - total[:-_QUIET_FRAMES]
    middle = int(np.argmin(loudness)) + _QUIET_FRAMES // 2
    return len(pcm) - searched + middle * FRAME_SAMPLES


def _sound(items: Iterable[Item], channel: StereoSide) -> Iterator[NDArray[np.uint8]]:
    """In pieces of a second or so, so that joining them costs little."""
    waiting: list[NDArray[np.uint8]] = []
    for item in items:
        match item:
            case Segment(samples=samples):
                waiting.append(samples[:, channel].reshape(-1))
            case Gap(frame_count=count):
                for begin in range(0, count, _SILENCE_FRAMES):
                    silent = min(_SILENCE_FRAMES, count - begin) * FRAME_SAMPLES
                    waiting.append(np.full(silent, ULAW_SILENCE, np.uint8))
                    yield np.concatenate(waiting)
                    waiting = []
            case FileHeader() | Damage() | Finished() | SealedSegment():
                pass
        if sum(map(len, waiting)) >= SAMPLES_PER_SECOND:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)
