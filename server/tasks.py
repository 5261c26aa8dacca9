"""The server's task group: work that must be finished, and work that runs until the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Tasks:
    """What was started is waited for when the context is left; `background` work is cancelled then."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._background: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Tasks:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._background:
            task.cancel()
        if isinstance(error, asyncio.CancelledError):
            await self._group.__aexit__(error_type, error, traceback)
        else:
            # A failed start goes on as itself, not inside of an exception group.
            await self._group.__aexit__(None, None, None)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """The edge of a call: what it did not expect is logged, and harms no other call."""
        task = self._group.create_task(_guarded(work))
        # Cancelled before it ever ran, the work would be told about as never awaited.
        task.add_done_callback(lambda _: work.close())
        return task

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        self._background.append(self.start(work))


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("server.task_failed", task=getattr(work, "__qualname__", ""))
