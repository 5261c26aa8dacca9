"""The one thread that writes to the database: what gathers within a few milliseconds is committed together.

Each commit costs a sync of the disk, however much is in it. So journal, catalogue and everything else that is
kept hand their rows to this writer, and share one transaction, at most every `commit_interval_s`, and more
rarely where commits take long. What is submitted while nothing was written for that long is committed at
once.

A work whose own rows are refused (a bug) fails alone; a disk that refuses fails all works of the transaction,
and each decides whether it comes again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from time import monotonic
from typing import Protocol

import structlog

from recordings.errors import CatalogueError
from recordings.ports import Statement
from server.store.store import StoreError, prepare

log = structlog.get_logger(__name__)

_RETRY_S = 0.25
# Commits take at most the fifth part of the time, and what waits for one does not wait longer than this.
_PAUSE_FOR_COMMIT = 4
_LONGEST_PAUSE_S = 0.15

# What the disk, or another program that holds the lock, answers; anything else is the fault of the work.
_OF_THE_DISK = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


class Work(Protocol):
    """Rows to be committed. All methods are called on the writer's thread, and must not wait."""

    def write(self, connection: sqlite3.Connection) -> None:
        """In a transaction that may yet be rolled back: `write` must be fit to be called again."""

    def committed(self) -> None:
        """What `write` did is durable."""

    def refused(self, error: StoreError) -> None:
        """Nothing of what `write` did is kept."""


@dataclass(frozen=True, slots=True)
class WriterHealth:
    """`failing_since_s` is monotonic; None while commits succeed."""

    alive: bool
    waiting: int
    failing_since_s: float | None
    last_error: str


class StoreWriter:
    """Works go in by `submit`, from any thread; one connection for good, opened by `start`."""

    def __init__(self, path: Path, *, commit_interval_s: float = 0.02, busy_timeout_s: float = 5.0) -> None:
        self._path = path
        self._commit_interval_s = commit_interval_s
        self._busy_timeout_s = busy_timeout_s
        self._changed = threading.Condition()
        self._waiting: deque[Work] = deque()
        self._stopping = self._went_well = False
        self._failing_since_s: float | None = None
        self._last_error = ""
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        """Raises StoreError when the file cannot be opened."""
        try:
            self._connection = sqlite3.connect(
                self._path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
            )
            prepare(self._connection)
        except sqlite3.Error as error:
            raise StoreError(f"database {self._path}: {error}") from error
        self._thread.start()

    def stop(self) -> None:
        """Blocks: commits all that waits; what a failing disk then refuses is told to be refused."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()
        if self._connection is not None:
            self._connection.close()

    def submit(self, work: Work) -> bool:
        """Whether it was taken: after `stop` only the rest of a work that a commit has just taken in part."""
        with self._changed:
            if self._stopping and not (self._went_well and get_ident() == self._thread.ident):
                return False
            self._waiting.append(work)
            if len(self._waiting) == 1:
                # With more waiting the writer is awake already, or sleeps until its next commit is due.
                self._changed.notify()
        return True

    def write(self, *statements: Statement) -> None:
        """Blocks until the rows are durable, all of them or none; raises StoreError."""
        rows = _Rows(statements)
        if not self.submit(rows):
            raise StoreError("the database is closed")
        rows.wait()

    def health(self) -> WriterHealth:
        return WriterHealth(
            self._thread.is_alive(), len(self._waiting), self._failing_since_s, self._last_error
        )

    def _run(self) -> None:
        assert self._connection is not None  # noqa: S101 - start opened it
        next_commit_s = 0.0
        while works := self._next(next_commit_s):
            begun_s = monotonic()
            well = self._commit(self._connection, works)
            pause_s = min(_LONGEST_PAUSE_S, _PAUSE_FOR_COMMIT * (monotonic() - begun_s))
            next_commit_s = monotonic() + pause_s if well else monotonic() + _RETRY_S
            next_commit_s = max(next_commit_s, begun_s + self._commit_interval_s)

    def _next(self, not_before_s: float) -> tuple[Work, ...]:
        """Waits for works and for the time of the next commit; nothing once stopping and all is written."""
        with self._changed:
            while not self._stopping and (not self._waiting or monotonic() < not_before_s):
                self._changed.wait(max(0.0, not_before_s - monotonic()) if self._waiting else None)
            works = tuple(self._waiting)
            self._waiting.clear()
            return works

    def _commit(self, connection: sqlite3.Connection, works: tuple[Work, ...]) -> bool:
        written: list[Work] = []
        self._went_well = False
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work in works:
                if self._wrote(connection, work):
                    written.append(work)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(connection)
            self._failed(error, works)
            return False
        self._went_well = True
        for work in written:
            _told(work, None)
        if len(written) == len(works):
            self._failing_since_s, self._last_error = None, ""
        return len(written) == len(works)

    def _wrote(self, connection: sqlite3.Connection, work: Work) -> bool:
        """Raises what the disk answers; what is wrong with the work itself costs that work only."""
        connection.execute("SAVEPOINT work")
        try:
            work.write(connection)
        except Exception as error:
            if of_the_disk(error):
                raise
            connection.execute("ROLLBACK TO work")
            connection.execute("RELEASE work")
            self._failed(error, (work,))
            return False
        connection.execute("RELEASE work")
        return True

    def _failed(self, error: Exception, works: tuple[Work, ...]) -> None:
        if self._failing_since_s is None:
            self._failing_since_s = monotonic()
            bug = None if of_the_disk(error) else error
            log.error("store.failing", cause=str(error), works=len(works), exc_info=bug)
        self._last_error = str(error)
        for work in works:
            _told(work, StoreError(f"the database cannot be written: {error}"))

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            try:
                connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                log.error("store.not_rolled_back", cause=str(error))  # noqa: TRY400 - no bug of ours


class Waited:
    """The ground of a work that a thread waits for."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._error: StoreError | None = None

    def wait(self) -> None:
        """Blocks until it is durable; raises StoreError when it was refused. Never on the event loop."""
        self._done.wait()
        if self._error is not None:
            raise self._error

    def committed(self) -> None:
        self._done.set()

    def refused(self, error: StoreError) -> None:
        self._error = error
        self._done.set()


class _Rows(Waited):
    def __init__(self, statements: Sequence[Statement]) -> None:
        super().__init__()
        self._statements = statements

    def write(self, connection: sqlite3.Connection) -> None:
        for sql, rows in self._statements:
            connection.executemany(sql, rows)


class CatalogueRows:
    """The writer as recordings know it (`recordings.ports.RowWriter`)."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer

    def write(self, *statements: Statement) -> None:
        try:
            self._writer.write(*statements)
        except StoreError as error:
            raise CatalogueError(f"the catalogue cannot be used: {error}") from error


def of_the_disk(error: Exception) -> bool:
    """Whether the disk, or another program that holds the lock, is to blame, and no row."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _OF_THE_DISK


def _told(work: Work, error: StoreError | None) -> None:
    try:
        if error is None:
            work.committed()
        else:
            work.refused(error)
    except Exception:
        # One work that trips over its own result must not end the thread that writes for all.
        log.exception("store.result_not_taken", work=type(work).__name__)
