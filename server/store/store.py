"""The database file: opened with the guarantees the journal needs, and brought to this program's schema."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from recordings.transactions import BEGIN_OPTION

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"


class StoreError(Exception):
    """The database cannot be used; the message names the file, what is wrong and what mends it."""


def open_store(path: Path, *, busy_timeout_s: float = 5.0) -> Engine:
    """For `serve`: creates the file when absent, and brings it to this program's schema, which may take long.

    Transactions begin deferred: one that writes must write first, or it may find the database changed
    under it and fail at once instead of waiting for the lock.
    """
    migrate_store(path, busy_timeout_s=busy_timeout_s)
    return _make_engine(path, busy_timeout_s)


def open_existing(path: Path, *, busy_timeout_s: float = 5.0) -> Engine:
    """For commands that read: neither makes a file nor changes a schema; raises StoreError instead."""
    if not path.exists():
        raise StoreError(f"database {path}: not here yet; start the server once, or give --config")
    engine = _make_engine(path, busy_timeout_s)
    try:
        with engine.connect() as connection:
            held, newest = _revisions(connection, path)
    except SQLAlchemyError as error:
        engine.dispose()
        raise _unusable(path, error) from error
    except StoreError:
        engine.dispose()
        raise
    if held != newest:
        engine.dispose()
        raise StoreError(
            f"database {path}: its schema {held or '(none)'} is older than this program's ({newest}); "
            "stop the server and run `trunkline store migrate`, or start the new server, which does the same"
        )
    return engine


def migrate_store(path: Path, *, busy_timeout_s: float = 5.0) -> tuple[str | None, str | None]:
    """The schema before (None: a new file) and after. Two programs may do so at once."""
    _make_file(path)
    engine = _make_engine(path, busy_timeout_s)
    try:
        with engine.connect().execution_options(**{BEGIN_OPTION: "BEGIN IMMEDIATE"}) as connection:
            versions = _migrate(connection, path)
            connection.commit()
    except SQLAlchemyError as error:
        raise _unusable(path, error) from error
    finally:
        engine.dispose()
    return versions


def _unusable(path: Path, error: SQLAlchemyError) -> StoreError:
    cause = getattr(error, "orig", None) or error
    return StoreError(f"database {path}: {cause}; {_mend(cause)}")


def _make_file(path: Path) -> None:
    # Numbers and transcripts are in it: nobody else may read it. SQLite gives its side files the same mode.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            f"database {path}: {error.strerror}; make the file and its folder {path.parent} writable for the "
            "user that runs trunkline, or set server.data_directory to a folder that is"
        ) from error


def _mend(cause: BaseException) -> str:
    text = str(cause)
    if "not a database" in text or "malformed" in text:
        return "move the file away to start with a new one, or put a backup in its place"
    if "locked" in text:
        return "another program holds it; stop that one first"
    return "see that its folder is writable and has free space"


def _make_engine(path: Path, busy_timeout_s: float) -> Engine:
    url = URL.create("sqlite", database=str(path))
    # isolation_level None stops the driver from opening transactions of its own: BEGIN is ours to say.
    engine = create_engine(url, connect_args={"timeout": busy_timeout_s, "isolation_level": None})
    event.listen(engine, "connect", lambda connection, _record: prepare(connection))
    event.listen(engine, "begin", _begin)
    return engine


def prepare(connection: sqlite3.Connection) -> None:
    """What every connection needs for what is promised: a commit is on the disk."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN_OPTION, "BEGIN"))


def _migrate(connection: Connection, path: Path) -> tuple[str | None, str | None]:
    held, newest = _revisions(connection, path)
    if held != newest:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        log.info("store.migrated", database=str(path), before=held, after=newest)
    return held, newest


def _revisions(connection: Connection, path: Path) -> tuple[str | None, str | None]:
    """The schema of the file and that of this program; raises StoreError when the file's is newer."""
    script = ScriptDirectory.from_config(_alembic())
    held, newest = MigrationContext.configure(connection).get_current_revision(), script.get_current_head()
    if held is not None and held not in {revision.revision for revision in script.walk_revisions()}:
        raise StoreError(
            f"database {path}: its schema {held} is newer than this program knows ({newest}); "
            "install the trunkline that wrote it, or name another database"
        )
    return held, newest


def _alembic() -> Config:
    config = Config()
    # Config reads "%" as the start of a substitution.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
