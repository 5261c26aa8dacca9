"""What the recorder relies on in a source: the fake one and the media engine's ring give the same."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import numpy as np
import pytest

from media.description import LegDescription, PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.settings import MediaSettings
from recordings.source import RecordingSource, StereoFrames
from recordings.tracks import TrackCodec
from tests.patience import PATIENCE_S
from tests.recordings.fakes import FakeSource, PacedSource


@dataclass
class Played:
    """A source, what ends it, and whether the clock or the test fills it."""

    source: RecordingSource
    end: Callable[[], None]
    push: Callable[[int], None]


@pytest.fixture(params=["fake", "paced", "engine"])
async def played(request: pytest.FixtureRequest) -> AsyncIterator[Played]:
    if request.param == "fake":
        fake = FakeSource()
        yield Played(fake, fake.end, fake.push)
    elif request.param == "paced":
        paced = PacedSource()
        yield Played(paced, paced.end, lambda _: None)
    else:
        engine = MediaEngine(MediaSettings(max_legs=8, max_recordings=4, max_listeners=4, prompt_memory_mb=1))
        await engine.start()
        leg = engine.open_leg(lambda event: None)
        leg.connect(LegDescription("127.0.0.1", 9, SoundCodec.PCMU, PayloadTypes(0), PayloadTypes(0)))
        yield Played(leg.start_recording(), leg.stop_recording, lambda _: None)
        leg.close()
        await engine.stop()


async def taken(source: RecordingSource, at_least: int) -> list[StereoFrames]:
    blocks: list[StereoFrames] = []
    async with asyncio.timeout(PATIENCE_S):
        while sum(len(block) for block in blocks) < at_least:
            while (block := source.read()) is not None:
                blocks.append(block)
            await asyncio.sleep(0.01)
    return blocks


@pytest.mark.timeout(400)
async def test_frames_are_two_tracks_as_they_travelled_numbered_from_0_without_a_hole(played: Played) -> None:
    played.push(20)
    blocks = await taken(played.source, 20)
    expected = 0
    for block in blocks:
        assert block.first_frame == expected
        assert block.law == TrackCodec.ULAW
        assert block.tracks.dtype == np.uint8
        assert block.tracks.shape == (2, len(block), 160)
        assert block.marks is None or block.marks.shape == (2, len(block))
        assert len(block) > 0
        expected += len(block)
    assert played.source.dropped_frames == 0


@pytest.mark.timeout(400)
async def test_a_block_once_given_is_not_written_to_again(played: Played) -> None:
    played.push(5)
    blocks = await taken(played.source, 5)
    before = [block.tracks.copy() for block in blocks]
    played.push(5)
    await taken(played.source, 5)
    assert all(np.array_equal(block.tracks, earlier) for block, earlier in zip(blocks, before, strict=True))


@pytest.mark.timeout(400)
async def test_source_is_finished_only_after_its_end_and_stays_so(played: Played) -> None:
    played.push(5)
    await taken(played.source, 5)
    assert not played.source.finished
    played.end()
    async with asyncio.timeout(PATIENCE_S):
        while not played.source.finished:
            played.source.read()
            await asyncio.sleep(0.01)
    while played.source.read() is not None:
        pass
    assert played.source.finished
    assert played.source.read() is None
