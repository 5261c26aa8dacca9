"""Holds beat everything; what is erased is erased for good, on purpose, and provably."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from recordings.catalogue import RecordingState
from recordings.errors import KeyMissingError, UnknownRecordingError
from recordings.evidence.examination import examine_vault
from recordings.evidence.manifest import canonical
from recordings.life import HeldError, RecordingLife, StillRecordingError
from recordings.recovery import recover
from recordings.saved_recordings import SavedRecordings
from recordings.search import TranscriptSearch
from recordings.transcripts import Speaker, Transcripts, Utterance
from recordings.wav import play_path
from tests.recordings.conftest import STARTED
from tests.recordings.evidence.conftest import NOW, Vault


@pytest.fixture
def life(vault: Vault) -> RecordingLife:
    return RecordingLife(vault.catalogue, vault.files, vault.keeper)


def test_u11_a_held_recording_is_not_erased_until_it_is_released(vault: Vault, life: RecordingLife) -> None:
    recording = vault.entries[0].recording_id
    life.hold(recording, "officer", "case 17", NOW)
    with pytest.raises(HeldError, match="officer: case 17"):
        life.erase(recording, "officer", "asked to", NOW)
    assert life.release(recording)
    assert not life.release(recording)
    assert life.erase(recording, "officer", "asked to", NOW).recording_id == recording


def test_u11_what_is_erased_cannot_be_heard_from_any_copy(
    vault: Vault, life: RecordingLife, tmp_path: Path
) -> None:
    entry = vault.entries[0]
    copy = (vault.folder / entry.path).read_bytes()
    wav = play_path(vault.files, entry)
    said = Utterance(Speaker.CALLER, 0.0, 1.0, "my number is", "vosk")
    Transcripts(vault.catalogue).replace(entry.recording_id, Speaker.CALLER, [said])
    life.erase(entry.recording_id, "officer", "asked to", NOW)
    assert not wav.exists()
    with pytest.raises(UnknownRecordingError):
        vault.catalogue.get(entry.recording_id)
    assert Transcripts(vault.catalogue).of(entry.recording_id) == ()
    (vault.folder / entry.path).write_bytes(copy)
    with pytest.raises(KeyMissingError):
        list(vault.files.sound(entry.path))


def test_an_erasure_has_a_signed_certificate_and_a_line_in_the_log(vault: Vault, life: RecordingLife) -> None:
    erased = life.erase(vault.entries[0].recording_id, "officer", "asked to", NOW)
    held = json.loads(erased.certificate)
    assert held["erasure"]["reason"] == "asked to"
    assert vault.verifier.accepts(canonical(held["erasure"]), held["signature"])
    assert life.erasures() == [erased]
    assert examine_vault(vault.folder, vault.verifier).faults == ()


def test_an_erasure_that_was_broken_off_is_finished_when_asked_again(
    vault: Vault, life: RecordingLife
) -> None:
    entry = vault.entries[0]
    assert vault.files.keyring is not None
    vault.files.keyring.destroy(entry.path)
    life.erase(entry.recording_id, "officer", "asked to", NOW)
    assert not (vault.folder / entry.path).exists()
    assert recover(vault.files, vault.catalogue) == []


def test_what_is_being_recorded_is_not_erased(vault: Vault, life: RecordingLife) -> None:
    vault.catalogue.save([replace(vault.entries[0], state=RecordingState.RECORDING)])
    with pytest.raises(StillRecordingError):
        life.erase(vault.entries[0].recording_id, "officer", "asked to", NOW)


def test_u11_a_dry_run_names_what_is_old_enough_and_not_held(vault: Vault, life: RecordingLife) -> None:
    later = STARTED + timedelta(days=30, seconds=1)
    assert life.due(31, later) == []
    life.hold(vault.entries[1].recording_id, "officer", "case 17", NOW)
    vault.catalogue.save([replace(vault.entries[2], state=RecordingState.RECORDING)])
    assert life.due(30, later) == [vault.entries[0]]


def test_u11_retention_erases_what_is_old_enough_and_not_held(vault: Vault, life: RecordingLife) -> None:
    kept = SavedRecordings(
        vault.archive,
        TranscriptSearch(vault.catalogue.engine),
        life,
        vault.files,
        vault.keeper,
        lambda _: [],
        0,
    )
    later = STARTED + timedelta(days=31)
    assert kept.erase_due(later) == []
    life.hold(vault.entries[1].recording_id, "officer", "case 17", NOW)
    erased = replace(kept, keep_days=30).erase_due(later)
    assert [each.recording_id for each in erased] == [vault.entries[n].recording_id for n in (0, 2)]
    assert replace(kept, keep_days=30).erase_due(later) == []
    assert examine_vault(vault.folder, vault.verifier).faults == ()
