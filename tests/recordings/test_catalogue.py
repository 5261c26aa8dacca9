"""The catalogue finds recordings by what a compliance officer knows of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.errors import CatalogueError, UnknownRecordingError
from recordings.instants import from_utc_text, to_utc_text
from recordings.segment import RecordingId
from recordings.transcripts import (
    Speaker,
    TranscriptItem,
    Transcripts,
    Untranscribed,
    Utterance,
    render_transcript,
)

NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def entry(number: int, **changes: object) -> RecordingEntry:
    made = RecordingEntry(
        RecordingId(f"rec-{number}"),
        f"contact-{number}",
        RecordingState.COMPLETE,
        Path(f"2025/03/01/rec-{number}.tlr"),
        NOON + timedelta(seconds=number),
        "+4420",
        "100",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    catalogue.save(
        [
            entry(1),
            entry(2, state=RecordingState.INTERRUPTED, ended_at=NOON, failure="torn"),
            entry(3, contact_id="contact-1", agent="alice", duration_s=1.5, gap_s=0.02, size_bytes=7),
        ]
    )
    return catalogue


def ids(entries: list[RecordingEntry]) -> list[str]:
    return [entry.recording_id for entry in entries]


def test_every_field_comes_back(filled: Catalogue) -> None:
    assert filled.get("rec-2") == entry(2, state=RecordingState.INTERRUPTED, ended_at=NOON, failure="torn")
    assert filled.get("rec-3").agent == "alice"


def test_list_is_newest_first_and_filtered_by_each_argument(filled: Catalogue) -> None:
    assert ids(filled.list()) == ["rec-3", "rec-2", "rec-1"]
    assert ids(filled.list(contact_id="contact-1")) == ["rec-3", "rec-1"]
    assert ids(filled.list(state=RecordingState.INTERRUPTED)) == ["rec-2"]
    assert ids(filled.list(since=NOON + timedelta(seconds=2))) == ["rec-3", "rec-2"]
    assert ids(filled.list(contact_id="contact-1", limit=1)) == ["rec-3"]
    assert filled.list(contact_id="nobody") == []


def test_since_means_the_instant_whatever_its_time_zone(filled: Catalogue) -> None:
    tokyo = timezone(timedelta(hours=9))
    assert ids(filled.list(since=(NOON + timedelta(seconds=3)).astimezone(tokyo))) == ["rec-3"]


def test_unknown_recording_is_named(filled: Catalogue) -> None:
    with pytest.raises(UnknownRecordingError, match="rec-99"):
        filled.get("rec-99")


def test_saving_again_replaces_the_row(filled: Catalogue) -> None:
    filled.save([entry(1, state=RecordingState.FAILED, failure="No space left on device")])
    assert filled.get("rec-1").failure == "No space left on device"
    assert len(filled.list()) == 3


def test_instants_sort_as_text_and_need_a_time_zone() -> None:
    assert to_utc_text(NOON) == "2025-03-01T12:00:00.000000Z"
    assert to_utc_text(NOON) < to_utc_text(NOON + timedelta(microseconds=1))
    assert from_utc_text(to_utc_text(NOON)) == NOON
    with pytest.raises(ValueError, match="time zone"):
        to_utc_text(datetime(2025, 3, 1))


def test_transcript_is_kept_by_speaker_and_read_in_time_order(filled: Catalogue) -> None:
    transcripts = Transcripts(filled)
    caller = [
        Utterance(Speaker.CALLER, 5.04, 6.0, "my invoice is wrong", "pocketsphinx", 0.8),
        Utterance(Speaker.CALLER, 0.5, 1.0, "hello", "pocketsphinx"),
    ]
    agent: list[TranscriptItem] = [
        Utterance(Speaker.AGENT, 2.0, 3.0, "how can I help", "pocketsphinx"),
        Untranscribed(Speaker.AGENT, 65.0, 67.5, "pocketsphinx", "worker died"),
    ]
    transcripts.replace(RecordingId("rec-1"), Speaker.CALLER, caller)
    transcripts.replace(RecordingId("rec-1"), Speaker.AGENT, agent)
    kept = transcripts.of(RecordingId("rec-1"))
    assert kept == (caller[1], agent[0], caller[0], agent[1])
    assert render_transcript(kept) == (
        "00:00.5  caller  hello\n"
        "00:02.0  agent   how can I help\n"
        "00:05.0  caller  my invoice is wrong\n"
        "01:05.0  agent   [not transcribed, 2.5 s: worker died]\n"
    )
    assert transcripts.of(RecordingId("rec-2")) == ()


def test_another_pass_replaces_one_speaker_only(filled: Catalogue) -> None:
    transcripts = Transcripts(filled)
    recording = RecordingId("rec-1")
    heard = Utterance(Speaker.CALLER, 0.0, 1.0, "hello", "small")
    transcripts.replace(recording, Speaker.CALLER, [heard])
    gap = Untranscribed(Speaker.AGENT, 1.0, 2.0, "small", "overloaded")
    transcripts.replace(recording, Speaker.AGENT, [gap])
    better = Utterance(Speaker.AGENT, 1.0, 2.0, "good morning", "large", 0.9)
    transcripts.replace(recording, Speaker.AGENT, [better])
    assert transcripts.of(recording) == (heard, better)


def test_transcript_of_an_unknown_recording_is_refused(filled: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="FOREIGN KEY"):
        said = Utterance(Speaker.CALLER, 0, 1, "x", "e")
        Transcripts(filled).replace(RecordingId("nobody"), Speaker.CALLER, [said])
