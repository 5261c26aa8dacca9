"""Holds beat everything; what is erased is erased for good, on purpose, and provably."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from contacts.outcomes import ContactOutcome
from recordings.catalogue import RecordingState
from recordings.errors import KeyMissingError, UnknownRecordingError
from recordings.evidence.examination import examine_vault
from recordings.evidence.manifest import canonical
from recordings.life import HeldError, RecordingLife, StillRecordingError
from recordings.recovery import recover
from recordings.retention import Retention, RetentionRule
from recordings.saved_recordings import SavedRecordings
from recordings.search import TranscriptSearch
from recordings.settings import KeepRule, RecordingSettings
from recordings.transcripts import Speaker, Transcripts, Utterance
from recordings.wav import play_path
from server.journal.tables import CONTACT
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
    assert life.due(Retention(31), later) == []
    life.hold(vault.entries[1].recording_id, "officer", "case 17", NOW)
    vault.catalogue.save([replace(vault.entries[2], state=RecordingState.RECORDING)])
    assert [each.entry for each in life.due(Retention(30), later)] == [vault.entries[0]]


def test_what_was_understood_of_the_contact_goes_with_its_recording_but_not_with_a_voicemail(
    vault: Vault,
) -> None:
    forgotten: list[str] = []
    life = RecordingLife(vault.catalogue, vault.files, vault.keeper, forget_words=forgotten.append)
    vault.catalogue.save([replace(vault.entries[0], what="voicemail")])
    for entry in vault.entries[:2]:
        life.erase(entry.recording_id, "officer", "asked to", NOW)
    assert forgotten == [vault.entries[1].contact_id]


def contact(vault: Vault, number: int, queue: str, outcome: str) -> None:
    with vault.catalogue.engine.begin() as connection:
        row = dict.fromkeys((column.name for column in CONTACT.columns), "")
        row |= {"contact_id": f"contact-{number}", "queue": queue, "outcome": outcome}
        connection.execute(insert(CONTACT), row | {"waited_s": 0.0, "duration_s": 0.0, "erased": 0})


def test_recordings_are_kept_by_queue_and_outcome_and_the_first_rule_that_fits_counts(vault: Vault) -> None:
    life = RecordingLife(vault.catalogue, vault.files, vault.keeper, CONTACT)
    contact(vault, 0, "claims", "served")
    contact(vault, 1, "claims", "abandoned")
    # Of the third contact nothing is known: no rule fits it.
    keep = Retention(60, (RetentionRule(None, "abandoned", 7), RetentionRule("claims", None, 0)))

    def due(days: int) -> list[tuple[str, int]]:
        return [(each.entry.contact_id, each.days) for each in life.due(keep, STARTED + timedelta(days=days))]

    assert due(7) == []
    assert due(8) == [("contact-1", 7)]
    assert due(10_000) == [("contact-1", 7), ("contact-2", 60)]
    vault.catalogue.save([replace(vault.entries[1], state=RecordingState.RECORDING)])
    life.hold(vault.entries[2].recording_id, "officer", "case 17", NOW)
    assert due(10_000) == []


def test_rules_of_the_settings_are_what_the_night_goes_by() -> None:
    abandoned = KeepRule(queue="claims", outcome=ContactOutcome.ABANDONED, days=7)
    settings = RecordingSettings(keep_days=60, keep=(abandoned,))
    assert settings.retention == Retention(60, (RetentionRule("claims", "abandoned", 7),))
    assert Retention(0).erases_nothing
    assert not settings.retention.erases_nothing
    assert not replace(settings.retention, days=0).erases_nothing


def saved(vault: Vault, life: RecordingLife, days: int) -> SavedRecordings:
    search = TranscriptSearch(vault.catalogue.engine)
    return SavedRecordings(
        vault.archive, search, life, vault.files, vault.keeper, lambda _: [], Retention(days)
    )


def test_one_that_cannot_be_erased_does_not_keep_the_others(vault: Vault, life: RecordingLife) -> None:
    kept, later = saved(vault, life, 30), STARTED + timedelta(days=31)
    stuck, *others = vault.entries
    file = vault.folder / stuck.path
    file.unlink()
    file.mkdir()
    assert {each.recording_id for each in kept.erase_due(later)} == {each.recording_id for each in others}
    assert kept.erase_due(later) == []
    file.rmdir()
    assert [each.recording_id for each in kept.erase_due(later)] == [stuck.recording_id]


def test_u11_retention_erases_what_is_old_enough_and_not_held(vault: Vault, life: RecordingLife) -> None:
    kept = saved(vault, life, 0)
    later = STARTED + timedelta(days=31)
    assert kept.erase_due(later) == []
    life.hold(vault.entries[1].recording_id, "officer", "case 17", NOW)
    erased = replace(kept, keep=Retention(30)).erase_due(later)
    assert [each.recording_id for each in erased] == [vault.entries[n].recording_id for n in (0, 2)]
    assert replace(kept, keep=Retention(30)).erase_due(later) == []
    assert examine_vault(vault.folder, vault.verifier).faults == ()
