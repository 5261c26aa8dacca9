"""`trunkline recordings` as a compliance officer meets it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recordings.catalogue import Catalogue
from recordings.wav import read_wav
from server.cli import app
from server.store.store import open_store
from tests.recordings.test_verification import ENTRY, ID, pieces


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    """A folder with one recording of ten seconds."""
    (tmp_path / "var/recordings").mkdir(parents=True)
    (tmp_path / "var/recordings" / ENTRY.path).write_bytes(b"".join(pieces()))
    engine = open_store(tmp_path / "var/trunkline.db")
    Catalogue(engine).save([ENTRY])
    engine.dispose()
    file = tmp_path / "trunkline.toml"
    file.write_text('[server]\ndata_directory = "var"\n')
    return file


def run(settings_file: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["recordings", *arguments, "--config", str(settings_file)])
    return done.exit_code, done.stdout, done.stderr


def damage(settings_file: Path) -> None:
    file = settings_file.parent / "var/recordings" / ENTRY.path
    octets = bytearray(file.read_bytes())
    octets[60_000:64_000] = bytes(4000)
    file.write_bytes(octets)


def test_an_intact_recording_is_said_to_be(settings_file: Path) -> None:
    assert run(settings_file, "verify", ID) == (0, f"{ID}  intact\n", "")
    assert run(settings_file, "verify", "--all") == (0, "1 verified, 0 not intact\n", "")


def test_u1_verify_names_the_span_and_ends_with_3(settings_file: Path) -> None:
    damage(settings_file)
    code, told, _ = run(settings_file, "verify", "--all")
    assert code == 3
    assert f"{ID}  damaged from 0:03.5 to 0:04.0: " in told
    code, told, _ = run(settings_file, "verify", ID, "--json")
    (verdict,) = json.loads(told)
    assert (code, verdict["intact"], verdict["faults"][0]["start_s"]) == (3, False, 3.5)
    assert "damaged" in run(settings_file, "list")[1]


def test_u1_a_damaged_recording_still_plays_says_so_and_ends_with_3(settings_file: Path) -> None:
    damage(settings_file)
    code, path, complaint = run(settings_file, "play-path", ID)
    assert code == 3
    assert read_wav(Path(path.strip())).duration_s == 10.0
    assert "damaged from 0:03.5 to 0:04.0" in complaint


def test_u1_a_file_that_is_gone_is_listed_as_missing(settings_file: Path) -> None:
    (settings_file.parent / "var/recordings" / ENTRY.path).unlink()
    assert "missing" in run(settings_file, "list")[1]
    assert run(settings_file, "verify", ID)[0] == 3


def test_an_unknown_id_is_a_mistake_that_says_what_to_do(settings_file: Path) -> None:
    code, _, complaint = run(settings_file, "verify", "nothing")
    assert code == 2
    assert "trunkline recordings list" in complaint
    assert run(settings_file, "verify")[0] == 2
