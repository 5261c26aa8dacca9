"""A leg's recording that others can branch off: a statement of the caller becomes an item of its own.

A leg has one ring of frames, with one reader: the thread that drains it for the contact's recording. What it
reads goes into the open branches, too, which the same thread reads as sources of recordings of their own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from media.call_sound import RecordingFeed
from media.frames import Frames

FRAMES_PER_S = 50
BEFORE_FRAMES = FRAMES_PER_S
"""Kept of the time before anybody was heard: a voice is found only when it has begun."""
SHORT_FRAMES = 64
"""A read that gives fewer has emptied the ring."""
WAITING_FRAMES = 60 * FRAMES_PER_S
"""What a branch holds for a reader that is late; what comes on top is lost, and counted."""


class FeedBranch:
    """Frames from `open` to `end`, numbered from 0. Written and read by the draining thread alone.

    Until `keep` only the last second is held: it may turn out that nobody says anything.
    """

    def __init__(self) -> None:
        self.dropped_frames = 0
        self._blocks: deque[Frames] = deque()
        self._held = 0
        self._base: int | None = None
        self._kept = False
        self._ending = False
        self._closed = False

    @property
    def finished(self) -> bool:
        return self._closed and not self._blocks

    def keep(self) -> None:
        """From any thread: what is held now, and all that comes, is of interest."""
        self._kept = True

    def end(self) -> None:
        """From any thread: what was heard until now still comes, and nothing after it."""
        self._ending = True

    def read(self) -> Frames | None:
        if not self._blocks:
            return None
        frames = self._blocks.popleft()
        self._held -= len(frames)
        if self._base is None:
            self._base = frames.first_frame
        return replace(frames, first_frame=frames.first_frame - self._base)

    def take(self, frames: Frames) -> None:
        """The feed has read these."""
        if self._closed:
            return
        self._blocks.append(frames)
        self._held += len(frames)
        most = WAITING_FRAMES if self._kept else BEFORE_FRAMES
        while self._held - len(self._blocks[0]) >= most:
            lost = len(self._blocks.popleft())
            self._held -= lost
            self.dropped_frames += lost if self._kept else 0

    @property
    def ending(self) -> bool:
        return self._ending

    def close(self) -> None:
        """The feed has read all that was heard until the end."""
        self._closed = True


class BranchingFeed:
    """Fits `media.call_sound.RecordingFeed`; `read` belongs to the draining thread, `branch` to the loop."""

    def __init__(self, feed: RecordingFeed) -> None:
        self._feed = feed
        self._branches: tuple[FeedBranch, ...] = ()

    @property
    def finished(self) -> bool:
        return self._feed.finished

    @property
    def dropped_frames(self) -> int:
        return self._feed.dropped_frames

    @property
    def started_at_frame(self) -> int:
        return self._feed.started_at_frame

    def branch(self) -> FeedBranch:
        """Empty for good when the recording is over."""
        branch = FeedBranch()
        # The thread reads the tuple as it is at the moment; only the loop replaces it.
        self._branches = (*(each for each in self._branches if not each.finished), branch)
        if self._feed.finished:
            branch.close()
        return branch

    def read(self) -> Frames | None:
        branches = self._branches
        ending = tuple(branch for branch in branches if branch.ending)
        frames = self._feed.read()
        if frames is not None:
            for branch in branches:
                branch.take(frames)
        if frames is None or len(frames) < SHORT_FRAMES:
            for branch in branches if self._feed.finished else ending:
                branch.close()
        return frames
