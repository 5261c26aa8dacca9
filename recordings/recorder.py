"""The recorder: takes a leg's frames from the media engine to a durable file and a row in the catalogue."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

from recordings.capture import Capture
from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.drain import WAKE_INTERVAL_S
from recordings.errors import CatalogueError, RecordingsError
from recordings.events import RecordingEvent, RecordingFinalized
from recordings.evidence.keeper import EvidenceKeeper
from recordings.evidence.signing import Signer
from recordings.files import RecordingFiles
from recordings.finalizer import Finalizer, FinalizerReport, Opened, Written
from recordings.finalizer import Stop as StopFinalizer
from recordings.folder import check_folder, lock_folder, new_recording_id, relative_path
from recordings.health import RecorderHealth, failing_since, oldest_s
from recordings.keyring import Keyring
from recordings.local_vault import LocalVault
from recordings.recovery import recover
from recordings.segment import FileHeader, RecordingId
from recordings.settings import RecordingSettings
from recordings.source import RecordingSource
from recordings.vault import Vault
from recordings.writer import STOP_PATIENCE_S, Begin, Closed, Finish, Writer, WriterReport
from recordings.writer import Stop as StopWriter

log = structlog.get_logger(__name__)

# What a sync itself may take before it costs more than `sync_every_s` promises.
_SYNC_ALLOWANCE_S = 0.1


@dataclass(frozen=True, slots=True)
class RecorderReport:
    """What the threads have counted."""

    writer: WriterReport
    finalizer: FinalizerReport


class Recorder:
    """Its methods are called on the event loop and never wait for a disk; `on_event` is called there too.

    A killed process loses what was in the ring, at most `drain_interval_s` and a tenth of a second. A loss
    of power costs at most `sync_every_s` and what a sync takes beyond 0.1 s (`report` says). A disk that
    hangs or refuses costs nothing while the memory spool has room, and is tried until `retry_after_end_s`
    after the call. One process at a time may own a recordings folder.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        catalogue: Catalogue,
        on_event: Callable[[RecordingEvent], None] | None = None,
        vault: Vault | None = None,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._on_event = on_event
        self._live: dict[RecordingId, list[asyncio.Future[RecordingEntry]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock_fd = -1
        drain_s = settings.drain_interval_s
        self._files = RecordingFiles(settings.directory, _keyring(settings))
        self._evidence = EvidenceKeeper(settings.directory, Signer.open(settings.key_directory))
        vault = vault or LocalVault(settings.directory, self._files.keyring)
        self._writer = Writer(settings, vault, self._opened, self._written, self._tell)
        self._finalizer = Finalizer(
            vault,
            catalogue,
            max(WAKE_INTERVAL_S, settings.sync_every_s - drain_s - WAKE_INTERVAL_S - _SYNC_ALLOWANCE_S),
            self._evidence,
            self._finalized,
        )

    async def start(self) -> None:
        """Raises RecordingsFolderError, before anything runs, when the folder cannot be used."""
        check_folder(self._settings.directory)
        self._lock_fd = lock_folder(self._settings.directory)
        self._loop = asyncio.get_running_loop()
        self._finalizer.start()
        self._writer.start()

    async def stop(self) -> None:
        """Ends what is still being recorded, durable and complete as far as it goes.

        A disk that hangs is not waited for: what it has not taken is lost, and the next start closes its
        rows.
        """
        if self._loop is None:
            return
        self._writer.send(StopWriter())
        written = await asyncio.to_thread(self._writer.join, 2 * STOP_PATIENCE_S)
        self._finalizer.tell(StopFinalizer())
        if not (await asyncio.to_thread(self._finalizer.join, STOP_PATIENCE_S) and written):
            log.error("recording.abandoned", recordings=len(self._live), spooled=self.health().spool_share)
        self._loop = None
        os.close(self._lock_fd)

    async def recover(self) -> list[RecordingEntry]:
        """Closes as interrupted what a dead server left unfinished; once, after `start`."""
        live = frozenset(self._live)
        recovered = await asyncio.to_thread(recover, self._files, self._catalogue, live)
        ended = [(entry, None) for entry in recovered]
        await asyncio.to_thread(self._evidence.keep, ended, datetime.now(UTC))
        return recovered

    def begin(
        self,
        contact_id: str,
        source: RecordingSource,
        *,
        started_at: datetime,
        caller: str,
        called: str,
        what: str = "",
    ) -> RecordingId:
        """Records until `finish` or until the source is finished; `started_at` is when frame 0 began."""
        if self._loop is None:
            raise RecordingsError("the recorder is not running")
        recording_id = new_recording_id(started_at)
        header = FileHeader(recording_id, contact_id, started_at, caller, called, what)
        self._live[recording_id] = []
        self._writer.send(Begin(Capture(header, source, relative_path(recording_id, started_at))))
        return recording_id

    async def finish(self, recording_id: RecordingId, *, agent: str = "") -> RecordingEntry:
        """Returns once the rest is written, durable and in the catalogue.

        Raises CatalogueError when the database refuses the row: the file is safe, and the row is tried again
        until it succeeds or the next start recovers it. A disk that fails the recording does not raise: the
        entry says FAILED and why.
        """
        waiting = self._live.get(recording_id)
        if waiting is None:
            return await asyncio.to_thread(self._look_up, recording_id, agent)
        done: asyncio.Future[RecordingEntry] = asyncio.get_running_loop().create_future()
        waiting.append(done)
        self._writer.send(Finish(recording_id, agent))
        entry = await done
        if agent and not entry.agent:
            # It had ended by itself before the order reached the writer.
            return await asyncio.to_thread(self._look_up, recording_id, agent)
        return entry

    @property
    def files(self) -> RecordingFiles:
        """For whoever reads what has been recorded."""
        return self._files

    @property
    def evidence(self) -> EvidenceKeeper:
        return self._evidence

    def report(self) -> RecorderReport:
        return RecorderReport(self._writer.report(), self._finalizer.report())

    def health(self) -> RecorderHealth:
        """Cheap enough for every request of it; may be asked in any thread."""
        now_s, captures, writer = monotonic(), self._writer.captures(), self._writer.report()
        since, error = failing_since(captures, now_s, datetime.now(UTC))
        return RecorderHealth(
            live=writer.live,
            behind_s=oldest_s((capture.unwritten_since_s() for capture in captures), now_s),
            unsynced_s=oldest_s((capture.unsynced_since_s() for capture in captures), now_s),
            spool_share=writer.spool_share,
            failing_since=since,
            last_error=error,
            frames_dropped=writer.frames_dropped,
            unsaved_rows=self._finalizer.report().unsaved_rows,
            unsigned=self._evidence.waiting,
            evidence_problem=self._evidence.problem,
        )

    def _look_up(self, recording_id: RecordingId, agent: str) -> RecordingEntry:
        try:
            if agent:
                self._catalogue.name_agent(recording_id, agent)
            entry = self._catalogue.get(recording_id)
        except SQLAlchemyError as error:
            raise CatalogueError.from_database(error) from error
        if entry.state is RecordingState.RECORDING:
            raise CatalogueError(f"recording {recording_id} has ended, but its row could not be written")
        return entry

    def _opened(self, capture: Capture) -> None:
        self._finalizer.tell(Opened(capture))

    def _written(self, capture: Capture) -> None:
        self._finalizer.tell(Written(capture))

    def _finalized(
        self, ended: Sequence[tuple[Capture, RecordingEntry]], problem: CatalogueError | None
    ) -> None:
        def on_loop() -> None:
            for _, entry in ended:
                for done in self._live.pop(entry.recording_id, ()):
                    _resolve(done, entry, problem)
                if self._on_event is not None:
                    self._on_event(RecordingFinalized(entry))

        for capture, _ in ended:
            self._writer.send(Closed(capture))
        self._call_on_loop(on_loop)

    def _tell(self, event: RecordingEvent) -> None:
        if self._on_event is not None:
            on_event = self._on_event
            self._call_on_loop(lambda: on_event(event))

    def _call_on_loop(self, call: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop closed without stop(): nobody is left to be told
                self._loop.call_soon_threadsafe(call)


def _keyring(settings: RecordingSettings) -> Keyring | None:
    return Keyring.open(settings.key_directory, create=True) if settings.sealed else None


def _resolve(
    done: asyncio.Future[RecordingEntry], entry: RecordingEntry, problem: CatalogueError | None
) -> None:
    if done.done():
        return
    if problem is None:
        done.set_result(entry)
    else:
        done.set_exception(problem)
