"""Recorded frames on their way from the tick to a writer thread."""

import collections

import numpy as np

from media.compiled import entry, fence, stage
from media.frames import Frames
from media.layout import FRAME, HISTORY, RECORDING_FRAMES, SILENT, Memory, Octets
from media.octets import copy, fill
from media.silence import silence_of

_READ_AT_ONCE = 64


@stage
def record(recording: np.void, number: int, leg: np.void) -> bool:
    """Append the frame before this one; False, and it is dropped, when the writer is a whole ring behind.

    A leg in a bridge may be answered after its own slot: the frame before is the last one that is complete.
    """
    written = recording["written"]
    if written - recording["read"] >= RECORDING_FRAMES:
        recording["dropped"] += 1
        return False
    slot = written % RECORDING_FRAMES
    at = slot * 2 * FRAME
    parity = leg["served_before"] & 1
    answered = parity * FRAME
    marks = recording["marks"]
    marks[2 * slot] = np.uint8(leg["marks_before"])
    marks[2 * slot + 1] = np.uint8(0)
    if leg["sent_frames"][parity] != leg["served_before"]:
        fill(leg["sent"], answered, FRAME, silence_of(leg["law"]))
        marks[2 * slot + 1] = np.uint8(SILENT)
    copy(recording["samples"], at, leg["frame"], HISTORY - FRAME, FRAME)
    copy(recording["samples"], at + FRAME, leg["sent"], answered, FRAME)
    recording["laws"][slot] = np.uint8(leg["law"])
    recording["numbers"][slot] = number
    fence()
    recording["written"] = written + 1
    return True


@entry
def take_frames(recording: np.void, samples: Octets, marks: Octets) -> tuple[int, int, int]:
    """Copy consecutive frames of one law; returns the number of the first one, how many, and the law.

    The first half of `samples` and of `marks` is for what the party sent, the second for what it heard.
    """
    read = recording["read"]
    numbers = recording["numbers"]
    recorded = recording["samples"]
    room = len(samples) // (2 * FRAME)
    ready = min(recording["written"] - read, room)
    fence()
    first = 0
    law = 0
    count = 0
    while count < ready:
        slot = (read + count) % RECORDING_FRAMES
        if count == 0:
            first = int(numbers[slot])
            law = int(recording["laws"][slot])
        elif numbers[slot] != first + count or recording["laws"][slot] != law:
            break
        for side in range(2):
            copy(samples, (side * room + count) * FRAME, recorded, (2 * slot + side) * FRAME, FRAME)
            marks[side * room + count] = recording["marks"][2 * slot + side]
        count += 1
    fence()
    recording["read"] = read + count
    return first, count, law


class RecordingSource:
    """Read by one thread only; `finished` is final once read() has returned None.

    Frames are numbered from 0 at start_recording; a jump in `first_frame` is time lost to an overrun or to a
    skipped tick. The row goes back to the pool when the last frame has been read or nobody holds the source.
    """

    def __init__(self, row: int, memory: Memory, returned: "collections.deque[int]") -> None:
        self._row = row
        self._recording = memory.recordings[row]
        self._returned = returned
        self._drained = False
        self._dropped = 0
        self._started = -1

    @property
    def finished(self) -> bool:
        return self._drained

    @property
    def dropped_frames(self) -> int:
        return self._dropped if self._drained else int(self._recording["dropped"])

    @property
    def started_at_frame(self) -> int:
        """Frame 0 in frames since the leg was opened, for comparison with TalkStarted; -1 until known."""
        return self._started if self._drained else int(self._recording["started_frame"])

    def read(self) -> Frames | None:
        """The next consecutive frames, or None when there is nothing new."""
        if self._drained:
            return None
        ended = bool(self._recording["ended"])
        samples = np.empty(_READ_AT_ONCE * 2 * FRAME, dtype=np.uint8)
        marks = np.empty(_READ_AT_ONCE * 2, dtype=np.uint8)
        first, count, law = take_frames(self._recording, samples, marks)
        if count:
            tracks = samples.reshape(2, _READ_AT_ONCE, FRAME)[:, :count]
            return Frames(int(first), tracks, int(law), marks.reshape(2, _READ_AT_ONCE)[:, :count])
        if ended:
            self._drain()
        return None

    def abandon(self) -> None:
        """Give the row back without the tick ever having had it."""
        self._recording["ended"] = 1
        self._drain()

    def _drain(self) -> None:
        self._dropped = self.dropped_frames
        self._started = self.started_at_frame
        self._drained = True
        self._returned.append(self._row)

    def __del__(self) -> None:
        if not self._drained:
            self._returned.append(self._row)
