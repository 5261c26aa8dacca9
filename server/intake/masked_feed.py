"""A recording with stretches of silence in place of what is not to be kept; its length stays what it was."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from media.call_sound import RecordingFeed
from media.frames import Frames
from media.g711 import ALAW_SILENCE, ULAW_SILENCE
from media.layout import ALAW, MASKED

FRAMES_PER_S = 50
MARGIN_FRAMES = 5
"""On both sides: an order and a frame cross each other by less than a tenth of a second."""


class MaskedFeed:
    """Fits `media.call_sound.RecordingFeed`; `read` belongs to the draining thread, `mask` to the loop."""

    def __init__(self, feed: RecordingFeed, began_s: float) -> None:
        self._feed = feed
        self._began_s = began_s
        self._spans: tuple[tuple[int, float], ...] = ()

    @property
    def finished(self) -> bool:
        return self._feed.finished

    @property
    def dropped_frames(self) -> int:
        return self._feed.dropped_frames

    @property
    def started_at_frame(self) -> int:
        return self._feed.started_at_frame

    def mask(self, on: bool, now: float) -> None:
        """From now on, or until now; what was read before stays as it was."""
        frame = (now - self._began_s) * FRAMES_PER_S
        # The thread reads the tuple as it is at the moment; only the loop replaces it.
        if on:
            self._spans = (*self._spans, (math.floor(frame) - MARGIN_FRAMES, math.inf))
        elif self._spans and self._spans[-1][1] == math.inf:
            first, _ = self._spans[-1]
            self._spans = (*self._spans[:-1], (first, math.ceil(frame) + MARGIN_FRAMES))

    def read(self) -> Frames | None:
        # Before the frames: what is unmasked meanwhile was masked when they came.
        spans = self._spans
        frames = self._feed.read()
        if frames is None or not spans:
            return frames
        numbers = np.arange(frames.first_frame, frames.first_frame + len(frames))
        masked = np.zeros(len(numbers), np.bool_)
        for first, last in spans:
            masked |= (numbers >= first) & (numbers < last)
        if not masked.any():
            return frames
        tracks = frames.tracks.copy()
        tracks[:, masked] = ALAW_SILENCE if frames.law == ALAW else ULAW_SILENCE
        marks = np.zeros(tracks.shape[:2], np.uint8) if frames.marks is None else frames.marks.copy()
        marks[:, masked] = MASKED
        return replace(frames, tracks=tracks, marks=marks)
