"""A value that comes once and that any number of waiters want: each waits on a future of their own."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Settled(Generic[Value]):
    """Unlike a shared future, no waiter who is cancelled takes it away from the others; and waiting costs
    nothing once the value is there.
    """

    __slots__ = ("_value", "_waiting")

    def __init__(self) -> None:
        self._value: tuple[Value] | None = None
        self._waiting: list[asyncio.Future[Value]] = []

    @property
    def done(self) -> bool:
        return self._value is not None

    def settle(self, value: Value) -> None:
        """The first value counts."""
        if self._value is not None:
            return
        self._value = (value,)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(value)

    def future(self) -> asyncio.Future[Value]:
        """A new one each time, in the running event loop."""
        future: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        if self._value is not None:
            future.set_result(self._value[0])
            return future
        self._waiting = [other for other in self._waiting if not other.done()]
        self._waiting.append(future)
        return future

    async def wait(self) -> Value:
        if self._value is not None:
            return self._value[0]
        return await self.future()
