"""A channel comes in windows that end where it is quiet; nothing of it is lost or in memory as a whole."""

from collections.abc import Iterator

import numpy as np

from media.g711 import ulaw_decode, ulaw_encode
from recordings.segment_reader import Gap, GapCause, Segment
from server.transcripts.windows import StereoSide, TimeSpan, Window, quietest, windows

RATE = 8000
RNG = np.random.default_rng(3)


def talk(seconds: float) -> np.ndarray:
    return (RNG.normal(size=int(seconds * RATE)) * 3000).astype(np.int16)


def segments(left: np.ndarray, right: np.ndarray) -> Iterator[Segment]:
    both = np.stack([ulaw_encode(left).reshape(-1, 160), ulaw_encode(right).reshape(-1, 160)], axis=1)
    for number, begin in enumerate(range(0, len(both), 20)):
        yield Segment(number, begin, both[begin : begin + 20])


def test_windows_together_are_the_channel() -> None:
    left, right = talk(150.0), talk(150.0)
    for channel, sound in ((StereoSide.LEFT, left), (StereoSide.RIGHT, right)):
        found = list(windows(segments(left, right), channel))
        assert np.array_equal(
            np.concatenate([window.pcm for window in found]), ulaw_decode(ulaw_encode(sound))
        )
        ends = [window.end_s for window in found]
        assert [window.start_s for window in found] == [0.0, *ends[:-1]]
        assert all(len(window.pcm) <= 60 * RATE for window in found)


def test_a_window_ends_in_a_pause() -> None:
    left = talk(80.0)
    pause = slice(int(54.0 * RATE), int(55.0 * RATE))
    left[pause] = 0
    first = next(iter(windows(segments(left, left), StereoSide.LEFT)))
    assert 54.2 < first.end_s < 54.8


def test_who_never_pauses_is_cut_all_the_same() -> None:
    assert 50 * RATE < quietest(talk(60.0)) < 60 * RATE


def test_a_gap_is_silence_that_keeps_the_time_of_what_follows() -> None:
    sound = talk(1.0)
    (segment, *rest) = segments(sound, sound)
    late = [Segment(s.sequence, s.first_frame + 3000, s.samples) for s in rest]
    items: list[Segment | Gap] = [segment, Gap(20, 3000, GapCause.DROPPED), *late]
    found = list(windows(items, StereoSide.LEFT))
    assert found[-1].end_s == 61.0
    assert not found[0].pcm[20 * 160 :].any()


def test_finding_14_a_recording_of_a_day_is_never_in_memory_as_a_whole() -> None:
    held = [
        len(window.pcm) for window in windows([Gap(0, 24 * 3600 * 50, GapCause.DROPPED)], StereoSide.LEFT)
    ]
    assert sum(held) == 24 * 3600 * RATE
    assert max(held) <= 60 * RATE


def test_outside_of_the_spans_there_is_silence() -> None:
    window = Window(60.0, np.ones(4 * RATE, np.int16))
    kept = window.only([TimeSpan(10.0, 61.0), TimeSpan(63.0, None)]).pcm
    assert [int(second.sum()) for second in kept.reshape(4, RATE)] == [RATE, 0, 0, RATE]
