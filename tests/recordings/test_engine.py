"""The recorder on the real media engine: a leg's time on the disk is the leg's time."""

import asyncio
import time

import pytest

from media.description import LegDescription, PayloadTypes, SoundCodec
from media.engine import MediaEngine
from media.layout import ALAW, CONCEALED, MASKED, SILENT, ULAW
from media.settings import MediaSettings
from recordings.catalogue import RecordingState
from recordings.segment_reader import Segment
from recordings.tracks import FrameFlag, TrackCodec
from recordings.wav import play_path, read_wav
from tests.recordings.conftest import Studio


@pytest.mark.timeout(400)
async def test_a_legs_recording_lasts_as_long_as_it_was_recorded(studio: Studio) -> None:
    engine = MediaEngine(MediaSettings(max_legs=8, max_recordings=4, max_listeners=4, prompt_memory_mb=1))
    await engine.start()
    leg = engine.open_leg(lambda event: None)
    leg.connect(LegDescription("127.0.0.1", 9, SoundCodec.PCMU, PayloadTypes(0), PayloadTypes(0)))
    began_s = time.monotonic()
    recording = studio.begin(leg.start_recording())
    await asyncio.sleep(1.2)
    leg.stop_recording()
    lasted_s = time.monotonic() - began_s
    entry = await studio.recorder.finish(recording)
    leg.close()
    await engine.stop()
    assert (entry.state, entry.gap_s) == (RecordingState.COMPLETE, 0.0)
    assert entry.duration_s == pytest.approx(lasted_s, abs=0.1)
    assert read_wav(play_path(studio.recorder.files, entry)).duration_s == entry.duration_s


@pytest.mark.timeout(400)
async def test_finding_32_alaw_and_marks_are_in_the_file_as_they_left_the_engine(studio: Studio) -> None:
    engine = MediaEngine(MediaSettings(max_legs=8, max_recordings=4, max_listeners=4, prompt_memory_mb=1))
    await engine.start()
    leg = engine.open_leg(lambda event: None)
    leg.connect(LegDescription("127.0.0.1", 9, SoundCodec.PCMA, PayloadTypes(8), PayloadTypes(8)))
    recording = studio.begin(leg.start_recording())
    await asyncio.sleep(2)
    leg.stop_recording()
    entry = await studio.recorder.finish(recording)
    leg.close()
    await engine.stop()
    segments = [item for item in studio.recorder.files.sound(entry.path) if isinstance(item, Segment)]
    caller = [segment.blocks[0] for segment in segments]
    assert {block.codec for block in caller} == {TrackCodec.ALAW}
    # Nobody sent anything: that is silence in A-law, and is said to be silence.
    assert {octet for block in caller for frame in block.frames for octet in frame} == {0xD5}
    assert {FrameFlag(flag) for block in caller for flag in block.flags} == {FrameFlag.SILENT}


def test_the_engine_and_the_file_have_the_same_marks() -> None:
    assert (CONCEALED, SILENT, MASKED) == (FrameFlag.CONCEALED, FrameFlag.SILENT, FrameFlag.MASKED)
    assert (ULAW, ALAW) == (TrackCodec.ULAW, TrackCodec.ALAW)
