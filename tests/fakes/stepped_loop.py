"""An event loop whose clock jumps: nothing is waited for, and five minutes pass in milliseconds."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")

START_S = 1_000.0
LONGEST_S = 100_000.0
PATIENCE_S = 60.0


class NothingWillHappenError(Exception):
    """Everybody waits for something that nobody will ever do."""


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing but threads; says how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START_S
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.threads or timeout is None:
            ready = super().select(PATIENCE_S)
            if not ready:
                raise NothingWillHappenError("no timer is set and no thread is at work")
            return ready
        self.now += timeout
        if self.now > START_S + LONGEST_S:
            raise NothingWillHappenError("a day has passed; this test does not end")
        return ready


class SteppedLoop(asyncio.SelectorEventLoop):
    """Time passes only while nobody has anything to do."""

    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> asyncio.Future[Any]:
        self._clock.threads += 1
        work = super().run_in_executor(executor, func, *args)
        work.add_done_callback(self._thread_done)
        return work

    def _thread_done(self, _work: asyncio.Future[Any]) -> None:
        self._clock.threads -= 1


def stepped(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that runs in a stepped loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=SteppedLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
