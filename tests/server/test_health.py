"""/healthz tells the truth about each part, and never waits for any of them."""

import asyncio
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from media.speech.recogniser import SpeechStatistics
from recordings.health import RecorderHealth
from server.http.disk_watch import DiskWatch
from server.http.parts import (
    FULL_DISK_BYTES,
    HUNG_DISK_S,
    DiskLook,
    TickWatch,
    disk_health,
    journal_health,
    recogniser_health,
    recorder_health,
)
from server.http.status import PartHealth
from server.http.watch import Watch
from server.journal.journal import JournalHealth
from tests.patience import PATIENCE_S
from tests.server.api import Clock

WELL = PartHealth("one", "", {})


@dataclass
class Gate:
    """As many calls as it is told."""

    calls: int = 0
    draining: bool = False

    def __len__(self) -> int:
        return self.calls


def watch(gate: Gate, *parts: PartHealth) -> Watch:
    asked = tuple((lambda part=part: part) for part in parts)
    return Watch("1.0", 990.0, ("127.0.0.1:5060",), gate, asked, lambda: 1000.0)


def test_a_server_without_problems_is_well() -> None:
    health = watch(Gate(3), WELL).health()
    assert health.healthy
    assert (health.calls, health.uptime_s) == (3, 10.0)


def test_every_problem_is_told_with_the_part_that_has_it() -> None:
    health = watch(Gate(), WELL, PartHealth("journal", "disk full", {})).health()
    assert not health.healthy
    assert health.problems == ("journal: disk full",)


def test_a_server_that_finishes_its_calls_takes_no_new_ones_and_says_so() -> None:
    health = watch(Gate(2, draining=True), WELL).health()
    assert not health.healthy
    assert "finishing calls" in health.problems[0]


def test_finding_33_a_journal_whose_writer_is_gone_is_not_well() -> None:
    assert "restart" in journal_health(JournalHealth(5, None, "", writer_alive=False)).problem
    assert journal_health(JournalHealth(5, 1.0, "disk full", writer_alive=True)).problem == "disk full"
    assert journal_health(JournalHealth(0, None, "", writer_alive=True)).problem == ""


def test_finding_31_a_disk_that_refuses_recordings_is_seen() -> None:
    well = RecorderHealth(2, 0.1, 0.5, 0.0, None, "", 0, 0)
    assert recorder_health(well).problem == ""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    failing = RecorderHealth(2, 60.0, 60.0, 0.4, since, "no space left", 0, 0)
    assert "no space left" in recorder_health(failing).problem
    assert recorder_health(failing).figures["spool_share"] == 0.4


def test_a_recogniser_without_workers_is_not_well() -> None:
    assert recogniser_health(SpeechStatistics((), (), 3, 0, 9, 0.0, 0.0)).problem
    assert not recogniser_health(SpeechStatistics((77,), (0.1,), 3, 0, 9, 0.0, 0.0)).problem


def test_a_tick_that_stands_still_or_cannot_keep_up_is_seen() -> None:
    ticks = TickWatch()
    assert ticks.health(4, 100, 0.3, now=10.0).problem == ""
    assert ticks.health(4, 100, 0.3, now=11.0).problem == "", "two looks within one tick"
    assert "stood still for 3 s" in ticks.health(4, 100, 0.3, now=13.0).problem
    assert ticks.health(4, 101, 0.3, now=14.0).problem == ""
    assert "more time" in ticks.health(4, 102, 1.2, now=15.0).problem


def test_a_disk_that_is_full_or_hangs_is_seen() -> None:
    assert disk_health("disk", DiskLook(FULL_DISK_BYTES, 0.0, 0.0), now=5.0).problem == ""
    assert "0 MB are free" in disk_health("disk", DiskLook(1000, 0.0, 0.0), now=5.0).problem
    hung = DiskLook(FULL_DISK_BYTES, asked_at=10.0, answered_at=5.0)
    assert disk_health("disk", hung, now=11.0).problem == ""
    assert "not answered" in disk_health("disk", hung, now=10.0 + HUNG_DISK_S).problem


async def test_asking_a_hung_disk_does_not_wait_and_does_not_pile_up(tmp_path: Path) -> None:
    answers, free, clock = [10**9], threading.Event(), Clock()

    def free_bytes(_: Path) -> int:
        if len(answers) > 1:
            free.wait(PATIENCE_S)
        return answers.pop(0)

    disk = DiskWatch(tmp_path, clock.monotonic, free_bytes)
    answers[:] = [5, 6]
    before = threading.active_count()
    clock.now += 1
    for _ in range(5):
        disk.ask()
    assert threading.active_count() <= before + 1
    clock.now += HUNG_DISK_S
    assert disk_health("disk", disk.look, clock.now).problem
    free.set()
    async with asyncio.timeout(PATIENCE_S):
        while disk.look.free_bytes != 5:
            await asyncio.sleep(0.01)
    assert "not answered" not in disk_health("disk", disk.look, clock.now).problem


async def test_a_disk_that_is_gone_has_no_room(tmp_path: Path) -> None:
    clock = Clock()
    assert DiskWatch(tmp_path, clock.monotonic).look.free_bytes > 0
    there = iter([10**9])

    def free_bytes(_: Path) -> int:
        for free in there:
            return free
        raise OSError("gone")

    disk = DiskWatch(tmp_path, clock.monotonic, free_bytes)
    disk.ask()
    async with asyncio.timeout(PATIENCE_S):
        while disk.look.free_bytes:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", ["journal", "recorder", "recogniser"])
def test_a_problem_of_any_part_makes_the_server_unwell(name: str) -> None:
    assert not watch(Gate(), WELL, PartHealth(name, "broken", {})).health().healthy
