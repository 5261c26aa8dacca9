"""Each recording has a key of its own, wrapped; without it, or when it is destroyed, nobody can hear it."""

import errno
import os
from pathlib import Path

import pytest

from recordings.chunk import SealBroken
from recordings.errors import KeyMissingError, RecordingsError
from recordings.keyring import WRAPPING_FILE, Keyring
from tests.recordings.disk import synced_folders

PATH = Path("2025/03/01/20250301-101530-0000000000aa.tlr")


def test_a_key_comes_back_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    seal = Keyring.open(tmp_path, create=True).make(PATH)
    sealed = seal.seal(1, b"sound", b"place")
    again = Keyring.open(tmp_path)
    assert again.seal_of(PATH).unseal(1, sealed, b"place") == b"sound"
    files = list(tmp_path.rglob("*.key*"))
    assert len(files) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_two_recordings_have_two_keys_and_none_is_kept_in_clear(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    other = PATH.with_stem("20250301-101530-0000000000bb")
    keyring.make(PATH)
    keyring.make(other)
    assert keyring.key(PATH) != keyring.key(other)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*.key*"))
    assert keyring.key(PATH) not in written


def test_a_seal_is_bound_to_its_place_and_number(tmp_path: Path) -> None:
    seal = Keyring.open(tmp_path, create=True).make(PATH)
    sealed = seal.seal(1, b"sound", b"place")
    for number, octets, place in (
        (2, sealed, b"place"),
        (1, sealed, b"elsewhere"),
        (1, sealed[:-1], b"place"),
    ):
        with pytest.raises(SealBroken):
            seal.unseal(number, octets, place)


def test_a_destroyed_key_is_gone(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    assert keyring.destroy(PATH)
    assert not keyring.has(PATH)
    with pytest.raises(KeyMissingError):
        keyring.key(PATH)
    assert not keyring.destroy(PATH)


def test_a_destroyed_key_is_nowhere_on_the_disk_and_the_others_of_its_day_open(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    other = PATH.with_stem("20250301-101530-0000000000bb")
    seals = {path: keyring.make(path) for path in (PATH, other)}
    file = tmp_path / "recordings/2025/03/01.keys"
    wrapped = file.read_text().splitlines()[0].split()[2]
    keyring.destroy(PATH)
    assert wrapped.encode() not in b"".join(
        each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()
    )
    sealed = seals[other].seal(1, b"sound", b"")
    assert Keyring.open(tmp_path).seal_of(other).unseal(1, sealed, b"") == b"sound"


def test_a_key_in_a_file_of_its_own_as_earlier_versions_kept_it_opens_and_is_destroyed(
    tmp_path: Path,
) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    key = keyring.key(PATH)
    day = tmp_path / "recordings/2025/03/01.keys"
    own = (tmp_path / "recordings" / PATH).with_suffix(".key")
    own.parent.mkdir(parents=True)
    own.write_text(day.read_text().partition(" ")[2])
    day.unlink()
    again = Keyring.open(tmp_path)
    assert again.key(PATH) == key
    assert again.destroy(PATH)
    assert not own.exists()
    assert not again.has(PATH)


def fail_to_sync(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr("recordings.lines.os.fdatasync", refuse)
        with pytest.raises(OSError, match="Input/output"):
            keyring.sync()


def test_a_key_whose_sync_failed_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    keyring.sync()
    file = tmp_path / "recordings/2025/03/01.keys"
    durable = file.read_bytes()
    later = PATH.with_stem("20250301-101530-0000000000bb")
    keyring.make(later)

    fail_to_sync(keyring, monkeypatch)
    # The disk may have kept nothing of what was not durable.
    file.write_bytes(durable + bytes(len(file.read_bytes()) - len(durable)))
    keyring.sync()
    assert Keyring.open(tmp_path).key(later)
    assert Keyring.open(tmp_path).key(PATH)


def test_a_key_that_was_destroyed_after_a_failed_sync_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    other = PATH.with_stem("20250301-101530-0000000000bb")
    keyring.make(other)
    fail_to_sync(keyring, monkeypatch)
    assert keyring.destroy(PATH)
    keyring.sync()
    assert not Keyring.open(tmp_path).has(PATH)
    assert Keyring.open(tmp_path).key(other)


def test_the_name_of_a_new_days_file_is_durable_up_to_the_folder_of_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    with synced_folders(monkeypatch) as synced:
        keyring.sync()
    names = ("recordings/2025/03", "recordings/2025", "recordings", "")
    assert synced >= {tmp_path / name for name in names}


def test_a_line_that_a_crash_tore_off_costs_no_other_key(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    file = tmp_path / "recordings/2025/03/01.keys"
    with file.open("ab") as torn:
        torn.write(b"20250301-101530-0000000000bb 3f")
    again = Keyring.open(tmp_path)
    later = PATH.with_stem("20250301-101530-0000000000cc")
    again.make(later)
    assert again.key(PATH) != again.key(later)
    assert not again.has(PATH.with_stem("20250301-101530-0000000000bb"))


def test_after_a_rotation_old_recordings_are_still_heard_and_new_ones_use_the_new_key(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    before = keyring.key(PATH)
    keyring.rotate()
    later = PATH.with_stem("20250302-000000-0000000000bb")
    keyring.make(later)
    again = Keyring.open(tmp_path)
    assert again.key(PATH) == before
    lines = (tmp_path / WRAPPING_FILE).read_text().splitlines()
    kept = (tmp_path / "recordings/2025/03/01.keys").read_text().splitlines()
    assert [line.split()[:2] for line in kept] == [
        [PATH.stem, lines[0].split()[0]],
        [later.stem, lines[1].split()[0]],
    ]


def test_another_key_encryption_key_opens_nothing_and_says_so(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    keyring.make(PATH)
    (tmp_path / WRAPPING_FILE).unlink()
    with pytest.raises(KeyMissingError, match="wrapped by key"):
        Keyring.open(tmp_path, create=True).key(PATH)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"id AAAA\n"])
def test_a_key_file_that_holds_something_else_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / WRAPPING_FILE).write_bytes(content)
    with pytest.raises(RecordingsError):
        Keyring.open(tmp_path)


def test_no_key_here_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(KeyMissingError):
        Keyring.open(tmp_path)
