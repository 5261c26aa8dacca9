"""The thread that empties the engine's rings: the clock, the commands and the wake-ups of `Drain`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import assert_never

import structlog

from recordings.capture import Capture
from recordings.disk_threads import DiskThreads
from recordings.drain import WAKE_INTERVAL_S, Drain
from recordings.errors import reason_of
from recordings.events import FramesDropped, RecordingFailed
from recordings.segment import RecordingId
from recordings.settings import RecordingSettings
from recordings.vault import Vault

log = structlog.get_logger(__name__)

STOP_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Begin:
    """Make the file and begin to drain."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Finish:
    """Write what is left and end it; an unknown id is one that has ended already."""

    recording_id: RecordingId
    agent: str


@dataclass(frozen=True, slots=True)
class Break:
    """End it for good: something that no disk is to blame for."""

    capture: Capture
    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The finalizer is done with it."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Stop:
    """End all and the thread."""


Command = Begin | Finish | Break | Closed | Stop


@dataclass(frozen=True, slots=True)
class WriterReport:
    """Counted since start; `last_wake_s` is on the monotonic clock."""

    live: int
    frames_taken: int
    frames_dropped: int
    held_bytes: int
    spool_share: float
    failures: int
    longest_step_s: float
    last_wake_s: float


class Writer:
    """Commands go in by `send`; the callbacks are called on this thread or on a disk thread."""

    def __init__(
        self,
        settings: RecordingSettings,
        vault: Vault,
        on_opened: Callable[[Capture], None],
        on_written: Callable[[Capture], None],
        on_event: Callable[[RecordingFailed | FramesDropped], None],
    ) -> None:
        self._on_event = on_event
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._disks = DiskThreads(
            settings.disk_threads, vault, on_opened, on_written, _tell_failing, self._broken
        )
        self._drain = Drain(
            settings.drain_interval_s,
            settings.spool_mb << 20,
            settings.retry_after_end_s,
            self._disks.write_soon,
            self._lost,
            self._source_failed,
        )
        self._stopping = False
        self._longest_step_s = 0.0
        self._last_wake_s = monotonic()
        self._thread = threading.Thread(target=self._run, name="recording-drain", daemon=True)

    def start(self) -> None:
        self._disks.start()
        self._thread.start()

    def send(self, command: Command) -> None:
        self._commands.put(command)

    def join(self, timeout_s: float) -> bool:
        """Whether all has been written; a disk that hangs must not keep the program from ending."""
        self._thread.join(timeout_s)
        self._disks.stop()
        return self._disks.join(STOP_PATIENCE_S if not self._thread.is_alive() else 0.0)

    def captures(self) -> tuple[Capture, ...]:
        return self._drain.captures()

    def report(self) -> WriterReport:
        return WriterReport(
            live=self._drain.live,
            frames_taken=self._drain.frames_taken,
            frames_dropped=self._drain.frames_dropped,
            held_bytes=self._drain.held_bytes,
            spool_share=self._drain.spool_share,
            failures=self._disks.failures,
            longest_step_s=self._longest_step_s,
            last_wake_s=self._last_wake_s,
        )

    def _run(self) -> None:
        while not (self._stopping and self._drain.is_empty):
            self._obey_all()
            begun_s = self._last_wake_s = monotonic()
            self._drain.step(begun_s)
            self._disks.wake()
            self._longest_step_s = max(self._longest_step_s, monotonic() - begun_s)

    def _obey_all(self) -> None:
        """What was sent since the last beat. A thread that wakes for each command costs the event loop, which
        sends them, more than the command.
        """
        if self._drain.is_empty:
            self._obey(self._commands.get())
        else:
            sleep(WAKE_INTERVAL_S)
        with suppress(Empty):
            while True:
                self._obey(self._commands.get_nowait())

    def _obey(self, command: Command) -> None:
        now_s = monotonic()
        match command:
            case Begin(capture):
                self._drain.begin(capture, now_s)
            case Finish(recording_id, agent):
                self._drain.finish(recording_id, agent, now_s)
            case Break(capture, reason):
                self._fail(capture, reason)
                self._drain.fail(capture, now_s)
            case Closed(capture):
                self._drain.closed(capture)
            case Stop():
                self._stopping = True
                self._drain.stop(now_s, STOP_PATIENCE_S)
            case _:
                assert_never(command)

    def _broken(self, capture: Capture, error: Exception) -> None:
        self.send(Break(capture, reason_of(error)))

    def _source_failed(self, capture: Capture, error: Exception) -> None:
        self._fail(capture, reason_of(error))

    def _lost(self, capture: Capture, frames: int) -> None:
        header = capture.header
        self._on_event(FramesDropped(header.recording_id, header.contact_id, frames))

    def _fail(self, capture: Capture, reason: str) -> None:
        if capture.failure:
            return
        capture.failure = reason
        header = capture.header
        log.error("recording.failed", recording=header.recording_id, contact=header.contact_id, reason=reason)
        self._on_event(RecordingFailed(header.recording_id, header.contact_id, reason))


def _tell_failing(capture: Capture) -> None:
    header = capture.header
    log.error(
        "recording.disk_refuses",
        recording=header.recording_id,
        contact=header.contact_id,
        reason=capture.error,
    )
