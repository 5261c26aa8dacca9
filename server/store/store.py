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

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

_BEGIN_OPTION = "trunkline_begin"


class StoreError(Exception):
    """The database cannot be used; the message names the file, what is wrong and what mends it."""


def open_store(path: Path, *, busy_timeout_s: float = 5.0) -> Engine:
    """Creates the file when absent; blocks while it migrates. Two programs may do so at once.

    Transactions begin deferred: one that writes must write first, or it may find the database changed
    under it and fail at once instead of waiting for the lock.
    """
    _make_file(path)
    engine = _make_engine(path, busy_timeout_s)
    try:
        with engine.connect().execution_options(**{_BEGIN_OPTION: "BEGIN IMMEDIATE"}) as connection:
            _migrate(connection, path)
            connection.commit()
    except SQLAlchemyError as error:
        engine.dispose()
        cause = getattr(error, "orig", None) or error
        raise StoreError(f"database {path}: {cause}; {_mend(cause)}") from error
    except StoreError:
        engine.dispose()
        raise
    return engine


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
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN_OPTION, "BEGIN"))


def _migrate(connection: Connection, path: Path) -> None:
    config = Config()
    # Config reads "%" as the start of a substitution.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    held, newest = MigrationContext.configure(connection).get_current_revision(), script.get_current_head()
    if held == newest:
        return
    if held is not None and held not in {revision.revision for revision in script.walk_revisions()}:
        raise StoreError(
            f"database {path}: its schema {held} is newer than this program knows ({newest}); "
            "install the trunkline that wrote it, or name another database"
        )
    command.upgrade(config, "head")
    log.info("store.migrated", database=str(path), before=held, after=newest)
