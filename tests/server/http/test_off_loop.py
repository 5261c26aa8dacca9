"""Reads of the database beside the loop: few at a time, bounded, and none in the way of another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from server.http import off_loop
from server.http.errors import ApiError
from server.http.off_loop import OffLoop
from tests.patience import PATIENCE_S, until


@pytest.fixture
def beside() -> Iterator[OffLoop]:
    made = OffLoop()
    yield made
    made.close()


async def test_a_read_runs_in_a_thread_of_its_own_kind_and_its_result_comes_back(beside: OffLoop) -> None:
    assert (await beside.run(lambda: threading.current_thread().name)).startswith("api")
    assert beside.waiting == 0


async def test_what_a_read_raises_reaches_who_asked_and_makes_room(beside: OffLoop) -> None:
    def broken() -> None:
        raise OSError("disk")

    for _ in range(3):
        with pytest.raises(OSError, match="disk"):
            await beside.run(broken)
    assert beside.waiting == 0


async def test_the_loop_goes_on_while_all_threads_wait(beside: OffLoop) -> None:
    free = threading.Event()
    reads = [
        asyncio.create_task(beside.run(lambda: free.wait(PATIENCE_S))) for _ in range(off_loop.THREADS + 1)
    ]
    await until(lambda: beside.waiting == off_loop.THREADS + 1)
    free.set()
    assert await asyncio.gather(*reads) == [True] * (off_loop.THREADS + 1)


async def test_one_too_many_is_told_when_to_try_again_and_costs_the_others_nothing(
    beside: OffLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(off_loop, "MAX_WAITING", 3)
    free = threading.Event()
    reads = [asyncio.create_task(beside.run(lambda: free.wait(PATIENCE_S))) for _ in range(3)]
    await until(lambda: beside.waiting == 3)
    with pytest.raises(ApiError) as refused:
        await beside.run(lambda: True)
    assert (refused.value.status, refused.value.retry_after_s) == (503, 1)
    free.set()
    assert await asyncio.gather(*reads) == [True] * 3
    assert await beside.run(lambda: "again") == "again"


async def test_who_no_longer_waits_leaves_no_place_taken(beside: OffLoop) -> None:
    free = threading.Event()
    read = asyncio.create_task(beside.run(lambda: free.wait(PATIENCE_S)))
    await until(lambda: beside.waiting == 1)
    read.cancel()
    await asyncio.gather(read, return_exceptions=True)
    assert beside.waiting == 0
    free.set()
