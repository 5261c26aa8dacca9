"""What the demonstration's parties say, and how a step that did not happen is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media.errors import MediaError
from media.speech.errors import SynthesisError
from server.demonstration.cast import HOLD_BEFORE_TURN, StepFailedError, step
from server.demonstration.script import HOUSE_SENTENCES, Actor, rehearse
from server.softphone.client import SoftphoneError
from tests.fakes.keeping import FakeVoice
from tests.interop.sound import read_wav


async def test_every_turn_is_spoken_once_and_kept_as_the_file_that_is_played(tmp_path: Path) -> None:
    voice = FakeVoice()
    turns = await rehearse(voice, tmp_path)
    assert voice.said == [turn.text for turn in turns]
    assert len({turn.file for turn in turns}) == len(turns)
    for turn in turns:
        assert np.array_equal(read_wav(turn.file)[:, 0], turn.pcm)


async def test_both_parties_speak_before_and_after_the_hold(tmp_path: Path) -> None:
    turns = await rehearse(FakeVoice(), tmp_path)
    both = {Actor.CALLER, Actor.AGENT}
    assert {turn.role for turn in turns[:HOLD_BEFORE_TURN]} == both
    assert {turn.role for turn in turns[HOLD_BEFORE_TURN:]} == both


async def test_without_a_voice_there_is_no_rehearsal(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError):
        await rehearse(FakeVoice(mute=True), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_the_recogniser_is_given_what_is_said(tmp_path: Path) -> None:
    sentences = set(HOUSE_SENTENCES.read_text(encoding="utf-8").lower().split())
    assert len(sentences) > 50
    for turn in await rehearse(FakeVoice(), tmp_path):
        words = {word.strip(".,?!") for word in turn.text.lower().split()}
        assert len(words & sentences) >= len(words) / 2, turn.text


def test_a_step_is_told_before_it_is_taken() -> None:
    told: list[str] = []
    with step("a caller dials in", told.append):
        assert told == ["a caller dials in"]


@pytest.mark.parametrize("error", [SoftphoneError("no Answered"), OSError("no Answered")])
def test_a_step_that_failed_is_named_with_its_reason(error: Exception) -> None:
    with (
        pytest.raises(StepFailedError, match="step failed: a caller dials in: no Answered"),
        step("a caller dials in", lambda _name: None),
    ):
        raise error


def test_a_step_that_only_took_too_long_says_what_the_demonstration_needs() -> None:
    with (
        pytest.raises(StepFailedError, match=r"a caller dials in: it did not happen in time; .* number 100"),
        step("a caller dials in", lambda _name: None),
    ):
        raise TimeoutError


def test_a_mistake_of_ours_is_not_told_as_a_step_that_failed() -> None:
    with pytest.raises(MediaError), step("a caller dials in", lambda _name: None):
        raise MediaError("ours")
