"""Where an utterance begins and ends while it is said: the live twin of `media.vad.talk_spurts` (pure)."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.vad import FRAME_MS, SpurtRules

FRAME: Final = SAMPLES_PER_SECOND * FRAME_MS // 1000
LIVE_RULES: Final = SpurtRules(longest_ms=15_000)


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """More of an utterance; `at` is the position of its first sample in the track."""

    at: int
    pcm: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """Voice was heard from `start` to `end`, without the padding; `cut` when it has only grown too long."""

    start: int
    end: int
    cut: bool


EndpointEffect = Spoken | UtteranceEnded


class LiveEndpointing:
    """What is not voice goes nowhere, so that no recogniser can make words of it.

    Fed whole frames in order; a jump in position, and `finish`, end what is being said. Sound is handed on at
    most a padding behind the voice; what follows is held back until the voice goes on or the hangover is
    over.
    """

    def __init__(self, rules: SpurtRules = LIVE_RULES) -> None:
        self._onset = rules.onset_ms // FRAME_MS
        self._minimum = rules.minimum_ms // FRAME_MS
        self._hangover = rules.hangover_ms // FRAME_MS
        self._padding = rules.padding_ms // FRAME_MS
        self._longest = rules.longest_ms // FRAME_MS * FRAME
        self._kept: deque[NDArray[np.int16]] = deque(maxlen=self._padding + self._onset + self._hangover)
        self._held: list[NDArray[np.int16]] = []
        self._sent: list[NDArray[np.int16]] = []
        self._sent_from = 0
        self._start = 0
        self._position = 0
        self._talking = False
        self._candidate: int | None = None
        self._voiced = 0
        self._run = 0
        self._quiet = 0
        self._voice_end = 0

    @property
    def talking(self) -> bool:
        return self._talking

    def hear(self, at: int, pcm: NDArray[np.int16], voiced: NDArray[np.bool_]) -> list[EndpointEffect]:
        """`pcm` is as many frames as `voiced` has entries."""
        effects: list[EndpointEffect] = [] if at == self._position else self.finish()
        self._position = at
        frames = pcm.reshape(-1, FRAME)
        if not self._talking and self._candidate is None and self._run == 0 and not voiced.any():
            self._kept.extend(frames[-self._padding - self._onset :])
            self._position += len(pcm)
            return effects
        for frame, is_voice in zip(frames, voiced.tolist(), strict=True):
            self._position += FRAME
            self._run = self._run + 1 if is_voice else 0
            effects += self._go_on(frame) if self._talking else self._wait(frame)
        return effects + self._flush()

    def finish(self) -> list[EndpointEffect]:
        """No more comes."""
        effects = self._end(cut=False) if self._talking else []
        self._kept.clear()
        self._candidate, self._run = None, 0
        return effects

    def _wait(self, frame: NDArray[np.int16]) -> list[EndpointEffect]:
        """Until enough voice has come close together."""
        self._kept.append(frame)
        if self._run >= self._onset:
            if self._candidate is None:
                self._candidate, self._voiced = self._position - self._run * FRAME, self._run - 1
            self._voiced += 1
            self._quiet, self._voice_end = 0, self._position
            if self._voiced >= self._minimum:
                self._begin(self._candidate)
        elif self._candidate is not None:
            self._quiet += 1
            if self._quiet > self._hangover:
                self._candidate = None
        return []

    def _begin(self, start: int) -> None:
        since = (self._position - start) // FRAME + self._padding
        first = list(self._kept)[-since:]
        self._talking, self._start = True, start
        self._send(first, self._position - len(first) * FRAME)
        self._kept.clear()
        self._candidate = None

    def _go_on(self, frame: NDArray[np.int16]) -> list[EndpointEffect]:
        if self._run >= self._onset or (self._run and self._quiet == 0):
            self._voice_end, self._quiet = self._position, 0
            self._kept.clear()
            self._send([*self._held, frame], self._position - (len(self._held) + 1) * FRAME)
            self._held = []
        else:
            self._quiet += 1
            self._hold(frame)
        if self._quiet > self._hangover:
            return self._end(cut=False)
        if self._position - self._start >= self._longest:
            return self._end(cut=True)
        return []

    def _hold(self, frame: NDArray[np.int16]) -> None:
        self._kept.append(frame)
        if self._quiet <= self._padding:
            self._send([*self._held, frame], self._position - (len(self._held) + 1) * FRAME)
            self._held = []
        else:
            self._held.append(frame)

    def _send(self, frames: list[NDArray[np.int16]], at: int) -> None:
        if not self._sent:
            self._sent_from = at
        self._sent += frames

    def _flush(self) -> list[EndpointEffect]:
        if not self._sent:
            return []
        sent, self._sent = self._sent, []
        return [Spoken(self._sent_from, np.concatenate(sent))]

    def _end(self, *, cut: bool) -> list[EndpointEffect]:
        ended = UtteranceEnded(self._start, self._voice_end, cut)
        effects = [*self._flush(), ended]
        self._talking, self._held, self._quiet, self._run = False, [], 0, 0
        return effects
