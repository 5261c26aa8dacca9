"""How each part of the server is, from what it says of itself: its problem and its figures (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from media.speech.recogniser import SpeechStatistics
from recordings.health import RecorderHealth
from server.http.status import PartHealth
from server.journal.journal import JournalHealth

FULL_TICK = 1.0
STOPPED_AFTER_S = 2.0
FULL_DISK_BYTES = 256 * 1024 * 1024
HUNG_DISK_S = 30.0
MEGABYTE = 1024 * 1024


class TickWatch:
    """Whether the audio engine's tick goes on: its count must grow between two looks."""

    def __init__(self) -> None:
        self._ticks = -1
        self._since = 0.0

    def health(self, legs: int, ticks: int, load: float, now: float) -> PartHealth:
        if ticks != self._ticks:
            self._ticks, self._since = ticks, now
        still_s = now - self._since
        problem = ""
        if still_s >= STOPPED_AFTER_S:
            problem = f"has stood still for {still_s:.0f} s: restart the server"
        elif load >= FULL_TICK:
            problem = "needs more time than there is; sound suffers"
        return PartHealth("audio engine", problem, {"legs": legs, "load": round(load, 3)})


def journal_health(now: JournalHealth) -> PartHealth:
    problem = now.last_error if now.writer_alive else "its writer has ended: restart the server"
    return PartHealth("journal", problem, {"behind": now.behind, "set_aside": now.set_aside})


def recorder_health(now: RecorderHealth) -> PartHealth:
    figures = {
        "recording": now.live,
        "behind_s": round(now.behind_s, 2),
        "spool_share": round(now.spool_share, 3),
        "frames_dropped": now.frames_dropped,
    }
    return PartHealth("recorder", "; ".join(now.problems), figures)


def recogniser_health(now: SpeechStatistics) -> PartHealth:
    problem = "" if now.pids else "no worker is left"
    figures = {"workers": len(now.pids), "waiting": now.open_requests, "restarts": now.restarts}
    return PartHealth("recogniser", problem, figures)


@dataclass(frozen=True, slots=True)
class DiskLook:
    """What the file system of a folder answered, and when it was asked last and answered last (monotonic)."""

    free_bytes: int
    asked_at: float
    answered_at: float


def disk_health(name: str, look: DiskLook, now: float) -> PartHealth:
    silent_s = now - look.asked_at if look.asked_at > look.answered_at else 0.0
    problem = ""
    if silent_s >= HUNG_DISK_S:
        problem = f"has not answered for {silent_s:.0f} s"
    elif look.free_bytes < FULL_DISK_BYTES:
        problem = f"{look.free_bytes // MEGABYTE} MB are free: make room, or calls will not be recorded"
    return PartHealth(name, problem, {"free_mb": look.free_bytes // MEGABYTE})
