"""Each recording has a key of its own, wrapped; without it, or when it is destroyed, nobody can hear it."""

from pathlib import Path

import pytest

from recordings.chunk import SealBroken
from recordings.errors import KeyMissingError, RecordingsError
from recordings.keyring import WRAPPING_FILE, Keyring

PATH = Path("2025/03/01/20250301-101530-0000000000aa.tlr")


def test_a_key_comes_back_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    seal = Keyring.open(tmp_path, create=True).make(PATH)
    sealed = seal.seal(1, b"sound", b"place")
    again = Keyring.open(tmp_path)
    assert again.seal_of(PATH).unseal(1, sealed, b"place") == b"sound"
    for file in tmp_path.rglob("*.key"):
        assert file.stat().st_mode & 0o077 == 0


def test_two_recordings_have_two_keys_and_none_is_kept_in_clear(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, create=True)
    other = PATH.with_stem("20250301-101530-0000000000bb")
    keyring.make(PATH)
    keyring.make(other)
    assert keyring.key(PATH) != keyring.key(other)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*.key"))
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
    assert (tmp_path / "recordings" / later.with_suffix(".key")).read_text().split()[0] == lines[1].split()[0]


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
