"""The server's task group: work that must be finished, and work that runs until the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any


class Tasks:
    """`group` is waited for when the context is left; what was started by `background` is cancelled then."""

    def __init__(self) -> None:
        self.group = asyncio.TaskGroup()
        self._background: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Tasks:
        await self.group.__aenter__()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._background:
            task.cancel()
        await self.group.__aexit__(error_type, error, traceback)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        self._background.append(self.group.create_task(work))
