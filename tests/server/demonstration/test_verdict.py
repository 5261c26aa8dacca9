"""The verdict: every claim holds when it happened, and falls by itself when its evidence is taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.g711 import ulaw_decode, ulaw_encode
from media.sound import Sound
from recordings.catalogue import RecordingEntry, RecordingState
from recordings.segment import RecordingId
from recordings.transcripts import Speaker, Utterance
from server.demonstration.performance import Heard
from server.demonstration.script import Actor, Turn
from server.demonstration.verdict import Exhibits, judge, key_to_prompt_ms
from server.softphone.wav_file import write_wav

Pcm = NDArray[np.int16]
RATE = 8000
DIALOG_S = 12.0
SAID = {
    Actor.CALLER: ("hello i have a question", "thank you and goodbye"),
    Actor.AGENT: ("good morning how can i help", "you are welcome"),
}
STARTS_S = {Actor.CALLER: (4.0, 8.0), Actor.AGENT: (6.0, 10.0)}
POSITION_AT_S, MUSIC_AT_S = 1.0, 2.0

CALLER_RECORDED = "the recording's left channel is the caller"
AGENT_RECORDED = "the recording's right channel is the agent"
CALLER_HEARD_AGENT = "the caller heard the agent"
AGENT_HEARD_CALLER = "the agent heard the caller"
POSITION = "the caller heard a spoken position"
MUSIC = "the caller heard hold music"
DURATION = "the recording is as long as the call"
TRANSCRIPT = "the recogniser's transcript is readable"


def noise(seed: int, seconds: float) -> Pcm:
    """Sound that is like nothing else; as mu-law leaves it."""
    dice = np.random.default_rng(seed)
    loud = np.repeat(dice.uniform(0.2, 1, size=int(seconds * 10) + 1), RATE // 10)[: int(seconds * RATE)]
    pcm = (np.clip(dice.normal(size=loud.size), -3, 3) * loud * 6000).astype(np.int16)
    return ulaw_decode(ulaw_encode(pcm))


def placed(*pieces: tuple[float, Pcm]) -> Pcm:
    channel = np.zeros(int(DIALOG_S * RATE), np.int16)
    for at_s, pcm in pieces:
        start = int(at_s * RATE)
        channel[start : start + len(pcm)] = pcm
    return channel


class Case:
    """A demonstration in which everything happened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.position, self.music = noise(1, 0.8), noise(2, 1.9)
        self.turns = tuple(
            Turn(role, text, folder / "unused.wav", noise(10 * number + len(text), 1.0))
            for role, texts in SAID.items()
            for number, text in enumerate(texts)
        )
        self.write("caller.wav", self.heard_by_caller())
        self.write("agent.wav", placed(*self.spoken(Actor.CALLER)))
        self.exhibits = Exhibits(
            turns=self.turns,
            heard=Heard(
                stack="trunkline",
                invite_to_ok_ms=5.0,
                key_sent_at=100.0,
                audio_began_at=99.5,
                dialog_s=DIALOG_S,
                by_caller=folder / "caller.wav",
                by_agent=folder / "agent.wav",
                agent="alice",
            ),
            entry=RecordingEntry(
                recording_id=RecordingId("r1"),
                contact_id="c1",
                state=RecordingState.COMPLETE,
                path=Path("r1.tlr"),
                started_at=datetime(2026, 3, 2, tzinfo=UTC),
                caller="a",
                called="100",
                duration_s=DIALOG_S + 0.05,
            ),
            stereo=np.stack([placed(*self.spoken(role)) for role in (Actor.CALLER, Actor.AGENT)], axis=1),
            transcript=tuple(
                Utterance(speaker, 0.0, 1.0, text, "test")
                for role, speaker in ((Actor.CALLER, Speaker.CALLER), (Actor.AGENT, Speaker.AGENT))
                for text in SAID[role]
            ),
            position=Sound("position", ulaw_encode(self.position).tobytes()),
            music=Sound("music", ulaw_encode(self.music).tobytes()),
        )

    def spoken(self, role: Actor) -> list[tuple[float, Pcm]]:
        turns = [turn.pcm for turn in self.turns if turn.role is role]
        return list(zip(STARTS_S[role], turns, strict=True))

    def heard_by_caller(self, *, position: bool = True, music: bool = True, agent: bool = True) -> Pcm:
        return placed(
            *([(POSITION_AT_S, self.position)] if position else []),
            *([(MUSIC_AT_S, self.music)] if music else []),
            *(self.spoken(Actor.AGENT) if agent else []),
        )

    def write(self, name: str, pcm: Pcm) -> None:
        write_wav(self.folder / name, pcm)

    def failed(self) -> list[str]:
        return [proof.claim for proof in judge(self.exhibits) if not proof.holds]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_what_happened_is_proved_in_every_claim(case: Case) -> None:
    proofs = judge(case.exhibits)
    assert len(proofs) == 8
    assert [proof.claim for proof in proofs if not proof.holds] == []
    assert "2 sentences in order" in proofs[0].measured


def without_position(case: Case) -> None:
    case.write("caller.wav", case.heard_by_caller(position=False))


def without_music(case: Case) -> None:
    case.write("caller.wav", case.heard_by_caller(music=False))


def without_the_agents_voice(case: Case) -> None:
    case.write("caller.wav", case.heard_by_caller(agent=False))


def with_a_deaf_agent(case: Case) -> None:
    case.write("agent.wav", placed())


def with_a_silent_left_channel(case: Case) -> None:
    case.exhibits = replace(case.exhibits, stereo=case.exhibits.stereo * np.array([0, 1], np.int16))


def with_the_agents_last_sentence_missing(case: Case) -> None:
    stereo = case.exhibits.stereo.copy()
    stereo[int(STARTS_S[Actor.AGENT][1] * RATE) :, 1] = 0
    case.exhibits = replace(case.exhibits, stereo=stereo)


def with_a_second_lost(case: Case) -> None:
    case.exhibits = replace(case.exhibits, entry=replace(case.exhibits.entry, duration_s=DIALOG_S - 1.0))


def with_words_misunderstood(case: Case) -> None:
    transcript = (*case.exhibits.transcript[:2], Utterance(Speaker.AGENT, 0, 1, "nothing of it", "test"))
    case.exhibits = replace(case.exhibits, transcript=transcript)


@pytest.mark.parametrize(
    ("spoil", "claim"),
    [
        (without_position, POSITION),
        (without_music, MUSIC),
        (without_the_agents_voice, CALLER_HEARD_AGENT),
        (with_a_deaf_agent, AGENT_HEARD_CALLER),
        (with_a_silent_left_channel, CALLER_RECORDED),
        (with_the_agents_last_sentence_missing, AGENT_RECORDED),
        (with_a_second_lost, DURATION),
        (with_words_misunderstood, TRANSCRIPT),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_did_not_happen_fails_its_claim_and_no_other(
    case: Case, spoil: Callable[[Case], None], claim: str
) -> None:
    spoil(case)
    assert case.failed() == [claim]


def test_channels_that_are_exchanged_prove_neither_party(case: Case) -> None:
    case.exhibits = replace(case.exhibits, stereo=case.exhibits.stereo[:, ::-1])
    assert case.failed() == [CALLER_RECORDED, AGENT_RECORDED]


def test_sentences_in_another_order_are_not_what_was_said(case: Case) -> None:
    first, second = case.spoken(Actor.CALLER)
    case.write("agent.wav", placed((first[0], second[1]), (second[0], first[1])))
    [proof] = [proof for proof in judge(case.exhibits) if not proof.holds]
    assert (proof.claim, proof.measured) == (AGENT_HEARD_CALLER, "sentences out of order")


def test_words_of_the_other_speaker_do_not_count_as_understood(case: Case) -> None:
    exchanged = {Speaker.CALLER: Speaker.AGENT, Speaker.AGENT: Speaker.CALLER}
    transcript = tuple(
        replace(item, speaker=exchanged[item.speaker])
        for item in case.exhibits.transcript
        if isinstance(item, Utterance)
    )
    case.exhibits = replace(case.exhibits, transcript=transcript)
    assert case.failed() == [TRANSCRIPT]


def test_an_empty_transcript_is_not_readable(case: Case) -> None:
    case.exhibits = replace(case.exhibits, transcript=())
    assert case.failed() == [TRANSCRIPT]


def test_the_time_to_the_next_prompt_is_measured_at_the_callers_ear(case: Case) -> None:
    # The sound began half a second before the key; the position lies one second into it.
    assert key_to_prompt_ms(case.exhibits) == pytest.approx(500, abs=20)
