"""What the recorder tells while it works, so that nobody learns of a lost recording from its absence."""

from __future__ import annotations

from dataclasses import dataclass

from recordings.catalogue import RecordingEntry
from recordings.segment import RecordingId


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """The recording goes no further; what the disk took before is kept."""

    recording_id: RecordingId
    contact_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class FramesDropped:
    """The disk was too slow for the ring: these frames are silence in the recording, which goes on."""

    recording_id: RecordingId
    contact_id: str
    frames: int


@dataclass(frozen=True, slots=True)
class RecordingFinalized:
    """Complete or failed, the recording is durable and its row written."""

    entry: RecordingEntry


RecordingEvent = RecordingFailed | FramesDropped | RecordingFinalized
