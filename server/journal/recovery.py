"""What must outlive the server: recordings and journal, started with what a dead server left behind."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import structlog
from sqlalchemy import Engine

from config.settings import Settings
from contacts.facts.recording import RecordingBroken, RecordingFinished, RecordingGap
from contacts.ids import ContactId
from recordings.catalogue import Catalogue, RecordingEntry
from recordings.events import FramesDropped, RecordingEvent, RecordingFailed, RecordingFinalized
from recordings.recorder import Recorder
from server.callbacks.promises import LeftOver
from server.callbacks.restoring import read_left_over
from server.journal.identity import identity_of
from server.journal.journal import Journal
from server.store.writer import StoreWriter

log = structlog.get_logger(__name__)


async def start_recovery(
    settings: Settings, store: Engine, writer: StoreWriter, catalogue: Catalogue, stack: AsyncExitStack
) -> tuple[Recorder, Journal, tuple[RecordingEntry, ...], LeftOver]:
    """Recordings and journal, with what a dead server left unfinished closed, and what it owed."""
    clock = asyncio.get_running_loop().time
    journal = Journal(writer, store, identity_of(settings), clock=clock)
    await journal.start()
    recorder = Recorder(settings.recordings, catalogue, lambda event: _on_recording(event, journal))
    await recorder.start()
    stack.push_async_callback(recorder.stop)
    recovered = tuple(await recorder.recover())
    for entry in recovered:
        journal.note(
            RecordingFinished(
                contact=ContactId(entry.contact_id),
                recording=entry.recording_id,
                duration_s=round(entry.duration_s, 3),
                state=entry.state.value,
            ),
        )
    left = await asyncio.to_thread(read_left_over, store)
    interrupted = await journal.close_interrupted(left.contacts)
    if recovered or interrupted:
        log.warning("server.recovered", recordings=len(recovered), contacts=len(interrupted))
    return recorder, journal, recovered, left


def _on_recording(event: RecordingEvent, journal: Journal) -> None:
    """What the disk did to a recording belongs to the contact; its end is told by its owner."""
    match event:
        case RecordingFailed(recording, contact, reason):
            log.error("recording.failed", recording=recording, reason=reason)
            broken = RecordingBroken(contact=ContactId(contact), recording=recording, reason=reason)
            journal.note(broken)
        case FramesDropped(recording, contact, frames):
            log.warning("recording.gap", recording=recording, frames=frames)
            journal.note(RecordingGap(contact=ContactId(contact), recording=recording, frames=frames))
        case RecordingFinalized():
            pass
