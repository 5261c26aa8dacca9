"""The recorder keeps every frame it is given, tells what it lost, and lets no recording harm another."""

import asyncio
import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from recordings.catalogue import Catalogue, RecordingState
from recordings.errors import CatalogueError, RecordingsError, RecordingsFolderError
from recordings.events import FramesDropped, RecordingFailed, RecordingFinalized
from recordings.recorder import Recorder
from recordings.segment_reader import Segment, survey
from recordings.settings import RecordingSettings
from tests.patience import PATIENCE_S, until
from tests.recordings.conftest import STARTED, Studio
from tests.recordings.fakes import BrokenSource, FakeSource, numbered_frames


def frames_in(studio: Studio, path: Path) -> np.ndarray:
    items = studio.recorder.files.sound(path)
    return np.concatenate([item.samples for item in items if isinstance(item, Segment)])


async def test_finished_recording_holds_every_frame_and_its_row_says_so(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    source.push(50)
    await asyncio.sleep(0.1)
    source.push(25)
    source.end()
    entry = await studio.recorder.finish(recording, agent="alice")
    assert entry == studio.catalogue.get(recording)
    assert (entry.state, entry.contact_id, entry.agent) == (RecordingState.COMPLETE, "contact-1", "alice")
    assert (entry.duration_s, entry.gap_s, entry.failure) == (1.5, 0.0, "")
    assert entry.started_at == STARTED
    path = studio.directory / entry.path
    assert entry.path == Path(f"2025/03/01/{recording}.tlr")
    assert path.stat().st_size == entry.size_bytes
    assert np.array_equal(frames_in(studio, entry.path), numbered_frames(0, 75))


async def test_recording_is_listed_while_it_runs_and_others_cannot_read_it(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    await until(lambda: len(studio.catalogue.list()) == 1)
    (entry,) = studio.catalogue.list(state=RecordingState.RECORDING)
    assert entry.recording_id == recording
    assert (studio.directory / entry.path).stat().st_mode & 0o077 == 0
    source.end()
    await studio.recorder.finish(recording)


async def test_what_was_read_is_on_the_disk_within_the_drain_interval(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    await until(lambda: len(studio.catalogue.list()) == 1)
    path = studio.directory / studio.catalogue.get(recording).path
    source.push(10)
    await until(lambda: survey(path.read_bytes()).duration_s == 0.2)
    source.end()
    await studio.recorder.finish(recording)


async def test_finish_waits_for_the_engines_last_frames(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    finishing = asyncio.create_task(studio.recorder.finish(recording))
    await asyncio.sleep(0.05)
    source.push(3)
    source.end()
    assert (await finishing).duration_s == 0.06


async def test_finish_does_not_wait_for_an_engine_that_never_ends_the_source(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    source.push(3)
    async with asyncio.timeout(PATIENCE_S):
        entry = await studio.recorder.finish(recording)
    assert (entry.state, entry.duration_s) == (RecordingState.COMPLETE, 0.06)


async def test_source_that_ends_by_itself_completes_and_finish_then_finds_it(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    source.push(10)
    source.end()
    await until(lambda: any(isinstance(event, RecordingFinalized) for event in studio.events))
    assert studio.catalogue.get(recording).state is RecordingState.COMPLETE
    entry = await studio.recorder.finish(recording, agent="bob")
    assert (entry.duration_s, entry.agent) == (0.2, "bob")


async def test_frames_the_ring_dropped_are_told_and_keep_the_time_of_what_follows(studio: Studio) -> None:
    source = FakeSource(capacity=40)
    source.push(100)
    recording = studio.begin(source)
    await until(lambda: studio.recorder.report().writer.frames_taken == 40)
    source.push(10)
    source.end()
    entry = await studio.recorder.finish(recording)
    assert source.dropped_frames == 60
    assert (entry.duration_s, entry.gap_s) == (2.2, 1.2)
    assert FramesDropped(recording, "contact-1", 60) in studio.events


async def test_source_that_breaks_fails_its_own_recording_only(studio: Studio) -> None:
    good = FakeSource()
    kept, broken = studio.begin(good), studio.begin(BrokenSource())
    good.push(10)
    await until(lambda: any(isinstance(event, RecordingFailed) for event in studio.events))
    good.push(10)
    good.end()
    assert (await studio.recorder.finish(kept)).duration_s == 0.4
    entry = await studio.recorder.finish(broken)
    assert entry.state is RecordingState.FAILED
    assert "ring corrupt" in entry.failure


async def test_file_that_cannot_be_made_fails_its_recording_with_the_reason(studio: Studio) -> None:
    (studio.directory / "2025").write_text("in the way")
    entry = await studio.recorder.finish(studio.begin(FakeSource()))
    assert entry.state is RecordingState.FAILED
    assert "Not a directory" in entry.failure
    assert studio.catalogue.get(entry.recording_id) == entry


async def test_finding_31_a_full_disk_costs_nothing_once_it_has_room_again(studio: Studio) -> None:
    limit_bytes = 4_000_000
    large, small = FakeSource(capacity=100_000), FakeSource()
    held_up, other = studio.begin(large), studio.begin(small)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel then refuses to let any file grow beyond this, as a full disk or a quota does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        large.push(10_000)
        await until(lambda: studio.recorder.report().writer.frames_taken >= 10_000)
        large.push(10_000)
        await until(lambda: studio.recorder.health().failing_since is not None)
        assert studio.recorder.health().last_error
        small.push(10)
        small.end()
        assert (await studio.recorder.finish(other)).state is RecordingState.COMPLETE
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    await until(lambda: studio.recorder.health().failing_since is None)
    large.end()
    entry = await studio.recorder.finish(held_up)
    assert (entry.state, entry.failure, entry.gap_s) == (RecordingState.COMPLETE, "", 0.0)
    assert np.array_equal(frames_in(studio, entry.path), numbered_frames(0, 20_000))


async def test_finding_31_a_disk_that_stays_full_keeps_what_it_took_and_says_so(studio: Studio) -> None:
    source = FakeSource(capacity=100_000)
    recording = studio.begin(source)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, before[1]))
    try:
        source.push(10_000)
        await until(lambda: studio.recorder.report().writer.frames_taken >= 10_000)
        source.push(10_000)
        source.end()
        entry = await studio.recorder.finish(recording)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert entry.state is RecordingState.FAILED
    assert entry.failure
    assert entry.duration_s >= 200.0
    path = studio.directory / entry.path
    assert path.stat().st_size == entry.size_bytes
    assert survey(path.read_bytes()).damage == ()
    await until(lambda: studio.recorder.health().spool_share == 0.0)


async def test_catalogue_that_refuses_is_reported_and_written_to_when_it_is_back(studio: Studio) -> None:
    with studio.catalogue.engine.begin() as connection:
        connection.execute(text("ALTER TABLE recording RENAME TO elsewhere"))
    source = FakeSource()
    recording = studio.begin(source)
    source.push(5)
    source.end()
    with pytest.raises(CatalogueError):
        await studio.recorder.finish(recording)
    with studio.catalogue.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO recording"))
    await until(lambda: studio.recorder.report().finalizer.unsaved_rows == 0)
    assert studio.catalogue.get(recording).duration_s == 0.1


async def test_stop_completes_what_is_still_recording(
    settings: RecordingSettings, catalogue: Catalogue
) -> None:
    recorder = Recorder(settings, catalogue)
    await recorder.start()
    source = FakeSource()
    recording = recorder.begin("c", source, started_at=STARTED, caller="a", called="b")
    source.push(10)
    await recorder.stop()
    assert catalogue.get(recording).state is RecordingState.COMPLETE
    assert catalogue.get(recording).duration_s == 0.2


async def test_recovery_of_a_running_recorder_leaves_its_own_recordings_alone(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    await until(lambda: len(studio.catalogue.list()) == 1)
    assert await studio.recorder.recover() == []
    source.end()
    assert (await studio.recorder.finish(recording)).state is RecordingState.COMPLETE


async def test_many_recordings_at_once_are_each_whole(studio: Studio) -> None:
    sources = [FakeSource() for _ in range(60)]
    recordings = [studio.begin(source, f"contact-{index}") for index, source in enumerate(sources)]
    for _ in range(5):
        for source in sources:
            source.push(7)
        await asyncio.sleep(0.03)
    for source in sources:
        source.end()
    entries = await asyncio.gather(*(studio.recorder.finish(recording) for recording in recordings))
    assert {entry.duration_s for entry in entries} == {0.7}
    assert len(list((studio.directory / "2025/03/01").glob("*.tlr"))) == 60


async def test_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "recordings"
    recorder = Recorder(RecordingSettings(directory=folder), catalogue)
    with pytest.raises(RecordingsFolderError) as raised:
        await recorder.start()
    assert str(folder) in str(raised.value)
    assert "recordings.directory" in str(raised.value)
    await recorder.stop()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
async def test_read_only_folder_is_one_clear_error(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir(mode=0o500)
    with pytest.raises(RecordingsFolderError, match=str(folder)):
        await Recorder(RecordingSettings(directory=folder), catalogue).start()


async def test_second_recorder_on_one_folder_is_refused_until_the_first_stops(
    settings: RecordingSettings, catalogue: Catalogue
) -> None:
    first, second = Recorder(settings, catalogue), Recorder(settings, catalogue)
    await first.start()
    with pytest.raises(RecordingsFolderError, match="another trunkline"):
        await second.start()
    await first.stop()
    await second.start()
    await second.stop()


async def test_begin_without_a_running_recorder_is_refused(
    settings: RecordingSettings, catalogue: Catalogue
) -> None:
    with pytest.raises(RecordingsError):
        Recorder(settings, catalogue).begin("c", FakeSource(), started_at=STARTED, caller="a", called="b")


async def test_folder_removed_while_recording_costs_no_other_call(studio: Studio) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    await until(lambda: len(studio.catalogue.list()) == 1)
    shutil.rmtree(studio.directory / "2025")
    source.push(5)
    source.end()
    entry = await studio.recorder.finish(recording)
    assert entry.state is RecordingState.FAILED
    after = FakeSource()
    recording = studio.begin(after)
    after.push(5)
    after.end()
    assert (await studio.recorder.finish(recording)).state is RecordingState.COMPLETE
