"""The database opens with the guarantees promised, at this program's schema, or says clearly why not."""

import importlib.resources
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from recordings import life
from server.journal import tables as journal
from server.outside import tables as outside
from server.store.store import MIGRATIONS, StoreError, migrate_store, open_existing, open_store

ROOT = Path(__file__).parents[2]
OLD = (ROOT / "tests/data/store/0001.sql").read_text(encoding="utf-8")


def _is_no_full_text(name: str | None, kind: str, _parents: object) -> bool:
    """SQLite makes the tables of a full-text index itself."""
    return kind != "table" or not (name or "").startswith("utterance_text")


def test_the_models_are_what_the_migrations_make(tmp_path: Path) -> None:
    engine = open_store(tmp_path / "trunkline.db")
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": _is_no_full_text}
        context = MigrationContext.configure(connection, opts=options)
        metadata = [life.RECORDING_HOLD.metadata, journal.METADATA, outside.METADATA]
        differences = compare_metadata(context, metadata)  # type: ignore[arg-type]
    assert differences == []
    engine.dispose()


def test_every_connection_has_the_durability_promised(tmp_path: Path) -> None:
    engine = open_store(tmp_path / "trunkline.db", busy_timeout_s=3.0)
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert pragmas == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 3000,
            }
    engine.dispose()


def test_the_file_is_readable_by_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "trunkline.db"
    engine = open_store(path)
    assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}
    engine.dispose()


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "100% sure.db"
    for expected in range(3):
        engine = open_store(path)
        with engine.begin() as connection:
            connection.execute(
                text("INSERT INTO journal_run(instance, boot, settings) VALUES ('i', 'b', 's')")
            )
            assert connection.execute(text("SELECT count(*) FROM journal_run")).scalar_one() == expected + 1
        engine.dispose()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    engine = open_store(tmp_path / "trunkline.db")
    insert = text(
        "INSERT INTO journal(sequence, run, at, clock_s, kind, fact) VALUES (1, 1, 't', 0, 'k', '{}')"
    )
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("INSERT INTO journal_run(instance, boot, settings) VALUES ('i', 'b', 's')"))
        connection.execute(insert)
        connection.execute(insert)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM journal")).scalar_one() == 0
    engine.dispose()


def test_two_programs_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from server.store.store import open_store; "
        "print('ready', flush=True); sys.stdin.readline(); open_store(Path(sys.argv[1])); print('open')"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "trunkline.db")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    told = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0, 0], told


def test_an_unwritable_place_is_named_with_what_mends_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "trunkline.db"
    with pytest.raises(StoreError) as raised:
        open_store(path)
    assert str(path) in str(raised.value)
    assert "server.data_directory" in str(raised.value)


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Is a directory"):
        open_store(tmp_path)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "trunkline.db"
    path.write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match="not a database"):
        open_store(path)
    assert path.read_bytes() == b"x" * 5000


def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "trunkline.db"
    open_store(path).dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="9999 is newer"):
        open_store(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_database_another_program_holds_is_named_so(tmp_path: Path) -> None:
    path = tmp_path / "trunkline.db"
    open_store(path).dispose()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program holds it"):
        open_store(path, busy_timeout_s=0.1)
    holder.close()


def test_the_migrations_are_data_of_the_package() -> None:
    package = importlib.resources.files("server.store.migrations")
    assert Path(str(package)) == MIGRATIONS
    names = {item.name for item in package.joinpath("versions").iterdir()}
    assert "0001_initial.py" in names
    assert package.joinpath("env.py").is_file()
    assert "0003_typed_facts.py" in names


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="start the server once"):
        open_existing(tmp_path / "trunkline.db")
    assert list(tmp_path.iterdir()) == []


def test_finding_35_reading_does_not_migrate_an_old_database_but_says_what_does(tmp_path: Path) -> None:
    path = tmp_path / "trunkline.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD)
    with pytest.raises(StoreError, match=r"0001 is older.*trunkline store migrate"):
        open_existing(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    assert migrate_store(path) == ("0001", "0007")
    assert migrate_store(path) == ("0007", "0007")
    open_existing(path).dispose()


def test_reading_a_newer_database_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "trunkline.db"
    migrate_store(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="9999 is newer"):
        open_existing(path)
