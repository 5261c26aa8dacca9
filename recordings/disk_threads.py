"""The threads that write captures to the vault: one that hangs on one file leaves the others their work."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

from recordings.capture import Capture
from recordings.errors import reason_of
from recordings.vault import Vault


class DiskThreads:
    """A capture is written by one thread at a time. The callbacks are called on these threads.

    `on_made` says that the file exists, `on_written` that an ended capture is in its file or was given up,
    and `on_broken` that it cannot go on for a reason that is not the disk's.
    """

    def __init__(
        self,
        count: int,
        vault: Vault,
        on_made: Callable[[Capture], None],
        on_written: Callable[[Capture], None],
        on_failing: Callable[[Capture], None],
        on_broken: Callable[[Capture, Exception], None],
    ) -> None:
        self._vault = vault
        self._on_made = on_made
        self._on_written = on_written
        self._on_failing = on_failing
        self._on_broken = on_broken
        self._changed = threading.Condition()
        self._ready: deque[Capture] = deque()
        self._again: dict[Capture, bool] = {}
        self._stopping = False
        self._busy = count
        self._taken = self._taken_before = 0
        self.failures = 0
        self._threads = [
            threading.Thread(target=self._run, name=f"recording-disk-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def write_soon(self, capture: Capture) -> None:
        """Never waits, and wakes nobody: see `wake`."""
        with self._changed:
            if capture in self._again:
                self._again[capture] = True
            else:
                self._again[capture] = False
                self._ready.append(capture)

    def wake(self) -> None:
        """To be called again and again. One thread takes all that is ready, so that threads do not fight for
        the interpreter; another one is woken only when that one has taken nothing since the last call.
        """
        with self._changed:
            if self._ready and (not self._busy or self._taken == self._taken_before):
                self._changed.notify()
            self._taken_before = self._taken

    def stop(self) -> None:
        """Once nothing is ready; one that hangs is left to itself."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def join(self, timeout_s: float) -> bool:
        """Whether all have ended."""
        give_up_s = monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, give_up_s - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (capture := self._next()) is not None:
            well = self._write(capture)
            with self._changed:
                if self._again.pop(capture) and well:
                    self._again[capture] = False
                    self._ready.append(capture)

    def _next(self) -> Capture | None:
        with self._changed:
            self._busy -= 1
            while not self._ready:
                if self._stopping:
                    return None
                self._changed.wait()
            self._busy += 1
            self._taken += 1
            return self._ready.popleft()

    def _write(self, capture: Capture) -> bool:
        """Whether it went well."""
        if capture.handed_over:
            return True
        try:
            made = capture.write(self._vault)
        except OSError as error:
            self._refused(capture, error)
            return False
        except Exception as error:
            # The edge of a recording: whatever ails this one must not end the thread.
            self._on_broken(capture, error)
            if capture.ended:
                self._hand_over(capture)
            return False
        capture.succeeded()
        if made:
            self._on_made(capture)
        if capture.is_written:
            self._hand_over(capture)
        return True

    def _refused(self, capture: Capture, error: OSError) -> None:
        self.failures += 1
        first = capture.failing_since_s is None
        now_s = monotonic()
        capture.failed(reason_of(error), now_s)
        if first:
            self._on_failing(capture)
        if capture.ended and now_s >= capture.give_up_s:
            capture.failure = capture.error
            self._hand_over(capture)

    def _hand_over(self, capture: Capture) -> None:
        capture.handed_over = True
        self._on_written(capture)
