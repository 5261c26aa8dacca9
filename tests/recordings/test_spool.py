"""A disk that hangs or refuses: sound waits in memory, and what does not fit there is a marked gap."""

import asyncio
import errno
import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from recordings.capture import Capture
from recordings.catalogue import Catalogue, RecordingState
from recordings.drain import Drain
from recordings.events import FramesDropped
from recordings.health import RecorderHealth
from recordings.ports import Statement
from recordings.recorder import Recorder
from recordings.segment import FileHeader, RecordingId
from recordings.segment_reader import Gap, GapCause, Item, Segment, read_segments, survey
from recordings.settings import RecordingSettings
from tests.patience import PATIENCE_S, until
from tests.recordings.conftest import STARTED
from tests.recordings.fakes import FakeSource, MemoryVault, numbered_frames

RING_FRAMES = 256


@dataclass
class Stepped:
    """Drain, one disk and the finalizer's part by hand, on a clock of the test."""

    calls: int
    spool_bytes: int
    vault: MemoryVault = field(default_factory=MemoryVault)
    now_s: float = 1000.0
    disk_hangs: bool = False
    ready: dict[Capture, None] = field(default_factory=dict)
    lost: list[tuple[Capture, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.drain = Drain(
            0.4,
            self.spool_bytes,
            60.0,
            lambda capture: self.ready.update({capture: None}),
            lambda capture, frames: self.lost.append((capture, frames)),
            lambda _, error: pytest.fail(str(error)),
        )
        self.sources = [FakeSource(RING_FRAMES) for _ in range(self.calls)]
        self.captures = [
            Capture(
                FileHeader(RecordingId(f"r{number}"), f"c{number}", STARTED, "", ""),
                source,
                Path(f"{number}.tlr"),
            )
            for number, source in enumerate(self.sources)
        ]
        for capture in self.captures:
            self.drain.begin(capture, self.now_s)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            for source in self.sources:
                source.push(5)
            self.now_s += 0.1
            self.drain.step(self.now_s)
            if not self.disk_hangs:
                self.write()

    def write(self) -> None:
        for capture in tuple(self.ready):
            capture.write(self.vault)
            if capture.file is not None:
                capture.synced(capture.written_bytes)
        self.ready.clear()

    def end(self) -> None:
        for source in self.sources:
            source.end()
        for _ in range(20):
            self.now_s += 0.1
            self.drain.step(self.now_s)
            self.write()

    def octets(self, number: int) -> bytes:
        return self.vault.files[Path(f"{number}.tlr")].octets

    def items(self, number: int) -> list[Item]:
        return list(read_segments(self.octets(number), self.vault.seals[Path(f"{number}.tlr")]))


def test_finding_31_a_disk_that_hangs_for_a_minute_costs_no_sound() -> None:
    office = Stepped(calls=5, spool_bytes=8 << 20)
    office.run(10)
    office.disk_hangs = True
    office.run(60)
    assert 0.5 < office.drain.spool_share < 0.65
    office.disk_hangs = False
    office.run(10)
    office.end()
    assert office.lost == []
    assert office.drain.held_bytes == 0
    for number in range(5):
        heard = [item.samples for item in office.items(number) if isinstance(item, Segment)]
        assert np.array_equal(np.concatenate(heard), numbered_frames(0, 80 * 50))


def test_finding_31_what_the_spool_cannot_hold_is_a_marked_gap_and_the_recording_goes_on() -> None:
    office = Stepped(calls=2, spool_bytes=320_000)
    office.run(5)
    office.disk_hangs = True
    office.run(60)
    assert office.drain.held_bytes < 320_000 + 2 * 64 * 330
    office.disk_hangs = False
    office.run(10)
    office.end()
    for number in range(2):
        items = office.items(number)
        gaps = [item for item in items if isinstance(item, Gap)]
        assert [gap.cause for gap in gaps] == [GapCause.DROPPED]
        assert survey(office.octets(number)).duration_s == 75.0
        # Ten seconds fit into each one's half of the spool, and five into its ring.
        assert 43.0 < gaps[0].frame_count / 50 < 47.0
        told = sum(frames for capture, frames in office.lost if capture is office.captures[number])
        assert told == gaps[0].frame_count


def test_a_sync_that_fails_is_written_again_from_memory() -> None:
    office = Stepped(calls=1, spool_bytes=1 << 20)
    office.run(2)
    (capture,) = office.captures
    file = office.vault.files[Path("0.tlr")]
    office.vault.sync([file])
    office.disk_hangs = True
    office.run(2)
    capture.write(office.vault)
    office.vault.sync_fails = OSError(errno.EIO, os.strerror(errno.EIO))
    failed = office.vault.sync([file])
    assert survey(file.octets).damage != ()
    capture.failed("Input/output error", office.now_s)
    capture.sync_failed(str(failed[file]))
    office.vault.sync_fails = None
    office.disk_hangs = False
    office.run(2)
    office.end()
    assert survey(office.octets(0)).damage == ()
    assert survey(office.octets(0)).end_frame == 300


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


def recorder_with(vault: MemoryVault, tmp_path: Path, catalogue: Catalogue, events: list[object]) -> Recorder:
    settings = RecordingSettings(
        directory=tmp_path / "recordings",
        key_directory=tmp_path / "keys",
        drain_interval_s=0.05,
        sync_every_s=0.3,
    )
    return Recorder(settings, catalogue, events.append, vault)


async def test_finding_31_a_file_that_hangs_delays_no_other(
    vault: MemoryVault, tmp_path: Path, catalogue: Catalogue
) -> None:
    recorder = recorder_with(vault, tmp_path, catalogue, [])
    await recorder.start()
    stuck, well = FakeSource(), FakeSource()
    first = recorder.begin("c1", stuck, started_at=STARTED, caller="", called="")
    vault.hanging.add(Path(f"2025/03/01/{first}.tlr"))
    second = recorder.begin("c2", well, started_at=STARTED, caller="", called="")
    stuck.push(50)
    well.push(50)
    well.end()
    assert (await recorder.finish(second)).duration_s == 1.0
    await until(lambda: recorder.health().behind_s > 0.2)
    assert recorder.health().live == 1
    vault.released.set()
    stuck.end()
    assert (await recorder.finish(first)).duration_s == 1.0
    assert recorder.health().behind_s == 0.0
    await recorder.stop()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
async def test_finding_31_one_error_does_not_end_a_recording(
    vault: MemoryVault, tmp_path: Path, catalogue: Catalogue, error: int
) -> None:
    events: list[object] = []
    recorder = recorder_with(vault, tmp_path, catalogue, events)
    await recorder.start()
    source = FakeSource()
    vault.refuses = OSError(error, os.strerror(error))
    recording = recorder.begin("c1", source, started_at=STARTED, caller="", called="")
    source.push(50)
    await until(lambda: recorder.health().failing_since is not None)
    health = recorder.health()
    assert health.last_error == os.strerror(error)
    assert health.failing_since is not None
    assert abs((datetime.now(UTC) - health.failing_since).total_seconds()) < 5
    assert "refuses since" in health.problems[0]
    vault.refuses = None
    await until(lambda: recorder.health().failing_since is None)
    source.push(25)
    source.end()
    entry = await recorder.finish(recording)
    assert (entry.state, entry.duration_s, entry.gap_s) == (RecordingState.COMPLETE, 1.5, 0.0)
    assert not [event for event in events if isinstance(event, FramesDropped)]
    await recorder.stop()


async def test_finding_31_a_sync_that_fails_does_not_end_a_recording(
    vault: MemoryVault, tmp_path: Path, catalogue: Catalogue
) -> None:
    recorder = recorder_with(vault, tmp_path, catalogue, [])
    await recorder.start()
    source = FakeSource()
    vault.sync_fails = OSError(errno.EIO, os.strerror(errno.EIO))
    recording = recorder.begin("c1", source, started_at=STARTED, caller="", called="")
    source.push(50)
    await until(lambda: recorder.report().finalizer.failed_syncs >= 2)
    source.push(50)
    source.end()
    vault.sync_fails = None
    entry = await recorder.finish(recording)
    assert (entry.state, entry.duration_s) == (RecordingState.COMPLETE, 2.0)
    (file,) = vault.files.values()
    assert survey(file.durable).damage == ()
    assert survey(file.durable).end_frame == 100
    await recorder.stop()


class HangingRows:
    """A database that takes nothing until it is told to."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._rows = catalogue.rows
        self.asked = threading.Event()
        self.released = threading.Event()

    def write(self, *statements: Statement) -> None:
        self.asked.set()
        self.released.wait()
        self._rows.write(*statements)


async def test_a_database_that_hangs_costs_no_sound_and_no_file(
    vault: MemoryVault, tmp_path: Path, catalogue: Catalogue
) -> None:
    rows = HangingRows(catalogue)
    recorder = recorder_with(vault, tmp_path, Catalogue(catalogue.engine, rows), [])
    await recorder.start()
    source = FakeSource()
    recording = recorder.begin("c1", source, started_at=STARTED, caller="", called="")
    source.push(50)
    await until(rows.asked.is_set)
    for _ in range(3):
        source.push(50)
        taken = recorder.report().writer.frames_taken
        await until(lambda taken=taken: recorder.report().writer.frames_taken > taken)  # type: ignore[misc]
    (file,) = vault.files.values()
    await until(lambda: survey(file.octets).end_frame == 200)
    source.end()
    finishing = asyncio.create_task(recorder.finish(recording))
    await until(lambda: survey(file.octets).is_finished)
    assert not finishing.done()
    rows.released.set()
    entry = await finishing
    assert (entry.state, entry.duration_s, entry.gap_s) == (RecordingState.COMPLETE, 4.0, 0.0)
    await recorder.stop()


async def test_stopping_does_not_wait_for_a_disk_that_hangs(
    vault: MemoryVault, tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.recorder.STOP_PATIENCE_S", 0.2)
    recorder = recorder_with(vault, tmp_path, catalogue, [])
    await recorder.start()
    recording = recorder.begin("c1", FakeSource(), started_at=STARTED, caller="", called="")
    vault.hanging.add(Path(f"2025/03/01/{recording}.tlr"))
    async with asyncio.timeout(PATIENCE_S):
        await recorder.stop()
    vault.released.set()
    await until(lambda: not any(thread.name == "recording-disk-0" for thread in threading.enumerate()))


def test_health_tells_its_problems_in_words() -> None:
    well = RecorderHealth(3, 0.05, 1.5, 0.01, None, "", 0, 0)
    assert well.problems == ()
    hung = RecorderHealth(3, 12.0, 13.0, 0.4, None, "", 0, 0)
    assert hung.problems == ("recordings: the disk is 12 s behind; the memory spool is 40% full",)
    full = RecorderHealth(3, 60.0, 61.0, 1.0, STARTED, "No space left on device", 10, 2)
    assert full.problems == (
        "recordings: the disk refuses since 10:15:30 UTC (No space left on device); "
        "the memory spool is 100% full",
        "recordings: the memory spool is full, sound is being lost",
    )
