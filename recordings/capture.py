"""One live recording's file, from its first frame to its last; written by the writer thread alone."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recordings.segment import (
    FRAMES_PER_S,
    MAX_RECORDING_FRAMES,
    MAX_SEGMENT_FRAMES,
    SEGMENT_HEAD,
    FileHeader,
    SegmentError,
    encode_file_header,
    encode_segment_head,
)
from recordings.source import RecordingSource

# Four buffers of the kernel's 1024 per writev stay unused; a ring holds far fewer pieces.
_MAX_BUFFERS = 1020
# A block shorter than this is nearly always all there was. Asking the engine again costs as much as asking
# the first time, 50,000 times a minute at 400 calls; what was behind a gap comes with the next drain.
_SHORT_BLOCK_FRAMES = 32


@dataclass(slots=True, eq=False)
class Capture:
    """Frames move from `source` to the file at `path`; what was written only ever grows.

    Other threads may read the counters; only the writer thread calls the methods.
    """

    header: FileHeader
    source: RecordingSource
    path: Path
    agent: str = ""
    fd: int = -1
    next_frame: int = 0
    gap_frames: int = 0
    written_bytes: int = 0
    failure: str = ""
    _sequence: int = field(default=0, repr=False)

    @property
    def duration_s(self) -> float:
        return self.next_frame / FRAMES_PER_S

    @property
    def gap_s(self) -> float:
        return self.gap_frames / FRAMES_PER_S

    def open(self) -> None:
        """Makes the file and its day's folder, readable by nobody else, and writes the header."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self.fd = os.open(self.path, flags, 0o600)
        header = encode_file_header(self.header)
        self._write([header], len(header))

    def drain(self) -> int:
        """Writes what the source holds in one system call; returns how many frames the source had lost.

        Only a drain that writes nothing proves that the source is empty.
        """
        buffers: list[bytes | memoryview] = []
        length = 0
        sequence, next_frame, lost = self._sequence, self.next_frame, 0
        while len(buffers) < _MAX_BUFFERS and (frames := self.source.read()) is not None:
            if frames.first_frame < next_frame:
                raise SegmentError(f"the source gave frame {frames.first_frame} after frame {next_frame}")
            lost += frames.first_frame - next_frame
            next_frame = frames.first_frame
            samples = np.ascontiguousarray(frames.samples)
            for begin in range(0, len(samples), MAX_SEGMENT_FRAMES):
                piece = samples[begin : begin + MAX_SEGMENT_FRAMES]
                buffers += (encode_segment_head(sequence, next_frame, piece), piece.data)
                length += SEGMENT_HEAD.size + piece.nbytes
                sequence += 1
                next_frame += len(piece)
            if len(samples) < _SHORT_BLOCK_FRAMES:
                break
        if next_frame > MAX_RECORDING_FRAMES:
            raise SegmentError("the recording has reached its greatest length")
        if buffers:
            self._write(buffers, length)
            self._sequence, self.next_frame = sequence, next_frame
            self.gap_frames += lost
        return lost

    def _write(self, buffers: list[bytes | memoryview], length: int) -> None:
        """All of it or nothing: what a full disk took of it is cut off again."""
        taken = 0
        try:
            taken = os.writev(self.fd, buffers)
        finally:
            if taken != length:
                os.ftruncate(self.fd, self.written_bytes)
        if taken != length:
            # A regular file takes less than all only when the disk or a quota ends there.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written_bytes += length

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
