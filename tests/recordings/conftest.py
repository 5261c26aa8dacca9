"""A store, a catalogue and a running recorder in a folder of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recordings.catalogue import Catalogue
from recordings.events import RecordingEvent
from recordings.recorder import Recorder
from recordings.segment import RecordingId
from recordings.settings import RecordingSettings
from recordings.source import RecordingSource
from server.store.store import open_store

STARTED = datetime(2025, 3, 1, 10, 15, 30, 123456, tzinfo=UTC)


@pytest.fixture
def started() -> datetime:
    return STARTED


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    engine = open_store(tmp_path / "trunkline.db")
    yield Catalogue(engine)
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> RecordingSettings:
    return RecordingSettings(
        directory=tmp_path / "recordings",
        key_directory=tmp_path / "keys",
        drain_interval_s=0.05,
        sync_every_s=0.3,
        retry_after_end_s=0.5,
    )


@dataclass
class Studio:
    """A running recorder and what it told."""

    recorder: Recorder
    catalogue: Catalogue
    directory: Path
    events: list[RecordingEvent] = field(default_factory=list)

    def begin(self, source: RecordingSource, contact_id: str = "contact-1") -> RecordingId:
        return self.recorder.begin(contact_id, source, started_at=STARTED, caller="+4420", called="100")


@pytest.fixture
async def studio(settings: RecordingSettings, catalogue: Catalogue) -> AsyncIterator[Studio]:
    events: list[RecordingEvent] = []
    recorder = Recorder(settings, catalogue, events.append)
    await recorder.start()
    yield Studio(recorder, catalogue, settings.directory, events)
    await recorder.stop()
