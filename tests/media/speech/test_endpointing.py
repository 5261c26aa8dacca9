"""Live endpointing: the same stretches as of a whole recording, whatever pieces the sound comes in."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from media.speech.endpointing import (
    FRAME,
    LIVE_RULES,
    EndpointEffect,
    LiveEndpointing,
    Spoken,
    UtteranceEnded,
)


def voiced(pattern: str) -> NDArray[np.bool_]:
    """`.` is a frame without voice, anything else one with voice; a number before it repeats it."""
    flags: list[bool] = []
    for part in pattern.split():
        flags += [part[-1] != "."] * int(part[:-1] or 1)
    return np.array(flags)


def heard(flags: NDArray[np.bool_], pieces: int = 5) -> list[EndpointEffect]:
    """Each frame holds its own number, so that every sample tells where it came from."""
    endpointing = LiveEndpointing()
    pcm = np.repeat(np.arange(len(flags), dtype=np.int16), FRAME)
    effects: list[EndpointEffect] = []
    for begin in range(0, len(flags), pieces):
        end = min(begin + pieces, len(flags))
        effects += endpointing.hear(begin * FRAME, pcm[begin * FRAME : end * FRAME], flags[begin:end])
    return effects + endpointing.finish()


def stretches(effects: list[EndpointEffect]) -> list[tuple[int, int]]:
    """First and last frame, inclusive, of what each utterance's sound is."""
    found: list[tuple[int, int]] = []
    frames: list[int] = []
    for effect in effects:
        if isinstance(effect, Spoken):
            assert effect.pcm[0] == effect.at // FRAME
            frames += effect.pcm[::FRAME].tolist()
        else:
            assert frames == list(range(frames[0], frames[-1] + 1)), "no sample is missing, none comes twice"
            found.append((frames[0], frames[-1]))
            frames = []
    assert not frames, "whatever was said has an end"
    return found


def test_an_utterance_has_a_padding_before_and_after_its_voice() -> None:
    assert stretches(heard(voiced("50. 20v 50."))) == [(40, 79)]


def test_a_pause_shorter_than_the_hangover_is_part_of_the_utterance() -> None:
    assert stretches(heard(voiced("50. 20v 20. 20v 50."))) == [(40, 119)]


def test_a_longer_pause_makes_two() -> None:
    ends = [effect for effect in heard(voiced("50. 20v 40. 20v 50.")) if isinstance(effect, UtteranceEnded)]
    assert [(end.start // FRAME, end.end // FRAME) for end in ends] == [(50, 70), (110, 130)]


def test_silence_and_clicks_are_no_utterance() -> None:
    assert heard(voiced("200.")) == []
    assert heard(voiced("50. 2v 50. 2v 3. 2v 50.")) == []
    assert heard(voiced("50. 3v 50. 5v 50.")) == []


def test_what_goes_on_and_on_is_cut_and_goes_on() -> None:
    longest = LIVE_RULES.longest_ms // 20
    effects = heard(voiced(f"20. {2 * longest}v 50."))
    ends = [effect for effect in effects if isinstance(effect, UtteranceEnded)]
    assert ends[0].cut
    assert (ends[0].end - ends[0].start) // FRAME == longest
    spoken = stretches(effects)
    assert spoken[1][0] == spoken[0][1] + 1, "nothing between the two is lost"


def test_a_gap_in_the_track_ends_the_utterance() -> None:
    endpointing = LiveEndpointing()
    loud = np.ones(20 * FRAME, np.int16)
    endpointing.hear(0, loud, voiced("20v"))
    assert endpointing.talking
    effects = endpointing.hear(100 * FRAME, loud[: 5 * FRAME], voiced("5."))
    assert [type(effect) for effect in effects] == [UtteranceEnded]
    assert not endpointing.talking


def test_the_sound_of_voice_goes_out_with_the_frames_it_came_in() -> None:
    """What is said is not held back: a partial result is due while it is said."""
    endpointing = LiveEndpointing()
    effects = endpointing.hear(0, np.zeros(10 * FRAME, np.int16), voiced("2. 8v"))
    assert isinstance(effects[-1], Spoken)
    assert effects[-1].at + len(effects[-1].pcm) == 10 * FRAME


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), min_size=1, max_size=20),
    st.integers(1, 30),
)
def test_the_pieces_it_comes_in_change_nothing(runs: list[tuple[bool, int]], pieces: int) -> None:
    flags = np.array([flag for flag, count in runs for _ in range(count)])
    found = stretches(heard(flags, pieces))
    assert found == stretches(heard(flags, 1))
    assert all(before[1] < after[0] for before, after in pairwise(found))
    for first, last in found:
        assert flags[first : last + 1].sum() >= LIVE_RULES.minimum_ms // 20 or last - first > 700


@pytest.mark.parametrize("pieces", [1, 5, 50])
def test_utterances_are_those_of_the_whole_recording(pieces: int) -> None:
    """Voice in runs and pauses, as `talk_spurts` bridges them."""
    ends = [
        (end.start // FRAME, end.end // FRAME)
        for end in heard(voiced("30. 10v 10. 10v 60. 40v 30. 8v 80."), pieces)
        if isinstance(end, UtteranceEnded)
    ]
    assert ends == [(30, 60), (120, 160), (190, 198)]
