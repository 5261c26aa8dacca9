"""Recorded frames on their way from the tick to a writer thread."""

import collections
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.compiled import entry, fence, stage
from media.layout import FRAME, HISTORY, Memory, Octets, Recording, Words

_READ_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Frames:
    """Consecutive 20 ms frames: samples[i, 0] is what the party sent, samples[i, 1] what it heard, mu-law."""

    first_frame: int
    samples: NDArray[np.uint8]


@stage
def record(
    recording: Words,
    recorded: Octets,
    recorded_frame: Words,
    number: int,
    frame: Octets,
    out: Octets,
    at: int,
    table: Octets,
) -> bool:
    """Append both directions of one frame; False when the writer is a whole ring behind and the frame is dropped."""
    written = recording[Recording.WRITTEN]
    size = len(recorded_frame)
    if written - recording[Recording.READ] >= size:
        recording[Recording.DROPPED] += 1
        return False
    slot = written % size
    base = slot * 2 * FRAME
    for k in range(FRAME):
        recorded[base + k] = table[frame[HISTORY + k]]
    for k in range(FRAME):
        recorded[base + FRAME + k] = table[out[at + k]]
    recorded_frame[slot] = number
    fence()
    recording[Recording.WRITTEN] = written + 1
    return True


@entry
def take_frames(recording: Words, recorded: Octets, recorded_frame: Words, samples: Octets) -> tuple[int, int]:
    """Copy consecutive frames into `samples`; returns the number of the first one and how many."""
    read = recording[Recording.READ]
    size = len(recorded_frame)
    ready = min(recording[Recording.WRITTEN] - read, len(samples) // (2 * FRAME))
    fence()
    first = np.int64(0)
    count = 0
    while count < ready:
        slot = (read + count) % size
        if count == 0:
            first = recorded_frame[slot]
        elif recorded_frame[slot] != first + count:
            break
        for k in range(2 * FRAME):
            samples[count * 2 * FRAME + k] = recorded[slot * 2 * FRAME + k]
        count += 1
    fence()
    recording[Recording.READ] = read + count
    return first, count


class RecordingSource:
    """Read by one thread only; `finished` is final once read() has returned None.

    Frames are numbered from 0 at start_recording; a jump in `first_frame` is time that was lost to an overrun or to a
    skipped tick. The row goes back to the pool when the last frame has been read or nobody holds the source any more.
    """

    def __init__(self, row: int, memory: Memory, returned: "collections.deque[int]") -> None:
        self._row = row
        self._recording = memory.recordings[row]
        self._recorded = memory.recorded[row]
        self._recorded_frame = memory.recorded_frame[row]
        self._returned = returned
        self._drained = False
        self._dropped = 0
        self._started = -1

    @property
    def finished(self) -> bool:
        return self._drained

    @property
    def dropped_frames(self) -> int:
        return self._dropped if self._drained else int(self._recording[Recording.DROPPED])

    @property
    def started_at_frame(self) -> int:
        """Frame 0 in frames since the leg was opened: the bridge to the positions of TalkStarted; -1 until known."""
        return self._started if self._drained else int(self._recording[Recording.STARTED_FRAME])

    def read(self) -> Frames | None:
        """The next consecutive frames, or None when there is nothing new."""
        if self._drained:
            return None
        ended = bool(self._recording[Recording.ENDED])
        samples = np.empty(_READ_AT_ONCE * 2 * FRAME, dtype=np.uint8)
        first, count = take_frames(self._recording, self._recorded, self._recorded_frame, samples)
        if count:
            return Frames(int(first), samples[: count * 2 * FRAME].reshape(count, 2, FRAME))
        if ended:
            self._drain()
        return None

    def abandon(self) -> None:
        """Give the row back without the tick ever having had it."""
        self._recording[Recording.ENDED] = 1
        self._drain()

    def _drain(self) -> None:
        self._dropped = self.dropped_frames
        self._started = self.started_at_frame
        self._drained = True
        self._returned.append(self._row)

    def __del__(self) -> None:
        if not self._drained:
            self._returned.append(self._row)
