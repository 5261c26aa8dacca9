"""After a crash: what was being recorded is closed as interrupted, with the length it really has."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.files import RecordingFiles
from recordings.folder import begun_at, newest_files
from recordings.segment import RecordingId
from recordings.segment_reader import Survey

log = structlog.get_logger(__name__)

# A file without a row was made within the last moments before the crash, which may have been around midnight.
_STRAY_DAYS = 2


def recover(
    files: RecordingFiles, catalogue: Catalogue, live: Collection[RecordingId] = frozenset()
) -> list[RecordingEntry]:
    """Reads every unfinished file whole; blocks. `live` are this process's own. The files are not touched."""
    unfinished = [
        entry for entry in catalogue.list(state=RecordingState.RECORDING) if entry.recording_id not in live
    ]
    recovered = [_finalise(files, entry) for entry in unfinished]
    recovered += _adopt_strays(files, catalogue, live)
    catalogue.save(recovered)
    for entry in recovered:
        log.warning(
            "recording.recovered",
            recording=entry.recording_id,
            contact=entry.contact_id,
            duration_s=entry.duration_s,
            gap_s=entry.gap_s,
            failure=entry.failure,
        )
    return recovered


def _finalise(files: RecordingFiles, entry: RecordingEntry) -> RecordingEntry:
    try:
        found = files.survey(entry.path)
    except OSError as error:
        return replace(
            entry,
            state=RecordingState.INTERRUPTED,
            ended_at=entry.started_at,
            failure=_unreadable(error),
        )
    return _measured(entry, found)


def _adopt_strays(
    files: RecordingFiles, catalogue: Catalogue, live: Collection[RecordingId]
) -> list[RecordingEntry]:
    found = {RecordingId(path.stem): path for path in newest_files(files.directory, _STRAY_DAYS)}
    known = catalogue.known(tuple(found)) | set(live)
    return [_adopt(files, path) for recording_id, path in found.items() if recording_id not in known]


def _adopt(files: RecordingFiles, path: Path) -> RecordingEntry:
    try:
        found = files.survey(path)
    except OSError as error:
        # Listed all the same: a recording that nobody can read must not be one that nobody knows of.
        begun = begun_at(RecordingId(path.stem))
        return RecordingEntry(
            RecordingId(path.stem),
            "",
            RecordingState.INTERRUPTED,
            path,
            begun,
            caller="",
            called="",
            ended_at=begun,
            failure=_unreadable(error),
        )
    header = found.header
    entry = RecordingEntry(
        recording_id=RecordingId(path.stem),
        contact_id=header.contact_id if header else "",
        state=RecordingState.INTERRUPTED,
        path=path,
        started_at=header.started_at if header else begun_at(RecordingId(path.stem)),
        caller=header.caller if header else "",
        called=header.called if header else "",
        what=header.what if header else "",
    )
    return _measured(entry, found)


def _unreadable(error: OSError) -> str:
    return f"the file cannot be read: {error.strerror}"


def _measured(entry: RecordingEntry, found: Survey) -> RecordingEntry:
    return replace(
        entry,
        state=RecordingState.INTERRUPTED,
        ended_at=entry.started_at + timedelta(seconds=found.duration_s),
        duration_s=found.duration_s,
        gap_s=found.gap_s,
        size_bytes=found.size_bytes,
        failure="; ".join(
            f"{place.length} octets {place.kind.value} at {place.offset}" for place in found.damage[:3]
        ),
    )
