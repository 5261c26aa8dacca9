"""Nothing can be added, dropped, swapped or changed without its being named; what is whole is not accused."""

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recordings.evidence.examination import NO_KEPT_HEAD, examine_vault
from recordings.evidence.keeper import EvidenceKeeper
from recordings.evidence.log import TreeHead, parse_head
from recordings.evidence.manifest import SignedManifest, manifest_of, parse_signed, signed
from recordings.evidence.manifest_files import DAY_FILE, OWN_SUFFIX, find_manifest
from recordings.evidence.signing import Signer
from recordings.recorder import Recorder
from recordings.settings import RecordingSettings
from tests.patience import until
from tests.recordings.conftest import STARTED, Studio
from tests.recordings.evidence.conftest import NOW, Vault
from tests.recordings.fakes import FakeSource


def newest_head(vault: Vault) -> TreeHead:
    head = parse_head((vault.folder / "evidence/heads.jsonl").read_bytes().splitlines()[-1])
    assert head is not None
    return head


def recording_faults(vault: Vault) -> list[str]:
    archive = vault.archive
    return [str(fault) for each in archive.newest() for fault in archive.verify(each.entry).faults]


def test_an_untouched_vault_has_no_faults(vault: Vault) -> None:
    assert recording_faults(vault) == []
    verdict = examine_vault(vault.folder, vault.verifier, newest_head(vault))
    assert (verdict.recordings, verdict.lines, verdict.faults, verdict.caveats) == (3, 3, (), ())


def test_verifying_all_recordings_reads_the_log_once_and_again_when_it_was_touched(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_file, reads = vault.folder / "evidence/log.jsonl", []
    read_bytes = Path.read_bytes

    def counted(path: Path) -> bytes:
        reads.append(path)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    archive = vault.archive
    assert all(archive.verify(entry).is_intact for entry in vault.entries)
    assert reads.count(log_file) == 1
    log_file.write_bytes(read_bytes(log_file).splitlines(keepends=True)[0])
    assert [archive.verify(entry).is_intact for entry in vault.entries] == [True, False, False]
    assert reads.count(log_file) == 2


def test_without_a_head_kept_elsewhere_it_says_what_it_cannot_exclude(vault: Vault) -> None:
    assert examine_vault(vault.folder, vault.verifier).caveats == (NO_KEPT_HEAD,)


def test_no_number_stands_in_manifest_or_log(vault: Vault) -> None:
    written = [p.read_bytes() for p in vault.folder.rglob("*.json*")]
    assert len(written) == 3
    assert not any(b"2071838750" in octets for octets in written)


def flip_a_bit(vault: Vault, chance: random.Random) -> None:
    file = vault.folder / chance.choice(vault.entries).path
    octets = bytearray(file.read_bytes())
    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    file.write_bytes(octets)


def truncate(vault: Vault, chance: random.Random) -> None:
    file = vault.folder / chance.choice(vault.entries).path
    file.write_bytes(file.read_bytes()[: chance.randrange(file.stat().st_size)])


def remove_the_file(vault: Vault, chance: random.Random) -> None:
    (vault.folder / chance.choice(vault.entries).path).unlink()


def swap_two_files(vault: Vault, chance: random.Random) -> None:
    one, other = (vault.folder / entry.path for entry in chance.sample(vault.entries, 2))
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)


def edit_the_catalogue(vault: Vault, chance: random.Random) -> None:
    changes = ({"contact_id": "other"}, {"duration_s": 2.0}, {"started_at": NOW}, {"gap_s": 1.0})
    entry = replace(chance.choice(vault.entries), **chance.choice(changes))
    vault.catalogue.save([entry])


def change_manifest(vault: Vault, path: Path, change: Callable[[SignedManifest], bytes]) -> None:
    """What lies there for that recording becomes what `change` says, a line's end included."""
    file = (vault.folder / path).with_name(DAY_FILE)
    lines = file.read_bytes().splitlines(keepends=True)
    held = [parse_signed(line) for line in lines]
    file.write_bytes(
        b"".join(
            change(each) if each.manifest.recording == path.stem else line
            for each, line in zip(held, lines, strict=True)
        )
    )


def edit_the_manifest(vault: Vault, chance: random.Random) -> None:
    path = chance.choice(vault.entries).path
    change_manifest(
        vault, path, lambda held: replace(held, manifest=replace(held.manifest, duration_s=2.0)).octets()
    )


def garble_the_manifest(vault: Vault, chance: random.Random) -> None:
    path = chance.choice(vault.entries).path
    change_manifest(vault, path, lambda held: held.octets()[1:])


def remove_the_manifest(vault: Vault, chance: random.Random) -> None:
    change_manifest(vault, chance.choice(vault.entries).path, lambda _: b"")


def sign_another_manifest(vault: Vault, chance: random.Random) -> None:
    entry = chance.choice(vault.entries)
    forger = Signer.open(vault.folder.parent / "forger")
    forged = signed(manifest_of(entry, "00" * 32, ""), forger)
    change_manifest(vault, entry.path, lambda _: forged.octets())


def edit_the_log(vault: Vault, chance: random.Random) -> None:
    file = vault.folder / "evidence/log.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    at = chance.randrange(len(lines))
    lines[at] = lines[at].replace(b"recorded", b"erased")
    file.write_bytes(b"".join(lines))


def remove_a_line(vault: Vault, chance: random.Random) -> None:
    file = vault.folder / "evidence/log.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    file.write_bytes(b"".join(lines))


def roll_the_log_back(vault: Vault, chance: random.Random) -> None:
    for name in ("log.jsonl", "heads.jsonl"):
        file = vault.folder / "evidence" / name
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[:2]))


def remove_the_log(vault: Vault, chance: random.Random) -> None:
    shutil.rmtree(vault.folder / "evidence")


SEEDS = int(os.environ.get("TRUNKLINE_TEST_TAMPERS", "3"))
"""`make test-tamper` tries far more."""

Change = Callable[[Vault, random.Random], None]
CHANGES: tuple[Change, ...] = (
    flip_a_bit,
    truncate,
    remove_the_file,
    swap_two_files,
    edit_the_catalogue,
    edit_the_manifest,
    garble_the_manifest,
    remove_the_manifest,
    sign_another_manifest,
    edit_the_log,
    remove_a_line,
    roll_the_log_back,
    remove_the_log,
)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_found(
    vault: Vault, change: Callable[[Vault, random.Random], None], seed: int
) -> None:
    kept = newest_head(vault)
    change(vault, random.Random(seed))
    found = recording_faults(vault)
    found += examine_vault(vault.folder, vault.verifier, kept).faults
    assert found


def test_a_log_rolled_back_with_its_recordings_is_found_by_a_head_kept_elsewhere(vault: Vault) -> None:
    kept = newest_head(vault)
    roll_the_log_back(vault, random.Random(0))
    gone = vault.entries[2]
    (vault.folder / gone.path).unlink()
    change_manifest(vault, gone.path, lambda _: b"")
    assert examine_vault(vault.folder, vault.verifier).faults == ()
    assert "lines were removed" in examine_vault(vault.folder, vault.verifier, kept).faults[0]


def test_an_erasure_is_no_fault_and_a_recording_that_came_back_is_one(vault: Vault) -> None:
    entry = vault.entries[0]
    held = (vault.folder / entry.path).read_bytes()
    vault.keeper.erased(entry.recording_id, b"certificate", NOW)
    (vault.folder / entry.path).unlink()
    assert examine_vault(vault.folder, vault.verifier, newest_head(vault)).faults == ()
    (vault.folder / entry.path).write_bytes(held)
    assert "erased" in examine_vault(vault.folder, vault.verifier).faults[0]


def test_a_line_that_a_crash_tore_off_is_cut_away_at_the_next_start(vault: Vault) -> None:
    with (vault.folder / "evidence/log.jsonl").open("ab") as file:
        file.write(b'{"at":"2026')
    again = Vault(
        vault.folder, vault.keys, vault.catalogue, EvidenceKeeper(vault.folder, Signer.open(vault.keys)), []
    )
    again.record(5)
    assert again.keeper.problem == ""
    assert examine_vault(vault.folder, vault.verifier, newest_head(vault)).faults == ()


def test_a_log_that_was_changed_is_told_at_the_next_start(vault: Vault) -> None:
    edit_the_log(vault, random.Random(1))
    keeper = EvidenceKeeper(vault.folder, Signer.open(vault.keys))
    keeper.keep([(vault.entries[0], None)], NOW)
    assert keeper.problem == "the log is not what its newest head says"


async def test_a_log_that_was_changed_is_told_by_health(settings: RecordingSettings, vault: Vault) -> None:
    edit_the_log(vault, random.Random(1))
    recorder = Recorder(replace_directory(settings, vault), vault.catalogue)
    await recorder.start()
    await recorder.finish(recorder.begin("c", FakeSource(), started_at=STARTED, caller="a", called="b"))
    health = recorder.health()
    await recorder.stop()
    assert "evidence: the log is not what its newest head says" in health.problems[0]


async def test_a_manifest_that_the_disk_refused_is_written_when_it_is_back(
    settings: RecordingSettings, vault: Vault
) -> None:
    held = vault.folder / "evidence"
    held.rename(vault.folder / "away")
    held.write_text("in the way")
    recorder = Recorder(replace_directory(settings, vault), vault.catalogue)
    await recorder.start()
    await recorder.finish(recorder.begin("c", FakeSource(), started_at=STARTED, caller="a", called="b"))
    assert recorder.health().unsigned == 1
    held.unlink()
    (vault.folder / "away").rename(held)
    await until(lambda: recorder.health().unsigned == 0)
    await recorder.stop()
    assert examine_vault(vault.folder, vault.verifier).faults == ()
    assert examine_vault(vault.folder, vault.verifier).recordings == 4


async def test_a_finished_recording_has_a_manifest_that_verifies(studio: Studio, tmp_path: Path) -> None:
    source = FakeSource()
    recording = studio.begin(source)
    source.push(50)
    source.end()
    entry = await studio.recorder.finish(recording)
    verifier = Signer.open(tmp_path / "keys").verifier
    verdict = examine_vault(studio.directory, verifier)
    assert (verdict.recordings, verdict.faults) == (1, ())
    assert find_manifest(studio.directory / entry.path) is not None


def test_manifests_in_files_of_their_own_as_earlier_versions_kept_them_still_prove(vault: Vault) -> None:
    for entry in vault.entries:
        file = vault.folder / entry.path
        held = find_manifest(file)
        assert held is not None
        file.with_name(file.stem + OWN_SUFFIX).write_bytes(held + b"\n")
    (vault.folder / "2025/03/01" / DAY_FILE).unlink()
    assert recording_faults(vault) == []
    assert examine_vault(vault.folder, vault.verifier, newest_head(vault)).faults == ()
    own = (vault.folder / vault.entries[0].path).with_name(vault.entries[0].path.stem + OWN_SUFFIX)
    own.write_bytes(own.read_bytes().replace(b'"duration_s":3.0', b'"duration_s":2.0'))
    assert recording_faults(vault)


async def test_a_recovered_recording_has_a_manifest_too(
    tmp_path: Path, settings: RecordingSettings, vault: Vault
) -> None:
    recorder = Recorder(replace_directory(settings, vault), vault.catalogue)
    await recorder.start()
    recording = recorder.begin("c", FakeSource(), started_at=STARTED, caller="a", called="b")
    await recorder.finish(recording)
    await recorder.stop()
    change_manifest(vault, Path(f"2025/03/01/{recording}.tlr"), lambda _: b"")
    with vault.catalogue.engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM recording WHERE recording_id = '{recording}'")
    again = Recorder(replace_directory(settings, vault), vault.catalogue)
    await again.start()
    (entry,) = await again.recover()
    await again.stop()
    assert entry.recording_id == recording
    assert examine_vault(vault.folder, vault.verifier, newest_head(vault)).faults == ()


def replace_directory(settings: RecordingSettings, vault: Vault) -> RecordingSettings:
    return settings.model_copy(update={"directory": vault.folder, "key_directory": vault.keys})
