"""The thread that moves frames from the engine's rings to files.

It wakes at most every 50 ms and writes each live recording once per `drain_interval_s`, in one system call.
It never syncs and never touches the database. A slow disk costs frames (the ring overruns, counted), a
refusing one ends that recording and no other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import assert_never

import structlog

from recordings.capture import Capture
from recordings.events import FramesDropped, RecordingFailed
from recordings.segment import RecordingId

log = structlog.get_logger(__name__)

WAKE_INTERVAL_S = 0.05
_FINISH_POLL_S = 0.02
# A leg that was told to stop recording says so at its next tick; a dead engine must not hold up the end.
_FINISH_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Begin:
    """Open the file and begin to drain."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Finish:
    """Write what is left and end it; an unknown id is one that has ended already."""

    recording_id: RecordingId
    agent: str


@dataclass(frozen=True, slots=True)
class Fail:
    """End it: its file could not be made durable."""

    capture: Capture
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End all and the thread."""


Command = Begin | Finish | Fail | Stop


@dataclass(frozen=True, slots=True)
class WriterReport:
    """Counted since start; `last_wake_s` is on the monotonic clock and stands still when the disk hangs."""

    live: int
    frames_written: int
    frames_dropped: int
    bytes_written: int
    failed: int
    longest_drain_s: float
    last_wake_s: float


class Writer:
    """Commands go in by `send`; `on_opened`, `on_ended` and `on_event` are called on the writer's thread."""

    def __init__(
        self,
        drain_interval_s: float,
        on_opened: Callable[[Capture], None],
        on_ended: Callable[[Capture], None],
        on_event: Callable[[RecordingFailed | FramesDropped], None],
    ) -> None:
        self._drain_interval_s = drain_interval_s
        self._on_opened = on_opened
        self._on_ended = on_ended
        self._on_event = on_event
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._live: dict[RecordingId, Capture] = {}
        self._due: deque[tuple[float, Capture]] = deque()
        self._finishing: dict[RecordingId, float] = {}
        self._stopping = False
        self._frames_written = self._frames_dropped = self._bytes_written = self._failed = 0
        self._longest_drain_s = 0.0
        self._last_wake_s = monotonic()
        self._thread = threading.Thread(target=self._run, name="recording-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, command: Command) -> None:
        self._commands.put(command)

    def join(self) -> None:
        self._thread.join()

    def report(self) -> WriterReport:
        return WriterReport(
            live=len(self._live),
            frames_written=self._frames_written,
            frames_dropped=self._frames_dropped,
            bytes_written=self._bytes_written,
            failed=self._failed,
            longest_drain_s=self._longest_drain_s,
            last_wake_s=self._last_wake_s,
        )

    def _run(self) -> None:
        while not (self._stopping and not self._live):
            with suppress(Empty):
                self._obey(self._commands.get(timeout=self._wait_s()))
                while True:
                    self._obey(self._commands.get_nowait())
            begun_s = self._last_wake_s = monotonic()
            self._drain_finishing(begun_s)
            self._drain_due(begun_s)
            self._longest_drain_s = max(self._longest_drain_s, monotonic() - begun_s)

    def _wait_s(self) -> float | None:
        if self._finishing:
            return _FINISH_POLL_S
        if not self._due:
            return None
        # Those that fall due close together share a wake: 400 recordings would cause 1,000 a second.
        return max(WAKE_INTERVAL_S, self._due[0][0] - monotonic())

    def _obey(self, command: Command) -> None:
        match command:
            case Begin(capture):
                self._begin(capture)
            case Finish(recording_id, agent):
                if recording_id in self._live:
                    self._live[recording_id].agent = agent
                    self._finishing.setdefault(recording_id, monotonic() + _FINISH_WAIT_S)
            case Fail(capture, reason):
                if capture.header.recording_id in self._live:
                    self._fail(capture, reason)
            case Stop():
                self._stopping = True
                self._finishing.update(dict.fromkeys(self._live, 0.0))
            case _:
                assert_never(command)

    def _begin(self, capture: Capture) -> None:
        self._live[capture.header.recording_id] = capture
        try:
            capture.open()
        except Exception as error:
            self._fail(capture, _reason(error))
            return
        self._due.append((monotonic() + self._drain_interval_s, capture))
        self._on_opened(capture)

    def _drain_finishing(self, now_s: float) -> None:
        for recording_id, give_up_s in tuple(self._finishing.items()):
            capture = self._live.get(recording_id)
            if capture is None:
                del self._finishing[recording_id]
            elif self._drain(capture) and now_s >= give_up_s:
                self._end(capture)

    def _drain_due(self, now_s: float) -> None:
        while self._due and self._due[0][0] <= now_s:
            _, capture = self._due.popleft()
            if capture.header.recording_id in self._live and self._drain(capture):
                self._due.append((now_s + self._drain_interval_s, capture))

    def _drain(self, capture: Capture) -> bool:
        """Whether the recording goes on."""
        try:
            self._copy(capture)
            if not capture.source.finished:
                return True
            # The engine may have added its last frames between the reading and the question.
            while self._copy(capture):
                pass
        except Exception as error:
            # The edge of a recording: whatever ails this one must not reach the others.
            self._fail(capture, _reason(error))
            return False
        self._end(capture)
        return False

    def _copy(self, capture: Capture) -> bool:
        """Whether anything was written."""
        frame, octets = capture.next_frame, capture.written_bytes
        lost = capture.drain()
        self._frames_written += capture.next_frame - frame - lost
        self._bytes_written += capture.written_bytes - octets
        if lost:
            self._frames_dropped += lost
            self._on_event(FramesDropped(capture.header.recording_id, capture.header.contact_id, lost))
        return capture.written_bytes > octets

    def _fail(self, capture: Capture, reason: str) -> None:
        capture.failure = reason
        self._failed += 1
        header = capture.header
        log.error("recording.failed", recording=header.recording_id, contact=header.contact_id, reason=reason)
        self._on_event(RecordingFailed(header.recording_id, header.contact_id, reason))
        self._end(capture)

    def _end(self, capture: Capture) -> None:
        del self._live[capture.header.recording_id]
        self._finishing.pop(capture.header.recording_id, None)
        self._on_ended(capture)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (
            f"{error.strerror or error} ({error.filename})"
            if error.filename
            else str(error.strerror or error)
        )
    return f"{type(error).__name__}: {error}"
