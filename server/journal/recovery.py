"""What must outlive the server: recordings and journal, started with what a dead server left behind."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine

from config.settings import Settings
from recordings.catalogue import Catalogue, RecordingEntry
from recordings.events import FramesDropped, RecordingEvent, RecordingFailed, RecordingFinalized
from recordings.recorder import Recorder
from server.journal.journal import Journal

log = structlog.get_logger(__name__)


async def start_keeping(
    settings: Settings, store: Engine, catalogue: Catalogue, stack: AsyncExitStack
) -> tuple[Recorder, Journal, tuple[RecordingEntry, ...]]:
    """Recordings and journal, with what a dead server left unfinished closed as interrupted."""
    journal = Journal(store)
    await journal.start()
    stack.push_async_callback(journal.stop)
    recorder = Recorder(settings.recordings, catalogue, lambda event: _on_recording(event, journal))
    await recorder.start()
    stack.push_async_callback(recorder.stop)
    recovered = tuple(await recorder.recover())
    for entry in recovered:
        journal.append(
            entry.contact_id,
            "recording.finished",
            recording=entry.recording_id,
            duration_s=round(entry.duration_s, 3),
            state=entry.state.value,
        )
    interrupted = await journal.close_interrupted(datetime.now(UTC))
    if recovered or interrupted:
        log.warning("server.recovered", recordings=len(recovered), contacts=len(interrupted))
    return recorder, journal, recovered


def _on_recording(event: RecordingEvent, journal: Journal) -> None:
    """What the disk did to a recording belongs to the contact; the end of a recording is told by its tape."""
    match event:
        case RecordingFailed(recording, contact, reason):
            log.error("recording.failed", recording=recording, reason=reason)
            journal.append(contact, "recording.failed", recording=recording, reason=reason)
        case FramesDropped(recording, contact, frames):
            log.warning("recording.gap", recording=recording, frames=frames)
            journal.append(contact, "recording.gap", recording=recording, frames=frames)
        case RecordingFinalized():
            pass
