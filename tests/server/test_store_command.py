"""`trunkline store`: backups are whole, made while the server writes, and never overwrite one another."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from server.cli import app
from server.store.store import open_store


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "trunkline.toml"
    file.write_text("")
    return file


def store(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["store", *map(str, arguments)])


def test_u13_a_backup_is_whole_while_a_transaction_is_open(tmp_path: Path, config: Path) -> None:
    engine = open_store(tmp_path / "var" / "trunkline.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (word TEXT)"))
        connection.execute(text("INSERT INTO kept VALUES ('first')"))
    with engine.connect() as writing:
        writing.execute(text("INSERT INTO kept VALUES ('second')"))
        result = store("backup", "--to", tmp_path / "copy.db", "--config", config)
        writing.rollback()
    engine.dispose()
    assert result.exit_code == 0, result.output
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT word FROM kept").fetchall() == [("first",)]
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_a_backup_overwrites_nothing_and_makes_no_database(tmp_path: Path, config: Path) -> None:
    assert store("backup", "--to", tmp_path / "copy.db", "--config", config).exit_code == 2
    assert not (tmp_path / "var").exists()
    open_store(tmp_path / "var" / "trunkline.db").dispose()
    (tmp_path / "copy.db").write_text("somebody's backup")
    assert store("backup", "--to", tmp_path / "copy.db", "--config", config).exit_code == 2
    assert (tmp_path / "copy.db").read_text() == "somebody's backup"
    assert store("backup", "--to", tmp_path / "absent" / "copy.db", "--config", config).exit_code == 2


def test_finding_35_migrate_needs_a_database(tmp_path: Path, config: Path) -> None:
    assert store("migrate", "--config", config).exit_code == 2
    assert not (tmp_path / "var").exists()
    open_store(tmp_path / "var" / "trunkline.db").dispose()
    assert store("migrate", "--config", config).exit_code == 0
