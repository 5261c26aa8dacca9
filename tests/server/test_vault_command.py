"""`trunkline vault` on a folder of recordings, without a server and without its database."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import app
from tests.recordings.evidence.conftest import Vault, vault

__all__ = ["vault"]


@pytest.fixture
def settings_file(vault: Vault) -> Path:
    file = vault.folder.parent / "trunkline.toml"
    file.write_text('[server]\ndata_directory = "."\n')
    return file


def run(settings_file: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["vault", *arguments, "--config", str(settings_file)])
    return done.exit_code, done.output


def test_an_untouched_vault_passes_with_a_head_kept_elsewhere(settings_file: Path, tmp_path: Path) -> None:
    code, head = run(settings_file, "head")
    assert code == 0
    (tmp_path / "head.json").write_text(head)
    code, told = run(settings_file, "verify", "--head", str(tmp_path / "head.json"))
    assert (code, told) == (0, "3 recordings, 3 lines of the log, 0 faults\n")
    assert "cannot be excluded" in run(settings_file, "verify")[1]


def test_a_changed_recording_is_named_and_the_exit_code_is_3(vault: Vault, settings_file: Path) -> None:
    entry = vault.entries[1]
    file = vault.folder / entry.path
    file.write_bytes(file.read_bytes()[:-1])
    code, told = run(settings_file, "verify", "--json")
    assert code == 3
    assert json.loads(told)["faults"] == [f"{entry.recording_id}: the file is not the one that was signed"]


def test_a_file_that_is_no_key_is_a_mistake(settings_file: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nonsense")
    assert run(settings_file, "verify", "--public-key", str(tmp_path / "key"))[0] == 2
    assert run(settings_file, "verify", "--head", str(tmp_path / "key"))[0] == 2


def test_a_rotated_key_leaves_earlier_recordings_open(vault: Vault, settings_file: Path) -> None:
    before = vault.files.keyring
    assert before is not None
    code, told = run(settings_file, "rotate-key")
    assert code == 0
    after = vault.files.keyring
    assert after is not None
    assert after.newest_id != before.newest_id
    assert after.newest_id in told
    assert after.key(vault.entries[0].path) == before.key(vault.entries[0].path)


def test_without_keys_there_is_nothing_to_rotate(tmp_path: Path) -> None:
    (tmp_path / "trunkline.toml").write_text('[server]\ndata_directory = "elsewhere"\n')
    code, told = run(tmp_path / "trunkline.toml", "rotate-key")
    assert (code, "no key-encryption key here" in told) == (2, True)
