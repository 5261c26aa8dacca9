"""Did it really happen? Compares what was said with what was recorded, heard and transcribed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.g711 import ulaw_decode
from media.sound import SAMPLES_PER_SECOND, Sound
from media.speech.accuracy import NOTHING_SAID, compare
from recordings.catalogue import RecordingEntry
from recordings.transcripts import Speaker, TranscriptItem, Utterance
from recordings.wav import read_wav
from server.demonstration.evidence import find, likeness
from server.demonstration.performance import Heard
from server.demonstration.script import Actor, Turn

SIMILAR = 0.8
WORDS_RIGHT = 0.8
DURATION_TOLERANCE_S = 0.1

SPEAKERS = {Actor.CALLER: Speaker.CALLER, Actor.AGENT: Speaker.AGENT}
CHANNELS = {Actor.CALLER: 0, Actor.AGENT: 1}


@dataclass(frozen=True, slots=True)
class Proof:
    """One claim of the demonstration, what was measured, and whether that is enough."""

    claim: str
    measured: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Exhibits:
    """Everything that there is to compare."""

    turns: tuple[Turn, ...]
    heard: Heard
    entry: RecordingEntry
    stereo: NDArray[np.int16]
    transcript: tuple[TranscriptItem, ...]
    position: Sound
    music: Sound


def judge(exhibits: Exhibits) -> tuple[Proof, ...]:
    """Every claim, held or not."""
    return (
        _recorded(exhibits, Actor.CALLER, "the recording's left channel is the caller"),
        _recorded(exhibits, Actor.AGENT, "the recording's right channel is the agent"),
        _heard(exhibits, Actor.AGENT, "the caller heard the agent"),
        _heard(exhibits, Actor.CALLER, "the agent heard the caller"),
        _caller_heard("the caller heard a spoken position", exhibits.position, exhibits),
        _caller_heard("the caller heard hold music", exhibits.music, exhibits),
        _durations(exhibits),
        _transcribed(exhibits),
    )


def key_to_prompt_ms(exhibits: Exhibits) -> float | None:
    """From the key to the first sample of the next prompt, at the caller's ear (within a frame of 20 ms)."""
    heard = read_wav(exhibits.heard.by_caller).samples[:, 0]
    at_s = find(_pcm(exhibits.position), heard).at / SAMPLES_PER_SECOND
    sent_at = exhibits.heard.key_sent_at
    return None if sent_at is None else (exhibits.heard.audio_began_at + at_s - sent_at) * 1000


def _recorded(exhibits: Exhibits, role: Actor, claim: str) -> Proof:
    return _contains(claim, exhibits.turns, role, exhibits.stereo[:, CHANNELS[role]])


def _heard(exhibits: Exhibits, role: Actor, claim: str) -> Proof:
    file = exhibits.heard.by_caller if role is Actor.AGENT else exhibits.heard.by_agent
    return _contains(claim, exhibits.turns, role, read_wav(file).samples[:, 0])


def _contains(claim: str, turns: tuple[Turn, ...], role: Actor, channel: NDArray[np.int16]) -> Proof:
    """Every sentence of that party, in the order in which they were said."""
    matches = [likeness(turn.pcm, channel) for turn in turns if turn.role is role]
    worst = min(match.similarity for match in matches)
    ordered = all(earlier.at < later.at for earlier, later in itertools.pairwise(matches))
    measured = f"{len(matches)} sentences in order, correlation at least {worst:.2f}"
    return Proof(claim, measured if ordered else "sentences out of order", ordered and worst >= SIMILAR)


def _caller_heard(claim: str, sound: Sound, exhibits: Exhibits) -> Proof:
    heard = read_wav(exhibits.heard.by_caller).samples[:, 0]
    match = likeness(_pcm(sound)[: 2 * SAMPLES_PER_SECOND], heard)
    at_s = match.at / SAMPLES_PER_SECOND
    return Proof(claim, f"correlation {match.similarity:.2f} at {at_s:.1f} s", match.similarity >= SIMILAR)


def _durations(exhibits: Exhibits) -> Proof:
    apart_s = abs(exhibits.entry.duration_s - exhibits.heard.dialog_s)
    measured = f"recording {exhibits.entry.duration_s:.2f} s, SIP dialog {exhibits.heard.dialog_s:.2f} s"
    return Proof("the recording is as long as the call", measured, apart_s <= DURATION_TOLERANCE_S)


def _transcribed(exhibits: Exhibits) -> Proof:
    accuracy = NOTHING_SAID
    for role, speaker in SPEAKERS.items():
        said = " ".join(turn.text for turn in exhibits.turns if turn.role is role)
        understood = " ".join(
            item.text
            for item in exhibits.transcript
            if isinstance(item, Utterance) and item.speaker is speaker
        )
        accuracy += compare(said, understood)
    measured = f"{accuracy.fraction_right:.0%} of {accuracy.said} words right, word error rate "
    measured += f"{accuracy.word_error_rate:.0%}"
    readable = accuracy.fraction_right >= WORDS_RIGHT
    return Proof("the recogniser's transcript is readable", measured, readable)


def _pcm(sound: Sound) -> NDArray[np.int16]:
    return ulaw_decode(np.frombuffer(sound.ulaw, np.uint8))
