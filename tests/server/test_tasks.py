"""The server's task group."""

import asyncio

import pytest

from server.tasks import Tasks


async def test_a_task_that_fails_harms_no_other() -> None:
    done = asyncio.Event()

    async def fails() -> None:
        raise ValueError("unexpected")

    async def works() -> None:
        await asyncio.sleep(0)
        done.set()

    async with Tasks() as tasks:
        tasks.start(fails())
        tasks.start(works())
    assert done.is_set()


async def test_background_work_ends_with_the_context() -> None:
    async with Tasks() as tasks:
        tasks.background(asyncio.sleep(3600))


async def test_an_error_of_the_context_comes_out_as_itself() -> None:
    with pytest.raises(KeyError):
        async with Tasks() as tasks:
            tasks.background(asyncio.sleep(3600))
            raise KeyError("start failed")
