"""One participant of a recorded call, as a recogniser follows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from contacts.facts.speech import (
    SaidWord,
    SpeechFact,
    TranscriptDeferred,
    TranscriptFinal,
    TranscriptPartial,
)
from contacts.ids import ContactId, ParticipantId
from media.sound import SAMPLES_PER_SECOND
from media.sound_tap import SoundTap
from media.speech.endpointing import FRAME, EndpointEffect, LiveEndpointing, Spoken, UtteranceEnded
from media.speech.session import FinalHeard, NotHeard, PartialHeard, RecognizerSession, SessionEvent

READ_AT_ONCE = 50 * FRAME
PARTIAL_EVERY_S = 0.3
"""More often nobody can read it."""


class VoiceDetector(Protocol):
    """Tells voice from other sound, one answer for each frame."""

    def voiced(self, pcm: NDArray[np.int16]) -> NDArray[np.bool_]: ...


@dataclass(frozen=True, slots=True)
class TrackOrigin:
    """Whose track it is; `began_s` is when the recording began, on the clock that `now` is read from."""

    contact: ContactId
    participant: ParticipantId
    began_s: float
    engine: str
    engine_version: str


@dataclass(slots=True)
class TrackCounts:
    """Since the track began."""

    partials: int = 0
    finals: int = 0
    deferred: int = 0
    deferred_s: float = 0.0


def _nobody(_told: SpeechFact) -> None:
    """Their words are not to be kept."""


@dataclass(slots=True, eq=False)
class LiveTrack:
    """`listen` takes what has been said since; what becomes of it is told as facts.

    What is masked is read and thrown away: it reaches no recogniser.
    """

    origin: TrackOrigin
    tap: SoundTap
    tell: Callable[[SpeechFact], None]
    voice: VoiceDetector
    masked: bool = False
    counts: TrackCounts = field(default_factory=TrackCounts)
    session: RecognizerSession | None = None
    _endpointing: LiveEndpointing = field(default_factory=LiveEndpointing)
    _rest: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    _next: int = 0
    _zero_s: float | None = None
    _awaited: deque[float] = field(default_factory=deque)
    _partial_at_s: float = float("-inf")
    _now: float = 0.0

    @property
    def ended(self) -> bool:
        return self.tap.ended

    def lag_s(self, now: float) -> float:
        """How long the oldest utterance has been over whose words are not there."""
        return max(0.0, now - self._awaited[0]) if self._awaited else 0.0

    def listen(self, now: float) -> None:
        self._now = now
        while (heard := self.tap.read(READ_AT_ONCE)) is not None:
            if self._zero_s is None:
                # What comes first has just been said: that ties the leg's count to the recording's.
                self._zero_s = now - self.origin.began_s - (heard.start + len(heard.pcm)) / SAMPLES_PER_SECOND
            self._take(heard.start, heard.pcm)

    def discard(self) -> None:
        """Nothing more is told, whatever is understood."""
        self.tell = _nobody

    def finish(self, now: float) -> None:
        """Nothing more is taken; what is being said is an utterance as far as it goes."""
        self._now = now
        self._hear(self._endpointing.finish())

    def heard(self, event: SessionEvent) -> None:
        """What the session tells."""
        match event:
            case PartialHeard(start_s, text):
                self._partial(start_s, text)
            case FinalHeard():
                self._final(event)
            case NotHeard(start_s, end_s, reason):
                self._over()
                self.counts.deferred += 1
                self.counts.deferred_s += end_s - start_s
                self.tell(
                    TranscriptDeferred(
                        contact=self.origin.contact,
                        participant=self.origin.participant,
                        start_s=self._at(start_s),
                        end_s=self._at(end_s),
                        reason=reason,
                    )
                )
            case _:
                assert_never(event)

    def _take(self, start: int, pcm: NDArray[np.int16]) -> None:
        if len(self._rest) and start == self._next:
            start, pcm = start - len(self._rest), np.concatenate((self._rest, pcm))
        whole = len(pcm) // FRAME * FRAME
        self._rest, self._next = pcm[whole:], start + len(pcm)
        pcm = pcm[:whole]
        if not whole:
            return
        voiced = np.zeros(whole // FRAME, np.bool_) if self.masked else self.voice.voiced(pcm)
        self._hear(self._endpointing.hear(start, pcm, voiced))

    def mask(self, on: bool, now: float) -> None:
        """What has been said until now is heard to its end; nothing of what follows is."""
        if on and not self.masked:
            self.listen(now)
            self.finish(now)
        elif self.masked and not on:
            self.listen(now)
        self.masked = on

    def _hear(self, effects: list[EndpointEffect]) -> None:
        if self.session is None:
            return
        for effect in effects:
            match effect:
                case Spoken(at, pcm):
                    self.session.feed(at, pcm)
                case UtteranceEnded():
                    self._awaited.append(self._now)
                    self.session.end_utterance()
                case _:
                    assert_never(effect)

    def _partial(self, start_s: float, text: str) -> None:
        if self._now - self._partial_at_s < PARTIAL_EVERY_S:
            return
        self._partial_at_s = self._now
        self.counts.partials += 1
        self.tell(
            TranscriptPartial(
                contact=self.origin.contact,
                participant=self.origin.participant,
                start_s=self._at(start_s),
                text=text,
            )
        )

    def _final(self, event: FinalHeard) -> None:
        self._over()
        self.counts.finals += 1
        heard = event.utterance
        if not heard.text:
            return
        words = tuple(
            SaidWord(
                text=word.text,
                start_s=self._at(word.start_s),
                end_s=self._at(word.end_s),
                confidence=round(word.confidence, 3),
            )
            for word in heard.words
        )
        self.tell(
            TranscriptFinal(
                contact=self.origin.contact,
                participant=self.origin.participant,
                start_s=self._at(heard.start_s),
                end_s=self._at(heard.end_s),
                text=heard.text,
                confidence=round(heard.confidence, 3),
                engine=self.origin.engine,
                engine_version=self.origin.engine_version,
                words=words,
            )
        )

    def _over(self) -> None:
        if self._awaited:
            self._awaited.popleft()

    def _at(self, of_track_s: float) -> float:
        return max(0.0, round(of_track_s + (self._zero_s or 0.0), 3))
