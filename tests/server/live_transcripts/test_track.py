"""One voice: what is voice reaches the recogniser, nothing else does, and words become facts."""

from __future__ import annotations

import numpy as np
import pytest

from contacts.facts.speech import SpeechFact, TranscriptDeferred, TranscriptFinal, TranscriptPartial
from contacts.ids import ContactId, ParticipantId
from media.g711 import ulaw_encode
from media.speech.endpointing import FRAME
from media.speech.session import SpokenChannel
from media.speech.vocabulary import General
from media.speech.voice import LiveVoice
from server.live_transcripts.track import LiveTrack, TrackOrigin
from tests.fakes.recognizers import FakeRecognizer, FakeSession, LoudIsVoice
from tests.fakes.taps import FakeTap

WHO = TrackOrigin(ContactId("contact"), ParticipantId("customer"), 100.0, "fake", "1")
LOUD = ulaw_encode(np.full(FRAME, 8000, np.int16)).tobytes()
QUIET = ulaw_encode(np.zeros(FRAME, np.int16)).tobytes()


class Followed:
    """A track whose far end speaks in frames; the recording began at 100 s, the leg a second before it."""

    def __init__(self) -> None:
        self.tap = FakeTap([])
        self.told: list[SpeechFact] = []
        self.track = LiveTrack(WHO, self.tap, self.told.append, LoudIsVoice())
        self.session = FakeRecognizer().open(
            SpokenChannel("contact", "customer"), General(), self.track.heard
        )
        self.track.session = self.session
        self.now = 100.0
        self._position = 8000

    def hear(self, frame: bytes, count: int) -> None:
        for _ in range(count):
            self.tap.hear(self._position, frame)
            self._position += FRAME
            self.now += 0.02
            if self._position % (5 * FRAME) == 0:
                self.track.listen(self.now)
        self.track.listen(self.now)


def test_what_is_said_becomes_a_partial_and_a_final_with_times_of_the_recording() -> None:
    followed = Followed()
    followed.hear(QUIET, 100)
    followed.hear(LOUD, 50)
    followed.session.partial("where is")
    followed.hear(QUIET, 50)
    followed.session.final("where is my parcel")
    partial, final = followed.told
    assert isinstance(partial, TranscriptPartial)
    assert partial.text == "where is"
    assert isinstance(final, TranscriptFinal)
    # A padding of 200 ms before and after the voice belongs to the utterance.
    assert final.start_s == pytest.approx(1.8, abs=0.03)
    assert final.end_s == pytest.approx(3.2, abs=0.03)
    assert [word.text for word in final.words] == ["where", "is", "my", "parcel"]
    assert final.words[0].start_s == final.start_s
    assert (final.engine, final.engine_version) == ("fake", "1")


def test_partials_are_told_no_oftener_than_somebody_can_read() -> None:
    followed = Followed()
    followed.hear(LOUD, 20)
    for _ in range(10):
        followed.session.partial("where is")
    assert len(followed.told) == 1


def test_silence_reaches_no_recogniser() -> None:
    followed = Followed()
    followed.hear(QUIET, 500)
    assert followed.session.fed == []


@pytest.mark.parametrize("name", ["silence", "noise", "clicks", "hum"])
def test_there_are_no_words_where_nobody_speaks(name: str) -> None:
    """The guard against words that nobody said: what is no voice is not asked about."""
    made = np.random.default_rng(7)
    seconds = np.arange(5 * 8000) / 8000
    sounds = {
        "silence": np.zeros(len(seconds)),
        "noise": made.normal(0, 40, len(seconds)),
        "clicks": (np.arange(len(seconds)) % 8000 < 40) * 12_000.0,
        "hum": 60 * np.sin(2 * np.pi * 50 * seconds),
    }
    pcm = sounds[name].astype(np.int16)
    tap, session = FakeTap([]), FakeSession(SpokenChannel("contact", "customer"), lambda _: None)
    track = LiveTrack(WHO, tap, lambda _: None, LiveVoice())
    track.session = session
    tap.hear(0, ulaw_encode(pcm).tobytes())
    track.listen(105.0)
    track.finish(105.0)
    assert session.fed == []


def test_what_is_masked_reaches_no_recogniser_and_what_was_before_it_does() -> None:
    followed = Followed()
    followed.hear(LOUD, 30)
    followed.track.mask(True, followed.now)
    before = followed.session.samples
    assert followed.session.utterances == 1
    followed.hear(LOUD, 100)
    assert followed.session.samples == before
    followed.track.mask(False, followed.now)
    followed.hear(LOUD, 30)
    assert followed.session.samples > before


def test_a_stretch_without_words_is_told_as_one_and_counted() -> None:
    followed = Followed()
    followed.hear(LOUD, 50)
    followed.hear(QUIET, 50)
    followed.session.fail("the recogniser is behind")
    (deferred,) = followed.told
    assert isinstance(deferred, TranscriptDeferred)
    assert deferred.end_s is not None
    assert deferred.end_s - deferred.start_s == pytest.approx(1.2, abs=0.03)
    assert followed.track.counts.deferred == 1
    assert followed.track.counts.deferred_s == pytest.approx(1.2, abs=0.03)


def test_lag_is_how_long_words_have_been_due() -> None:
    followed = Followed()
    followed.hear(LOUD, 50)
    assert followed.track.lag_s(followed.now) == 0.0
    followed.hear(QUIET, 100)
    assert followed.track.lag_s(followed.now) == pytest.approx(1.5, abs=0.15)
    followed.session.final("hello")
    assert followed.track.lag_s(followed.now) == 0.0


def test_a_listener_who_came_too_late_ends_the_utterance_at_the_gap() -> None:
    followed = Followed()
    followed.hear(LOUD, 30)
    followed._position += 50 * FRAME
    followed.tap._at = followed._position
    followed.hear(LOUD, 30)
    assert followed.session.utterances == 1
