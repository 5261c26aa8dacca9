"""The thread that makes recordings durable: syncs their files in time and writes their catalogue rows.

It may wait for the disk and the database as long as these take; the writer thread goes on meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import assert_never

import structlog
from sqlalchemy.exc import SQLAlchemyError

from recordings.capture import Capture
from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.durability import sync_files
from recordings.errors import CatalogueError
from recordings.segment import RecordingId

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file has been made."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will be written to it; from now on the settler owns the file."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing follows."""


Notice = Opened | Ended | Stop


@dataclass(frozen=True, slots=True)
class SettlerReport:
    """`unsaved_rows` is not 0 for long unless the database refuses them; they are tried again and again."""

    syncs: int
    longest_sync_s: float
    unsaved_rows: int


class Settler:
    """Callbacks are called on the settler's thread.

    `on_settled` gets an ended recording's entry, and why its row could not be written, if so.
    """

    def __init__(
        self,
        directory: Path,
        catalogue: Catalogue,
        sync_period_s: float,
        on_settled: Callable[[RecordingEntry, CatalogueError | None], None],
        on_sync_failed: Callable[[Capture, str], None],
    ) -> None:
        self._directory = directory
        self._catalogue = catalogue
        self._sync_period_s = sync_period_s
        self._on_settled = on_settled
        self._on_sync_failed = on_sync_failed
        self._notices: SimpleQueue[Notice] = SimpleQueue()
        self._synced_bytes: dict[Capture, int] = {}
        self._new_folders: set[Path] = set()
        self._unsaved: dict[RecordingId, RecordingEntry] = {}
        self._stopping = False
        self._syncs = 0
        self._longest_sync_s = 0.0
        self._thread = threading.Thread(target=self._run, name="recording-settler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell(self, notice: Notice) -> None:
        self._notices.put(notice)

    def join(self) -> None:
        self._thread.join()

    def report(self) -> SettlerReport:
        return SettlerReport(self._syncs, self._longest_sync_s, len(self._unsaved))

    def _run(self) -> None:
        next_sync_s = monotonic() + self._sync_period_s
        while not self._stopping:
            self._handle(self._take(next_sync_s - monotonic()))
            if monotonic() >= next_sync_s:
                next_sync_s = monotonic() + self._sync_period_s
                self._sync_live()
                self._save()
        if self._save() is not None:
            log.error("recording.rows_lost", rows=len(self._unsaved))

    def _take(self, timeout_s: float) -> list[Notice]:
        notices: list[Notice] = []
        with suppress(Empty):
            notices.append(self._notices.get(timeout=max(0.0, timeout_s)))
            while True:
                notices.append(self._notices.get_nowait())
        return notices

    def _handle(self, notices: Sequence[Notice]) -> None:
        ended: list[Capture] = []
        for notice in notices:
            match notice:
                case Opened(capture):
                    self._synced_bytes[capture] = 0
                    self._new_folders.add(capture.path.parent)
                    self._remember(self._entry(capture, RecordingState.RECORDING))
                case Ended(capture):
                    ended.append(capture)
                case Stop():
                    self._stopping = True
                case _:
                    assert_never(notice)
        self._settle(ended)

    def _settle(self, ended: Sequence[Capture]) -> None:
        failed = self._sync([capture for capture in ended if capture.fd >= 0])
        entries: list[RecordingEntry] = []
        for capture in ended:
            if (error := failed.get(capture)) is not None and not capture.failure:
                capture.failure = error
            self._synced_bytes.pop(capture, None)
            capture.close()
            state = RecordingState.FAILED if capture.failure else RecordingState.COMPLETE
            entries.append(self._entry(capture, state))
            self._remember(entries[-1])
        problem = self._save()
        for entry in entries:
            self._on_settled(entry, problem)

    def _sync_live(self) -> None:
        dirty = [capture for capture, synced in self._synced_bytes.items() if capture.written_bytes > synced]
        lengths = [capture.written_bytes for capture in dirty]
        failed = self._sync(dirty)
        for capture, length in zip(dirty, lengths, strict=True):
            self._synced_bytes[capture] = length
            if (reason := failed.get(capture)) is not None:
                self._on_sync_failed(capture, reason)

    def _sync(self, captures: Sequence[Capture]) -> dict[Capture, str]:
        if not captures:
            return {}
        begun_s = monotonic()
        by_fd = {capture.fd: capture for capture in captures}
        try:
            failed = sync_files(by_fd, self._new_folders)
            self._new_folders = set()
        except OSError as error:
            failed = dict.fromkeys(by_fd, error)
        self._syncs += 1
        self._longest_sync_s = max(self._longest_sync_s, monotonic() - begun_s)
        return {by_fd[fd]: error.strerror or str(error) for fd, error in failed.items()}

    def _remember(self, entry: RecordingEntry) -> None:
        self._unsaved[entry.recording_id] = entry

    def _save(self) -> CatalogueError | None:
        """Writes every row that is due; those the database refuses stay due."""
        if not self._unsaved:
            return None
        try:
            self._catalogue.save(self._unsaved.values())
        except SQLAlchemyError as error:
            problem = CatalogueError.from_database(error)
            log.error("recording.rows_refused", rows=len(self._unsaved), cause=str(problem))  # noqa: TRY400 - no bug
            return problem
        self._unsaved.clear()
        return None

    def _entry(self, capture: Capture, state: RecordingState) -> RecordingEntry:
        header = capture.header
        live = state is RecordingState.RECORDING
        return RecordingEntry(
            recording_id=header.recording_id,
            contact_id=header.contact_id,
            state=state,
            path=capture.path.relative_to(self._directory),
            started_at=header.started_at,
            caller=header.caller,
            called=header.called,
            agent=capture.agent,
            ended_at=None if live else header.started_at + timedelta(seconds=capture.duration_s),
            duration_s=0.0 if live else capture.duration_s,
            gap_s=0.0 if live else capture.gap_s,
            size_bytes=0 if live else capture.written_bytes,
            failure=capture.failure,
        )
