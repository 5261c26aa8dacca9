"""What moves from the engine's rings into memory, and when: the recorder's clockwork, without a clock.

The drain never touches a disk, so no disk can stop it. While the spool is full it leaves the frames in their
rings; those that a ring then loses are a gap in the recording, counted and told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from recordings.capture import Capture
from recordings.segment import RecordingId

WAKE_INTERVAL_S = 0.1
"""Whoever owns the drain calls `step` so often while there is any recording."""
# The recording of a caller who hangs up at once shall cost no file.
_FIRST_VISIT_S = 0.3
# A leg that was told to stop recording says so at its next tick; a dead engine must not hold up the end.
_FINISH_WAIT_S = 0.5


class Drain:
    """All captures from their beginning until they are closed.

    `on_ready` is told what a disk thread should write, `on_lost` how many frames a ring had lost, and
    `on_failed` why a source can give no more.
    """

    def __init__(
        self,
        interval_s: float,
        spool_bytes: int,
        retry_after_end_s: float,
        on_ready: Callable[[Capture], None],
        on_lost: Callable[[Capture, int], None],
        on_failed: Callable[[Capture, Exception], None],
    ) -> None:
        self._interval_s = interval_s
        self._spool_bytes = spool_bytes
        self._retry_after_end_s = retry_after_end_s
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._on_failed = on_failed
        self._live: dict[RecordingId, Capture] = {}
        self._new: deque[tuple[float, Capture]] = deque()
        self._due: deque[tuple[float, Capture]] = deque()
        self._finishing: dict[RecordingId, float] = {}
        self._ending: dict[RecordingId, Capture] = {}
        self._held: dict[Capture, int] = {}
        self.held_bytes = 0
        self.frames_taken = self.frames_dropped = 0

    @property
    def is_empty(self) -> bool:
        return not self._live and not self._ending

    @property
    def live(self) -> int:
        return len(self._live)

    @property
    def spool_share(self) -> float:
        return self.held_bytes / self._spool_bytes

    def captures(self) -> tuple[Capture, ...]:
        return (*tuple(self._live.values()), *tuple(self._ending.values()))

    def begin(self, capture: Capture, now_s: float) -> None:
        self._live[capture.header.recording_id] = capture
        self._held[capture] = 0
        capture.begin(now_s)
        self._new.append((now_s + min(self._interval_s, _FIRST_VISIT_S), capture))

    def finish(self, recording_id: RecordingId, agent: str, now_s: float) -> None:
        """An unknown id is one that has ended already."""
        if (capture := self._live.get(recording_id)) is not None:
            capture.agent = agent
            self._finishing.setdefault(recording_id, now_s + _FINISH_WAIT_S)

    def fail(self, capture: Capture, now_s: float) -> None:
        """Nothing more is taken; its `failure` says why."""
        if capture.header.recording_id in self._live:
            self._end(capture, now_s)

    def closed(self, capture: Capture) -> None:
        self._ending.pop(capture.header.recording_id, None)
        self._account(capture)
        self._held.pop(capture, None)

    def stop(self, now_s: float, patience_s: float) -> None:
        """Ends all; a disk that fails is tried for no longer than `patience_s`."""
        self._retry_after_end_s = min(self._retry_after_end_s, patience_s)
        self._finishing.update(dict.fromkeys(self._live, now_s))
        for capture in self._ending.values():
            capture.give_up_s = min(capture.give_up_s, now_s + patience_s)

    def step(self, now_s: float) -> None:
        """Everything that is due at `now_s`."""
        for capture in self._due_at(now_s):
            self._visit(capture, now_s)
        for recording_id, give_up_s in tuple(self._finishing.items()):
            capture = self._live[recording_id]
            self._visit(capture, now_s)
            if (
                capture.header.recording_id in self._live
                and now_s >= give_up_s
                and not self._is_held_up(now_s, give_up_s)
            ):
                self._end(capture, now_s)
        for capture in tuple(self._ending.values()):
            self._account(capture)
            self._offer(capture, now_s)

    def _due_at(self, now_s: float) -> Iterator[Capture]:
        for queue in (self._new, self._due):
            while queue and queue[0][0] <= now_s:
                _, capture = queue.popleft()
                if capture.header.recording_id in self._live:
                    self._due.append((now_s + self._interval_s, capture))
                    yield capture

    def _visit(self, capture: Capture, now_s: float) -> None:
        self._account(capture)
        if self.held_bytes < self._spool_bytes:
            try:
                ended = self._take(capture, now_s)
            except Exception as error:
                # The edge of a recording: whatever ails this one must not reach the others.
                self._on_failed(capture, error)
                self._end(capture, now_s)
                return
            if ended:
                self._end(capture, now_s)
                return
        self._offer(capture, now_s)

    def _take(self, capture: Capture, now_s: float) -> bool:
        """Whether the source has come to its end."""
        self._copy(capture, now_s)
        if not capture.source.finished:
            return False
        # The engine may have added its last frames between the reading and the question.
        while self._copy(capture, now_s):
            pass
        return True

    def _copy(self, capture: Capture, now_s: float) -> bool:
        """Whether anything was taken."""
        frame, octets = capture.next_frame, capture.taken_bytes
        lost = capture.drain(now_s)
        self._account(capture)
        self.frames_taken += capture.next_frame - frame - lost
        if lost:
            self.frames_dropped += lost
            self._on_lost(capture, lost)
        return capture.taken_bytes > octets

    def _is_held_up(self, now_s: float, since_s: float) -> bool:
        """With a full spool the rings cannot be emptied: the end waits for the disk, within reason."""
        return self.held_bytes >= self._spool_bytes and now_s < since_s + self._retry_after_end_s

    def _end(self, capture: Capture, now_s: float) -> None:
        recording_id = capture.header.recording_id
        del self._live[recording_id]
        self._finishing.pop(recording_id, None)
        capture.end(now_s, now_s + self._retry_after_end_s)
        self._ending[recording_id] = capture
        self._offer(capture, now_s)

    def _offer(self, capture: Capture, now_s: float) -> None:
        if capture.wants_write and now_s >= capture.retry_at_s:
            self._on_ready(capture)

    def _account(self, capture: Capture) -> None:
        if capture in self._held:
            held = capture.in_memory_bytes
            self.held_bytes += held - self._held[capture]
            self._held[capture] = held
