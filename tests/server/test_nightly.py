"""Recordings that are old enough are erased at night, a few at a time, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from recordings.saved_recordings import SavedRecordings
from server.store.nightly import erase_at_night
from tests.fakes.stepped_loop import stepped

NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Kept:
    """Recordings that are due, three at a time; `failures` is how often the disk refuses first."""

    def __init__(self, due: int, failures: int = 0) -> None:
        self.due = due
        self.failures = failures
        self.asked_at: list[datetime] = []

    def erase_due(self, now: datetime) -> list[str]:
        self.asked_at.append(now)
        if self.failures:
            self.failures -= 1
            raise OSError("Input/output error")
        done = min(3, self.due)
        self.due -= done
        return [f"r{number}" for number in range(done)]


class Night:
    """The hours as the test tells them: one for each look."""

    def __init__(self, *hours: datetime) -> None:
        self.hours = list(hours)
        self.over = asyncio.Event()

    def __call__(self) -> datetime:
        if len(self.hours) == 1:
            self.over.set()
        return self.hours.pop(0) if len(self.hours) > 1 else self.hours[0]


async def pass_the(night: Night, kept: Kept) -> list[Any]:
    with capture_logs() as logs:
        task = asyncio.create_task(
            erase_at_night(lambda: cast(SavedRecordings, kept), every_s=3600.0, now=night)
        )
        await night.over.wait()
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return list(logs)


@stepped
async def test_all_that_is_due_is_erased_in_one_night_and_told_once() -> None:
    kept = Kept(due=7)
    logs = await pass_the(Night(NIGHT, NOON), kept)
    assert kept.due == 0
    assert kept.asked_at == [NIGHT] * 4, "three at a time, until nothing is left"
    assert [(line["event"], line["recordings"]) for line in logs] == [("retention.erased", 7)]


@stepped
async def test_by_day_nothing_is_erased() -> None:
    kept = Kept(due=7)
    assert await pass_the(Night(NOON, NOON), kept) == []
    assert (kept.due, kept.asked_at) == (7, [])


@stepped
async def test_a_disk_that_refuses_is_tried_again_in_an_hour() -> None:
    kept = Kept(due=2, failures=1)
    logs = await pass_the(Night(NIGHT, NIGHT, NOON), kept)
    assert kept.due == 0
    assert [line["event"] for line in logs] == ["retention.failed", "retention.erased"]


@stepped
async def test_a_night_without_anything_due_says_nothing() -> None:
    assert await pass_the(Night(NIGHT, NOON), Kept(due=0)) == []


@pytest.mark.parametrize("hour", range(24))
@stepped
async def test_night_is_from_one_to_five(hour: int) -> None:
    kept = Kept(due=1)
    now = NOON.replace(hour=hour)
    await pass_the(Night(now, NOON), kept)
    assert (kept.due == 0) == (hour in (1, 2, 3, 4))
