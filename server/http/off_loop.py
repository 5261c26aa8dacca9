"""Reading the database for the API without holding up calls: few threads, and a bounded queue before them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from server.http.errors import ApiError

THREADS = 2
MAX_WAITING = 32

Result = TypeVar("Result")


class OffLoop:
    """Its threads are its own: prompts, recordings and DNS never wait for a reader of contacts."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="api")
        self.waiting = 0
        """How many reads have been asked for and are not done."""

    async def run(self, read: Callable[[], Result]) -> Result:
        """Raises ApiError 503 when too many wait."""
        if self.waiting >= MAX_WAITING:
            raise ApiError(503, "too many requests read the database", "try again", retry_after_s=1)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, read)
        finally:
            self.waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
