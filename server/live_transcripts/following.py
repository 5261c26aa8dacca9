"""All live tracks of the server: one loop reads them, ten times a second, and tells words as facts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from config.speech_rules import SpeechRule
from contacts.facts.fact import Fact
from contacts.facts.speech import (
    SpeechFact,
    TranscriptDeferred,
    TranscriptFinal,
    TranscriptPartial,
    WordsSpotted,
)
from contacts.ids import ContactId, ParticipantId
from media.errors import MediaError
from media.sound_tap import SoundTap
from media.speech.session import Recognizer, SpokenChannel
from media.speech.vocabulary import LanguageModel
from media.speech.voice import LiveVoice
from server.live_transcripts.rules import SpeechRules
from server.live_transcripts.track import LiveTrack, TrackCounts, TrackOrigin, VoiceDetector
from server.tasks import Tasks

log = structlog.get_logger(__name__)

READ_EVERY_S = 0.1
TOO_MANY = "as many voices are followed as the settings allow"


class Tapped(Protocol):
    """Somebody's sound that can be followed, as `media.call_sound.CallSound`."""

    def tap(self) -> SoundTap: ...


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """`lag_s`: how long somebody's utterance has been over whose words are not there yet."""

    tracks: int
    refused: int
    partials: int
    finals: int
    deferred: int
    deferred_s: float
    lag_s: float


@dataclass(frozen=True, slots=True)
class Hearing:
    """What live tracks are heard with."""

    recognizer: Recognizer
    vocabulary: LanguageModel
    rules: tuple[SpeechRule, ...]
    max_tracks: int
    make_voice: Callable[[], VoiceDetector] = LiveVoice


class LiveFollowing:
    """Never waits and never fails whoever calls it: a voice that cannot be followed is told as a fact."""

    def __init__(
        self, hearing: Hearing, note: Callable[[Fact], None], tasks: Tasks, now: Callable[[], float]
    ) -> None:
        self._hearing = hearing
        self._note = note
        self._tasks = tasks
        self._now = now
        self._tracks: set[LiveTrack] = set()
        self._total = TrackCounts()
        self._refused = 0

    def of(self, contact: ContactId) -> LiveContact:
        """Its recording begins now."""
        return LiveContact(contact, self, self._now())

    def status(self) -> LiveStatus:
        now, counts = self._now(), [self._total, *(track.counts for track in self._tracks)]
        return LiveStatus(
            tracks=len(self._tracks),
            refused=self._refused,
            partials=sum(count.partials for count in counts),
            finals=sum(count.finals for count in counts),
            deferred=sum(count.deferred for count in counts),
            deferred_s=sum(count.deferred_s for count in counts),
            lag_s=max((track.lag_s(now) for track in self._tracks), default=0.0),
        )

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for track in tuple(self._tracks):
                self._read(track)
            await asyncio.sleep(READ_EVERY_S)

    def begin(self, origin: TrackOrigin, sound: Tapped) -> LiveTrack | None:
        """None, and a fact, where there is no room for another one."""
        hearing = self._hearing
        if not hearing.max_tracks:
            return None
        if len(self._tracks) >= hearing.max_tracks:
            self._refuse(origin, TOO_MANY)
            return None
        rules = SpeechRules(hearing.rules, origin.participant)
        voice = hearing.make_voice()
        try:
            track = LiveTrack(origin, sound.tap(), lambda told: self._tell(told, rules), voice)
        except MediaError as error:
            self._refuse(origin, str(error))
            return None
        channel = SpokenChannel(origin.contact, origin.participant)
        track.session = hearing.recognizer.open(channel, hearing.vocabulary, track.heard)
        self._tracks.add(track)
        return track

    def _refuse(self, origin: TrackOrigin, reason: str) -> None:
        self._refused += 1
        self._note(_refused(origin, self._now(), reason))

    def end(self, track: LiveTrack) -> None:
        """What was said until now is still told, as soon as it is understood."""
        if track in self._tracks:
            with suppress(MediaError):
                # What cannot be heard any more costs its words, and not those of everybody else.
                track.listen(self._now())
            self._let_go(track)

    def _let_go(self, track: LiveTrack) -> None:
        track.finish(self._now())
        self._drop(track)

    def _drop(self, track: LiveTrack) -> None:
        self._tracks.discard(track)
        track.tap.close()
        self._tasks.start(self._close(track))

    @property
    def recognizer(self) -> Recognizer:
        return self._hearing.recognizer

    def _read(self, track: LiveTrack) -> None:
        try:
            track.listen(self._now())
            if track.ended:
                self.end(track)
        except MediaError as error:
            log.warning("live.track_lost", contact=track.origin.contact, reason=type(error).__name__)
            self._let_go(track)
        except Exception:
            # A fault of ours in one track must not silence everybody else's.
            log.exception("live.track_failed", contact=track.origin.contact)
            self._drop(track)

    async def _close(self, track: LiveTrack) -> None:
        if track.session is not None:
            await track.session.close()
        total, counts = self._total, track.counts
        total.partials += counts.partials
        total.finals += counts.finals
        total.deferred += counts.deferred
        total.deferred_s += counts.deferred_s

    def _tell(self, told: SpeechFact, rules: SpeechRules) -> None:
        self._note(told)
        if not isinstance(told, TranscriptPartial | TranscriptFinal):
            return
        for spotted in rules.spot(told.start_s, told.text):
            self._note(
                WordsSpotted(
                    contact=told.contact,
                    participant=told.participant,
                    start_s=told.start_s,
                    rule=spotted.rule,
                    phrase=spotted.phrase,
                )
            )


class LiveContact:
    """The voices of one recorded contact."""

    def __init__(self, contact: ContactId, following: LiveFollowing, began_s: float) -> None:
        self._contact = contact
        self._following = following
        self._began_s = began_s
        self._tracks: dict[ParticipantId, LiveTrack] = {}
        self._masked = False

    def follow(self, participant: ParticipantId, sound: Tapped) -> None:
        """From now on; one that is followed already goes on being."""
        track = self._tracks.get(participant)
        if track is not None and not track.ended:
            return
        recognizer = self._following.recognizer
        origin = TrackOrigin(
            self._contact, participant, self._began_s, recognizer.engine, recognizer.engine_version
        )
        track = self._following.begin(origin, sound)
        if track is not None:
            track.masked = self._masked
            self._tracks[participant] = track

    def leave(self, participant: ParticipantId) -> None:
        track = self._tracks.pop(participant, None)
        if track is not None:
            self._following.end(track)

    def mask(self, on: bool, now: float) -> None:
        """While it is on nobody's words are taken."""
        self._masked = on
        for track in self._tracks.values():
            track.mask(on, now)

    def end(self, *, discard: bool = False) -> None:
        """`discard`: also what was said already and is not understood yet is told to nobody."""
        for participant in tuple(self._tracks):
            if discard:
                self._tracks[participant].discard()
            self.leave(participant)


def _refused(origin: TrackOrigin, now: float, reason: str) -> TranscriptDeferred:
    return TranscriptDeferred(
        contact=origin.contact,
        participant=origin.participant,
        start_s=max(0.0, round(now - origin.began_s, 3)),
        reason=reason,
    )
