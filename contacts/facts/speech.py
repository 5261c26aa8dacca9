"""Facts of what was said while a contact went on, as a recogniser understood it.

Seconds count from the beginning of the recording.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from contacts.facts.contact import ContactFact
from contacts.ids import ParticipantId
from contacts.privacy import Personal, Privacy


class SaidWord(msgspec.Struct, frozen=True, kw_only=True):
    """One word, and when; confidence is between 0 and 1."""

    text: str
    start_s: float
    end_s: float
    confidence: float


SaidWords = Annotated[tuple[SaidWord, ...], msgspec.Meta(extra={"privacy": Privacy.PERSONAL})]


class SpeechFact(ContactFact, frozen=True, kw_only=True):
    """Something about what one participant said."""

    participant: ParticipantId
    start_s: float


class TranscriptPartial(SpeechFact, frozen=True, kw_only=True, tag="transcript.partial"):
    """They are speaking; so far it sounds like this. The next one, or the final, replaces it."""

    text: Personal = ""


class TranscriptFinal(SpeechFact, frozen=True, kw_only=True, tag="transcript.final"):
    """They said this, as far as could be told while the call went on."""

    end_s: float
    text: Personal = ""
    confidence: float = 0.0
    engine: str = ""
    engine_version: str = ""
    words: SaidWords = ()


class TranscriptDeferred(SpeechFact, frozen=True, kw_only=True, tag="transcript.deferred"):
    """A stretch that was not understood live, and why; it is transcribed from the recording."""

    end_s: float | None = None
    """None: from there on."""
    reason: str = ""


class WordsSpotted(SpeechFact, frozen=True, kw_only=True, tag="speech.spotted"):
    """They said something that a rule waits for: somebody should know at once."""

    rule: str
    phrase: Personal = ""


class TalkMeasured(ContactFact, frozen=True, kw_only=True, tag="talk.measured"):
    """How customer and agent talked with each other in the recording: from when, not what, they spoke."""

    recording: str
    joined_s: float
    customer_s: float
    agent_s: float
    silence_s: float
    cross_talk_s: float
    customer_interruptions: int
    agent_interruptions: int
    customer_longest_s: float
    agent_longest_s: float
