"""An exported recording is verified anywhere with nothing but the file and the public key."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from recordings.case import NO_PUBLIC_KEY, verify_case, write_case
from recordings.errors import RecordingsError
from recordings.evidence.log import parse_head
from recordings.evidence.signing import Signer
from recordings.transcripts import Speaker, Utterance
from recordings.wav import read_wav
from tests.recordings.evidence.conftest import Vault

SAID = (Utterance(Speaker.CALLER, 0.5, 1.0, "a refund please", "vosk", 0.9),)


@pytest.fixture
def case(vault: Vault, tmp_path: Path) -> Path:
    file = tmp_path / "case.zip"
    with file.open("wb") as target:
        timeline = [{"at": "2026-01-01", "text": "the phone rings"}]
        write_case(target, vault.entries[1], vault.files, SAID, timeline, Signer.open(vault.keys))
    return file


def parts(case: Path) -> dict[str, bytes]:
    with ZipFile(case) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def rewritten(case: Path, **changes: bytes | None) -> Path:
    held: dict[str, bytes | None] = {**parts(case), **{n.replace("__", "."): v for n, v in changes.items()}}
    file = case.with_name("rewritten.zip")
    with ZipFile(file, "w", ZIP_STORED) as made:
        for name, content in held.items():
            if content is not None:
                made.writestr(name, content)
    return file


def test_u11_a_case_holds_sound_words_timeline_and_proof_and_verifies(vault: Vault, case: Path) -> None:
    verdict = verify_case(case, vault.verifier)
    assert (verdict.recording, verdict.faults, verdict.caveats) == (vault.entries[1].recording_id, (), ())
    held = parts(case)
    (case.parent / "out.wav").write_bytes(held["recording.wav"])
    assert read_wav(case.parent / "out.wav").duration_s == 3.0
    assert b"a refund please" in held["transcript.txt"]
    assert json.loads(held["timeline.json"])[0]["text"] == "the phone rings"


def test_without_the_public_key_it_says_what_it_cannot_exclude(case: Path) -> None:
    assert verify_case(case).caveats == (NO_PUBLIC_KEY,)


@pytest.mark.parametrize(
    "name",
    [
        "recording.wav",
        "transcript.txt",
        "transcript.json",
        "timeline.json",
        "original.tlr",
        "original.key",
        "manifest.json",
        "proof.json",
        "signing.pub",
    ],
)
def test_every_part_that_is_changed_or_missing_is_named(vault: Vault, case: Path, name: str) -> None:
    content = bytearray(parts(case)[name])
    content[len(content) // 2] ^= 1
    key = name.replace(".", "__")
    if name != "signing.pub":
        assert any(
            name in fault
            for fault in verify_case(rewritten(case, **{key: bytes(content)}), vault.verifier).faults
        )
        gone = verify_case(rewritten(case, **{key: None}), vault.verifier)
        assert f"{name} is missing" in gone.faults
    else:
        with pytest.raises(RecordingsError):
            verify_case(rewritten(case, **{key: None}), vault.verifier)


def test_something_added_is_named(vault: Vault, case: Path) -> None:
    assert "extra.txt was added" in verify_case(rewritten(case, extra__txt=b"x"), vault.verifier).faults


def test_a_case_signed_by_somebody_else_is_refused(vault: Vault, case: Path, tmp_path: Path) -> None:
    forger = Signer.open(tmp_path / "forger")
    forged = parts(case)["case.json"]
    file = rewritten(case, case__sig=forger.sign(forged).encode(), signing__pub=forger.verifier.text.encode())
    assert "case.json was not signed with the server's key" in verify_case(file, vault.verifier).faults


def test_sound_that_is_not_the_originals_is_found_even_when_it_is_signed(vault: Vault, case: Path) -> None:
    other = case.with_name("other.zip")
    with other.open("wb") as target:
        write_case(target, vault.entries[2], vault.files, SAID, [], Signer.open(vault.keys))
    held = parts(case)
    told = json.loads(held["case.json"])
    told["sha256"] |= {
        name: json.loads(parts(other)["case.json"])["sha256"][name]
        for name in ("original.tlr", "original.key")
    }
    octets = json.dumps(told).encode()
    file = rewritten(
        case,
        case__json=octets,
        case__sig=Signer.open(vault.keys).sign(octets).encode(),
        original__tlr=parts(other)["original.tlr"],
        original__key=parts(other)["original.key"],
    )
    assert (
        "original.tlr is not the file that was signed when the recording ended"
        in verify_case(file, vault.verifier).faults
    )


def test_another_log_than_the_head_that_was_kept_is_found(vault: Vault, case: Path) -> None:
    head = parse_head((vault.folder / "evidence/heads.jsonl").read_bytes().splitlines()[-1])
    assert head is not None
    assert verify_case(case, vault.verifier, head).faults == ()


@pytest.mark.parametrize("octets", [b"", b"nonsense", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_case_is_one_clear_error(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(octets)
    with pytest.raises(RecordingsError, match="no exported recording"):
        verify_case(tmp_path / "x.zip")
