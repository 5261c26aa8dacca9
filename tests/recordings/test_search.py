"""Finding what was said: newest first, at its second, and never confused by what is looked for."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.errors import RecordingsError
from recordings.search import Query, TranscriptSearch
from recordings.segment import RecordingId
from recordings.transcripts import Speaker, SpokenWord, Transcripts, Utterance
from tests.recordings.conftest import STARTED


def said(text: str, at_s: float, speaker: Speaker = Speaker.CALLER) -> Utterance:
    words = tuple(
        SpokenWord(word, at_s + 0.5 * number, at_s + 0.5 * number + 0.4, 0.9)
        for number, word in enumerate(text.split())
    )
    return Utterance(speaker, at_s, at_s + 5.0, text, "vosk", 0.9, words)


@pytest.fixture
def search(catalogue: Catalogue) -> TranscriptSearch:
    transcripts = Transcripts(catalogue)
    for number, (caller, agent, texts) in enumerate(
        (
            ("+4420711", "alice", ["I want a refund please", "thank you"]),
            ("+4420722", "bob", ["no refund for the router", "Café über alles"]),
            ("+4420733", "alice", ["返金をお願いします"]),
        )
    ):
        recording = RecordingId(f"rec-{number}")
        entry = RecordingEntry(
            recording,
            f"contact-{number}",
            RecordingState.COMPLETE,
            Path(f"{recording}.tlr"),
            STARTED + timedelta(days=number),
            caller,
            "100",
            agent=agent,
        )
        catalogue.save([entry])
        said_by_caller = [said(text, 10.0 * (place + 1)) for place, text in enumerate(texts)]
        transcripts.replace(recording, Speaker.CALLER, said_by_caller)
        answer = [said("let me see about the refund", 60.0, Speaker.AGENT)] if number == 0 else []
        transcripts.replace(recording, Speaker.AGENT, answer)
    return TranscriptSearch(catalogue.engine)


def found(search: TranscriptSearch, words: str, **narrower: object) -> list[tuple[str, float]]:
    query = replace(Query(words), **narrower)  # type: ignore[arg-type]
    return [(hit.recording_id, round(hit.at_s, 2)) for hit in search.find(query)]


def test_u10_a_word_is_found_newest_first_with_the_second_at_which_it_is_said(
    search: TranscriptSearch,
) -> None:
    assert found(search, "refund") == [("rec-1", 10.5), ("rec-0", 62.5), ("rec-0", 11.5)]


def test_a_phrase_is_found_in_its_order_only(search: TranscriptSearch) -> None:
    assert found(search, "refund please") == [("rec-0", 11.5)]
    assert found(search, "please refund") == []


def test_case_and_accents_do_not_matter(search: TranscriptSearch) -> None:
    assert found(search, "CAFE uber") == [("rec-1", 20.0)]


def test_each_condition_narrows_it_down(search: TranscriptSearch) -> None:
    assert found(search, "refund", agent="alice", speaker=Speaker.AGENT) == [("rec-0", 62.5)]
    assert found(search, "refund", caller="20722") == [("rec-1", 10.5)]
    assert found(search, "refund", since=STARTED + timedelta(hours=1)) == [("rec-1", 10.5)]
    assert found(search, "refund", until=STARTED + timedelta(hours=1), limit=1) == [("rec-0", 62.5)]
    assert found(search, "refund", caller="%") == []


def test_japanese_is_found_without_spaces_between_words(search: TranscriptSearch) -> None:
    assert found(search, "返金") == [("rec-2", 10.0)]


@pytest.mark.parametrize(
    "words", ['refund" OR "please', "refund*", "NEAR(refund)", "text:refund", "^refund", "-"]
)
def test_what_is_looked_for_is_never_taken_for_syntax(search: TranscriptSearch, words: str) -> None:
    try:
        found(search, words)
    except RecordingsError as error:
        assert "no word" in str(error)


def test_nothing_to_look_for_is_a_mistake(search: TranscriptSearch) -> None:
    with pytest.raises(RecordingsError, match="no word"):
        search.find(Query(" ?! "))


def test_words_that_another_pass_replaced_are_not_found(
    search: TranscriptSearch, catalogue: Catalogue
) -> None:
    Transcripts(catalogue).replace(RecordingId("rec-1"), Speaker.CALLER, [said("a better transcript", 1.0)])
    assert found(search, "router") == []
    assert found(search, "better transcript") == [("rec-1", 1.5)]


def test_word_times_come_back(search: TranscriptSearch, catalogue: Catalogue) -> None:
    item = Transcripts(catalogue).of(RecordingId("rec-2"))[0]
    assert isinstance(item, Utterance)
    assert item.words == (SpokenWord("返金をお願いします", 10.0, 10.4, 0.9),)
