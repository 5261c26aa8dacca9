"""The thread that makes recordings durable: syncs their files in time and writes their catalogue rows.

It may wait for the disk and the database as long as these take; drain and disk threads go on meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import assert_never

import structlog

from recordings.capture import Capture
from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.errors import CatalogueError, reason_of
from recordings.evidence.keeper import EvidenceKeeper
from recordings.segment import RecordingId
from recordings.vault import Vault, VaultFile

log = structlog.get_logger(__name__)

# What ends within this time is synced, committed and signed together.
_TOGETHER_S = 0.1


@dataclass(frozen=True, slots=True)
class Opened:
    """A file has been made."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Written:
    """It has ended, and all of it that the store takes is in its file."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing follows."""


Notice = Opened | Written | Stop


@dataclass(frozen=True, slots=True)
class FinalizerReport:
    """`unsaved_rows` is not 0 for long unless the database refuses them; they are tried again and again."""

    syncs: int
    failed_syncs: int
    longest_sync_s: float
    unsaved_rows: int


class Finalizer:
    """Callbacks are called on the finalizer's thread.

    `on_finalized` gets the entries of recordings that have ended, and why their rows could not be written, if
    so.
    """

    def __init__(
        self,
        vault: Vault,
        catalogue: Catalogue,
        sync_period_s: float,
        evidence: EvidenceKeeper,
        on_finalized: Callable[[Sequence[tuple[Capture, RecordingEntry]], CatalogueError | None], None],
    ) -> None:
        self._vault = vault
        self._catalogue = catalogue
        self._sync_period_s = sync_period_s
        self._evidence = evidence
        self._on_finalized = on_finalized
        self._notices: SimpleQueue[Notice] = SimpleQueue()
        self._open: dict[Capture, None] = {}
        self._unsaved: dict[RecordingId, RecordingEntry] = {}
        self._stopping = False
        self._syncs = self._failed_syncs = 0
        self._longest_sync_s = 0.0
        self._thread = threading.Thread(target=self._run, name="recording-finalizer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell(self, notice: Notice) -> None:
        self._notices.put(notice)

    def join(self, timeout_s: float) -> bool:
        """Whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def report(self) -> FinalizerReport:
        return FinalizerReport(self._syncs, self._failed_syncs, self._longest_sync_s, len(self._unsaved))

    def _run(self) -> None:
        next_sync_s = monotonic() + self._sync_period_s
        while not self._stopping:
            handled_s = monotonic()
            self._handle(self._take(next_sync_s - handled_s, handled_s + _TOGETHER_S))
            if monotonic() >= next_sync_s:
                next_sync_s = monotonic() + self._sync_period_s
                self._sync_open()
                self._save()
                self._evidence.keep((), datetime.now(UTC))
        if self._save() is not None:
            log.error("recording.rows_lost", rows=len(self._unsaved))

    def _take(self, timeout_s: float, not_before_s: float) -> list[Notice]:
        notices: list[Notice] = []
        with suppress(Empty):
            notices.append(self._notices.get(timeout=max(0.0, timeout_s)))
            sleep(max(0.0, not_before_s - monotonic()))
            while True:
                notices.append(self._notices.get_nowait())
        return notices

    def _handle(self, notices: Sequence[Notice]) -> None:
        written: list[Capture] = []
        for notice in notices:
            match notice:
                case Opened(capture):
                    self._open[capture] = None
                    self._remember(_entry(capture, RecordingState.RECORDING))
                case Written(capture):
                    written.append(capture)
                case Stop():
                    self._stopping = True
                case _:
                    assert_never(notice)
        self._finalize(written)

    def _finalize(self, written: Sequence[Capture]) -> None:
        failed = self._sync(written)
        done = [capture for capture in written if not self._is_tried_again(capture, failed.get(capture))]
        entries = [_entry(capture, _final_state(capture)) for capture in done]
        for capture, entry in zip(done, entries, strict=True):
            self._open.pop(capture, None)
            capture.close()
            self._remember(entry)
        problem = self._save()
        ended = list(zip(done, entries, strict=True))
        self._evidence.keep([(entry, capture.content) for capture, entry in ended], datetime.now(UTC))
        if ended:
            self._on_finalized(ended, problem)

    def _is_tried_again(self, capture: Capture, error: str | None) -> bool:
        if error is None or capture.failure:
            return False
        if monotonic() < capture.give_up_s:
            capture.sync_failed(error)
            return True
        capture.failure = error
        return False

    def _sync_open(self) -> None:
        failed = self._sync([capture for capture in self._open if not capture.handed_over])
        for capture, reason in failed.items():
            capture.sync_failed(reason)

    def _sync(self, captures: Sequence[Capture]) -> dict[Capture, str]:
        """Makes them durable as long as they are now; returns why those that are not are not."""
        lengths: dict[Capture, int] = {}
        by_file: dict[VaultFile, Capture] = {}
        for capture in captures:
            if capture.file is not None and capture.can_sync:
                lengths[capture] = capture.written_bytes
                by_file[capture.file] = capture
        if not by_file:
            return {}
        begun_s = monotonic()
        try:
            refused = self._vault.sync(tuple(by_file))
        except OSError as error:
            refused = dict.fromkeys(by_file, error)
        self._syncs += 1
        self._longest_sync_s = max(self._longest_sync_s, monotonic() - begun_s)
        for file, capture in by_file.items():
            if file not in refused:
                capture.synced(lengths[capture])
        return {by_file[file]: self._refused(by_file[file], why) for file, why in refused.items()}

    def _refused(self, capture: Capture, error: OSError) -> str:
        self._failed_syncs += 1
        reason = reason_of(error)
        log.error("recording.sync_failed", recording=capture.header.recording_id, reason=reason)
        capture.failed(reason, monotonic())
        return reason

    def _remember(self, entry: RecordingEntry) -> None:
        self._unsaved[entry.recording_id] = entry

    def _save(self) -> CatalogueError | None:
        """Writes every row that is due; those the database refuses stay due."""
        if not self._unsaved:
            return None
        try:
            self._catalogue.save(self._unsaved.values())
        except CatalogueError as problem:
            log.error("recording.rows_refused", rows=len(self._unsaved), cause=str(problem))  # noqa: TRY400 - no bug
            return problem
        self._unsaved.clear()
        return None


def _final_state(capture: Capture) -> RecordingState:
    return RecordingState.FAILED if capture.failure else RecordingState.COMPLETE


def _entry(capture: Capture, state: RecordingState) -> RecordingEntry:
    header = capture.header
    live = state is RecordingState.RECORDING
    return RecordingEntry(
        recording_id=header.recording_id,
        contact_id=header.contact_id,
        state=state,
        path=capture.path,
        started_at=header.started_at,
        caller=header.caller,
        called=header.called,
        agent=capture.agent,
        ended_at=None if live else header.started_at + timedelta(seconds=capture.duration_s),
        duration_s=0.0 if live else capture.duration_s,
        gap_s=0.0 if live else capture.gap_s,
        size_bytes=0 if live else capture.written_bytes,
        failure=capture.failure,
        what=header.what,
    )
