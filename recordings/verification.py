"""Is a recording what it was when it was made? Each fault with its place in seconds, and in words."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recordings.catalogue import RecordingEntry, RecordingState
from recordings.files import RecordingFiles
from recordings.segment import FRAMES_PER_S, FileHeader, RecordingId
from recordings.segment_reader import (
    Damage,
    DamageKind,
    Finished,
    Gap,
    GapCause,
    Item,
    SealedSegment,
    Segment,
)

_MAX_FAULTS = 1000
_FRAME_S = 1 / FRAMES_PER_S


class FaultKind(enum.Enum):
    """What is wrong, in the word that users meet."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    TRUNCATED = "truncated"
    FOREIGN = "foreign"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Fault:
    """From second to second of the recording; the end is None where nobody can tell it."""

    kind: FaultKind
    start_s: float
    end_s: float | None
    reason: str

    def __str__(self) -> str:
        end = "its end" if self.end_s is None else clock(self.end_s)
        return f"{self.kind.value} from {clock(self.start_s)} to {end}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """No faults: the file is what was recorded. Gaps that the recorder itself told of are none."""

    recording_id: RecordingId
    faults: tuple[Fault, ...]

    @property
    def is_intact(self) -> bool:
        return not self.faults


def clock(at_s: float) -> str:
    """`2:03.5`, as a player shows it."""
    tenths = round(at_s * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def verify(files: RecordingFiles, entry: RecordingEntry) -> Verdict:
    """Reads the whole file; blocks."""
    if entry.is_empty:
        return Verdict(entry.recording_id, ())
    try:
        faults = tuple(_all_faults(entry, files.items(entry.path)))[:_MAX_FAULTS]
    except FileNotFoundError:
        faults = (Fault(FaultKind.MISSING, 0.0, _end_s(entry), "the file is gone"),)
    except OSError as error:
        reason = f"the file cannot be read: {error.strerror}"
        faults = (Fault(FaultKind.UNREADABLE, 0.0, _end_s(entry), reason),)
    return Verdict(entry.recording_id, faults)


def is_missing(directory: Path, entry: RecordingEntry) -> bool:
    """Whether the file is gone; costs one question to the file system."""
    return not (entry.is_empty or (directory / entry.path).exists())


def _end_s(entry: RecordingEntry) -> float | None:
    return None if entry.state is RecordingState.RECORDING else entry.duration_s


@dataclass(slots=True)
class _EndMark:
    """Format 2 marks the end of what was not interrupted."""

    _is_expected: bool = False
    _is_there: bool = False

    def read(self, item: Item) -> None:
        if isinstance(item, SealedSegment) or (isinstance(item, Segment) and item.blocks):
            self._is_expected = True
        self._is_there |= isinstance(item, Finished)

    @property
    def is_missing(self) -> bool:
        return self._is_expected and not self._is_there


def _all_faults(entry: RecordingEntry, items: Iterable[Item]) -> Iterator[Fault]:
    frame = 0
    damaged: Damage | None = None
    marked = _EndMark()
    for item in items:
        marked.read(item)
        if isinstance(item, FileHeader):
            yield from _header_faults(entry, item)
        elif isinstance(item, Damage):
            if damaged is not None:
                yield _damaged(damaged, frame, frame)
            damaged = item
        else:
            end = _end_frame(item)
            if damaged is not None or (isinstance(item, Gap) and item.cause is GapCause.LOST):
                yield _damaged(damaged, frame, end if isinstance(item, Gap) else frame)
                damaged = None
            frame = end
    yield from _end_faults(entry, frame, damaged)
    if entry.state is RecordingState.COMPLETE and marked.is_missing:
        yield Fault(FaultKind.TRUNCATED, frame * _FRAME_S, _end_s(entry), "the mark of the end is missing")


def _end_frame(item: Segment | SealedSegment | Gap | Finished) -> int:
    return item.end_frame if isinstance(item, Finished) else item.first_frame + item.frame_count


def _header_faults(entry: RecordingEntry, header: FileHeader) -> Iterator[Fault]:
    if header.recording_id != entry.recording_id:
        reason = f"the file says that it is recording {header.recording_id}"
        yield Fault(FaultKind.FOREIGN, 0.0, _end_s(entry), reason)


def _damaged(damage: Damage | None, begin: int, end: int) -> Fault:
    if damage is None:
        return Fault(FaultKind.DAMAGED, begin * _FRAME_S, end * _FRAME_S, "a part of the file was cut out")
    reasons = {
        DamageKind.HEADER: "the file's header was changed",
        DamageKind.TORN: "the file ends in the middle of a segment",
        DamageKind.DAMAGED: f"{damage.length} octets at {damage.offset} were changed",
        DamageKind.OUT_OF_ORDER: f"{damage.length} octets at {damage.offset} are out of order",
        DamageKind.FORGED: f"the seal of {damage.length} octets at {damage.offset} is broken",
    }
    return Fault(FaultKind.DAMAGED, begin * _FRAME_S, end * _FRAME_S, reasons[damage.kind])


def _end_faults(entry: RecordingEntry, frame: int, damaged: Damage | None) -> Iterator[Fault]:
    """A recording that an end of the server interrupted may end in a torn segment: its row knows."""
    end_s = _end_s(entry)
    short = end_s is not None and frame * _FRAME_S < end_s - _FRAME_S / 2
    if damaged is not None and not (entry.state is RecordingState.INTERRUPTED and not short):
        end = max(frame, round((end_s or 0.0) * FRAMES_PER_S))
        yield _damaged(damaged, frame, end)
    elif short:
        yield Fault(FaultKind.TRUNCATED, frame * _FRAME_S, end_s, "the end of the file was cut off")
    elif end_s is not None and frame * _FRAME_S > end_s + _FRAME_S / 2:
        yield Fault(FaultKind.DAMAGED, end_s, frame * _FRAME_S, "sound was added after the end")
