"""What the recorder relies on in a vault: the one in memory and the folder give the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from recordings.local_vault import LocalVault
from recordings.vault import Vault
from tests.recordings.disk import synced_folders
from tests.recordings.fakes import MemoryVault

NAME = Path("2025/03/01/a.tlr")


@dataclass
class Kept:
    vault: Vault
    content: Callable[[Path], bytes]


@pytest.fixture(params=["memory", "folder"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    if request.param == "memory":
        memory = MemoryVault()
        return Kept(memory, lambda path: memory.files[path].octets)
    return Kept(LocalVault(tmp_path), lambda path: (tmp_path / path).read_bytes())


def test_what_is_appended_is_there_in_order(kept: Kept) -> None:
    file = kept.vault.create(NAME)
    assert kept.content(NAME) == b""
    file.append(b"one")
    file.append(b"two")
    assert kept.content(NAME) == b"onetwo"
    file.close()


def test_a_file_that_was_cut_goes_on_where_it_was_cut(kept: Kept) -> None:
    file = kept.vault.create(NAME)
    file.append(b"onetwo")
    file.cut(3)
    file.append(b"three")
    assert kept.content(NAME) == b"onethree"
    file.close()


def test_a_name_is_given_once(kept: Kept) -> None:
    kept.vault.create(NAME).close()
    with pytest.raises(FileExistsError):
        kept.vault.create(NAME)


def test_many_files_are_synced_together_and_none_is_an_answer_too(kept: Kept) -> None:
    assert kept.vault.sync(()) == {}
    files = [kept.vault.create(Path(f"2025/03/01/{number}.tlr")) for number in range(9)]
    for file in files:
        file.append(b"x")
    assert kept.vault.sync(files) == {}
    for file in files:
        file.close()


def test_a_folder_that_is_gone_costs_its_own_files_only(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path)
    kept, lost = vault.create(Path("2025/03/01/a.tlr")), vault.create(Path("2025/03/02/b.tlr"))
    lost.path.unlink()
    lost.path.parent.rmdir()
    assert list(vault.sync((kept, lost))) == [lost]


def test_the_first_file_of_a_day_has_its_folders_synced_up_to_the_vaults_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = LocalVault(tmp_path)
    first = vault.create(NAME)
    with synced_folders(monkeypatch) as synced:
        assert vault.sync((first,)) == {}
    assert synced >= {tmp_path / name for name in ("2025/03/01", "2025/03", "2025", "")}
    second = vault.create(NAME.with_name("b.tlr"))
    with synced_folders(monkeypatch) as synced:
        assert vault.sync((first, second)) == {}
    assert {folder for folder in synced if folder.is_dir()} == {tmp_path / "2025/03/01"}
    first.close()
    second.close()
